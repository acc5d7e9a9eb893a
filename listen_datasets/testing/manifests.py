"""Manifests made in memory, and what a stage sees of a dataset that has one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from listen_datasets import tables
from listen_datasets.executors import Executor
from listen_datasets.executors.serial import Serial
from listen_datasets.ledger import Entry
from listen_datasets.progress import Silent
from listen_datasets.recipe import About, Recipe, Source
from listen_datasets.stage import Workspace
from listen_datasets.storage import Disk

SOURCE = "main"
FOLDER = "audio"

RECIPE = Recipe(dataset=About(name="made"), source=(Source(name=SOURCE, path=FOLDER),))
"""A dataset with one source, in a folder of its own."""


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


def row(path: str, data: bytes | None = None, **columns: Any) -> dict[str, Any]:  # noqa: ANN401 - any cell
    """Return a row of the manifest: a second of mono sound that is like no other, unless `columns` say otherwise.

    Args:
        path: Of the recording, below its source.
        data: Its bytes; those of its path if left out.
        columns: Any columns of ``lds`` or of the user.
    """
    content = path.encode() if data is None else data
    name = hashlib.sha256(f"{columns.get('source', SOURCE)}/{path}".encode()).hexdigest()[:20]
    facts: dict[str, Any] = {
        "clip_id": name,
        "recording_id": columns.get("clip_id", name),
        "source": SOURCE,
        "path": path,
        "sha256": hashlib.sha256(content).hexdigest(),
        "pcm_md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "decoder": "none",
        "metadata_file": "metadata.csv",
        "metadata_line": 2,
        "start": 0.0,
        "duration": 1.0,
        "container": "wav",
        "codec": "pcm_s16",
        "sample_rate": 16_000,
        "num_channels": 1,
        "num_samples": 16_000,
        "recording_num_samples": 16_000,
        "bits_per_sample": 16,
        "bytes": len(content),
        "peak_dbfs": -6.0,
    }
    return facts | columns


def span(recording: Mapping[str, Any], first: int, count: int, **columns: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the row of a clip that is a part of a recording, with samples that are like no others.

    Args:
        recording: Row of the whole recording.
        first: First sample of the clip.
        count: Samples per channel.
        columns: Any columns of ``lds`` or of the user.
    """
    name = f"{recording['recording_id']}_{first}_{count}"
    rate = recording["sample_rate"]
    facts = {
        "clip_id": name,
        "start": first / rate,
        "duration": count / rate,
        "num_samples": count,
        "pcm_md5": hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(),
    }
    return {**recording, **facts, **columns}


def manifest(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return a manifest of rows as :func:`row` makes them: all columns of ``ingest``, and any others that a row has."""
    cells = [dict(row) for row in rows]
    table = tables.table_of(cells, "ingest")
    measured = frozenset(table.column_names)
    for name in dict.fromkeys(name for cell in cells for name in cell if name not in measured):
        values = [cell.get(name) for cell in cells]
        if name in tables.owned_columns():
            table = tables.with_columns(table, {name: values})
        else:
            table = table.append_column(name, pa.array(values))
    return table


def workspace(
    root: Path,
    manifest: pa.Table,
    recipe: Recipe = RECIPE,
    *,
    executor: Executor | None = None,
    history: Mapping[str, Entry] | None = None,
) -> Workspace:
    """Return what a stage sees; it writes below ``root/.lds/stage/test``."""
    return Workspace(
        root=root,
        staging=root / ".lds" / "stage" / "test",
        recipe=recipe,
        manifest=manifest,
        rejected=tables.rejected_table([]),
        history=history or {},
        executor=executor or Serial(),
        progress=Silent(),
        disk=Disk(root),
    )


def clips(**columns: Sequence[Any] | pa.Array) -> pa.Table:
    """Return a manifest as `validate` sees it, of clips of which nothing is wrong but what is said.

    Args:
        columns: Values by column, one a clip. Columns of ``lds`` that are left out hold what a good clip has; all others are
            the user's.
    """
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
