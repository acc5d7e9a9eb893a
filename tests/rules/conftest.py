"""A manifest of good clips, in which a test changes what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest

from listen_datasets import tables

_GOOD: Mapping[str, Any] = {
    "source": "s",
    "pcm_md5": "0" * 32,
    "decoder": "test",
    "metadata_file": "metadata.csv",
    "start": 0.0,
    "duration": 2.0,
    "container": "wav",
    "codec": "pcm_s16",
    "sample_rate": 16000,
    "num_channels": 1,
    "num_samples": 32000,
    "bits_per_sample": 16,
    "bytes": 64044,
    "peak_dbfs": -6.0,
    "rms_dbfs": -20.0,
    "loudness_lufs": -23.0,
    "clipped_fraction": 0.0,
    "silent_fraction": 0.1,
    "leading_silence": 0.1,
    "trailing_silence": 0.1,
    "dc_offset": 0.0,
    "bandwidth_hz": 7000.0,
    "channel_correlation": None,
    "snr_db": 40.0,
    "noise_floor_dbfs": -60.0,
    "channel_peak_dbfs": [-6.0],
    "channel_rms_dbfs": [-20.0],
    "channel_dc_offset": [0.0],
    "longest_clipped_run": 0,
    "clipping_ceiling_dbfs": None,
    "digital_silence_fraction": 0.0,
    "num_dropouts": 0,
    "longest_dropout": None,
    "cutoff_hz": None,
    "num_distinct_channels": 1,
    "num_dead_channels": 0,
}


@pytest.fixture
def clips() -> Callable[..., pa.Table]:
    """Return a function that makes a manifest: one column an argument, one value a clip.

    Columns of ``lds`` that are left out hold what a good clip has; all others are the user's.
    """

    def make(**columns: Sequence[Any] | pa.Array) -> pa.Table:
        number = len(next(iter(columns.values()), [0]))
        rows = [
            {**_GOOD, "clip_id": f"{row:020x}", "recording_id": f"{row:020x}", "sha256": f"{row:064x}",
             "path": f"{row}.wav", "metadata_line": row + 2}
            for row in range(number)
        ]  # fmt: skip
        owned = {name: values for name, values in columns.items() if name in tables.owned_columns()}
        changed = [{**row, **{name: values[i] for name, values in owned.items()}} for i, row in enumerate(rows)]
        table = tables.table_of(changed, "ingest")
        for name, values in columns.items():
            if name not in owned:
                table = table.append_column(name, values if isinstance(values, pa.Array) else pa.array(values))
        return table

    return make
