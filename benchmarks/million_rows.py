"""A table about recordings that do not exist: fifteen fields, a schema for them, one row in a hundred broken.

    python benchmarks/million_rows.py FOLDER ROWS

Writes ``metadata.csv``, ``metadata.parquet``, ``metadata.schema.json`` and ``dataset``, a dataset whose manifest is what
ingest would have made of the table and of ROWS clean recordings. Every run writes the same rows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from listen_datasets import recipe, tables
from listen_datasets.dataset import Dataset
from listen_datasets.stage import Outcome, Stage

BROKEN_EVERY = 100

_ENUMS = {
    "label": [f"{sound}-{kind}" for sound in ("rain", "wind", "dog", "siren", "door", "engine") for kind in "abcde"],
    "language": ["de", "en", "es", "fr", "it", "ja", "pt", "zh"],
    "license": ["CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0"],
    "device": ["phone", "recorder", "headset", "array", "unknown"],
    "environment": ["studio", "office", "street", "forest", "home", "car"],
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["file_name", *_ENUMS, "speaker", "session", "recorded_on"],
    "additionalProperties": False,
    "properties": {
        "file_name": {"type": "string", "pattern": "^[a-z0-9/]+\\.wav$"},
        **{name: {"enum": values} for name, values in _ENUMS.items()},
        "speaker": {"type": "string", "pattern": "^spk-[0-9]{5}$"},
        "session": {"type": "string", "pattern": "^[0-9]{4}-[a-z]{2}$"},
        "checksum": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "recorded_on": {"type": "string", "format": "date"},
        "published_at": {"type": "string", "format": "date-time"},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "distance": {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
        "is_native": {"type": "boolean"},
        "transcript": {"type": "string", "minLength": 1, "maxLength": 500},
    },
}
_BROKEN: list[tuple[str, Any]] = [
    ("label", "rian-a"), ("language", "DE"), ("license", "CC BY 4.0"), ("device", "fone"), ("speaker", "speaker 7"),
    ("session", "0007"), ("recorded_on", "2023-02-29"), ("published_at", "2024-01-01 10:00"), ("age", 150), ("distance", -1.0),
]  # fmt: skip
_WORDS = (
    "the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "rain", "falls", "on", "old", "tin", "roofs",
)  # fmt: skip


def columns(rows: int) -> pa.Table:
    """Return the table; every hundredth row breaks one field, and each tenth value of age and distance is absent."""
    rng = np.random.default_rng(1)
    number = np.arange(rows)
    found: dict[str, pa.Array] = {"file_name": _texts(f"{i // 1000:04}/{i:07}.wav" for i in range(rows))}
    for name, values in _ENUMS.items():
        found[name] = pa.array(values).take(pa.array(rng.integers(len(values), size=rows)))
    found["speaker"] = _texts(f"spk-{i:05}" for i in rng.integers(20_000, size=rows))
    found["session"] = _texts(f"{i:04}-{'abcdefgh'[i % 8]}x" for i in rng.integers(9999, size=rows))
    found["checksum"] = _texts(f"{i:016x}" for i in rng.integers(2**63, size=rows))
    days = rng.integers(15_000, 19_000, size=rows).astype("datetime64[D]")
    found["recorded_on"] = _texts(days.astype(str).tolist())
    times = days.astype("datetime64[s]") + rng.integers(86_400, size=rows)
    found["published_at"] = _texts(f"{time}Z" for time in times.astype(str).tolist())
    found["age"] = pa.array(rng.integers(18, 90, size=rows), mask=number % 10 == 3)
    found["distance"] = pa.array(np.round(rng.uniform(0.1, 9.9, size=rows), 2), mask=number % 10 == 7)
    found["is_native"] = pa.array(rng.integers(2, size=rows).astype(bool))
    found["transcript"] = _texts(_sentences(rng, rows))
    return _break(pa.table(found))


def _sentences(rng: np.random.Generator, rows: int) -> Iterator[str]:
    words = np.array(_WORDS)[rng.integers(len(_WORDS), size=(rows, 14), dtype=np.int8)]
    for sentence, length in zip(words, rng.integers(3, 15, size=rows).tolist(), strict=True):
        yield " ".join(sentence[:length].tolist())


def _texts(values: Any) -> pa.Array:  # noqa: ANN401 - an iterable of texts
    return pa.array(values, pa.string())


def _break(table: pa.Table) -> pa.Table:
    for at, (name, value) in enumerate(_BROKEN):
        number = np.arange(table.num_rows)
        mask = (number % BROKEN_EVERY == BROKEN_EVERY - 1) & (number // BROKEN_EVERY % len(_BROKEN) == at)
        position = table.column_names.index(name)
        column = table.column(position)
        kept = pc.if_else(pa.array(mask), pa.scalar(value, column.type), column)
        table = table.set_column(position, name, kept)
    return table


def manifest(users: pa.Table) -> pa.Table:
    """Return what ingest makes of clean recordings and the table."""
    rows, rng = users.num_rows, np.random.default_rng(2)
    names = _texts(rng.bytes(10).hex() for _ in range(rows))
    own: dict[str, Any] = {
        "clip_id": names, "recording_id": names, "source": "main", "path": users.column("file_name"),
        "sha256": _texts(rng.bytes(32).hex() for _ in range(rows)),
        "pcm_md5": _texts(rng.bytes(16).hex() for _ in range(rows)), "decoder": "soundfile", "metadata_file": "metadata.csv",
        "metadata_line": np.arange(2, rows + 2), "start": 0.0, "container": "wav", "codec": "pcm_s16", "sample_rate": 16_000,
        "num_channels": 1, "bits_per_sample": 16, "clipped_fraction": 0.0, "longest_clipped_run": 0,
        "digital_silence_fraction": 0.0, "num_dropouts": 0, "num_distinct_channels": 1, "num_dead_channels": 0,
    }  # fmt: skip
    ranges = {
        "peak_dbfs": (-9, -1), "rms_dbfs": (-30, -18), "loudness_lufs": (-28, -18), "noise_floor_dbfs": (-80, -60),
        "snr_db": (30, 60), "silent_fraction": (0, 0.3), "leading_silence": (0, 1), "trailing_silence": (0, 1),
        "dc_offset": (0, 0.001), "bandwidth_hz": (6000, 8000),
    }  # fmt: skip
    own |= {name: rng.uniform(*limits, size=rows) for name, limits in ranges.items()}
    # Between the silence at both ends the transcript is spoken, at 12 to 16 letters a second.
    letters = pc.utf8_length(users.column("transcript")).to_numpy()
    seconds = letters / rng.uniform(12, 16, size=rows) + own["leading_silence"] + own["trailing_silence"]
    samples = (seconds * 16_000).astype(np.int64)
    own |= dict.fromkeys(("num_samples", "recording_num_samples"), samples)
    own |= {"duration": samples / 16_000, "bytes": samples * 2}
    fields = [tables.arrow_field(name) for name in tables.added_by("ingest")]
    arrays = [_column(own.get(field.name), field.type, rows, rng) for field in fields]
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    for name in users.column_names:
        table = table.append_column(name, users.column(name))
    return table


def _column(value: Any, kind: pa.DataType, rows: int, rng: np.random.Generator) -> pa.Array:  # noqa: ANN401
    if isinstance(value, pa.Array | pa.ChunkedArray | np.ndarray):
        return value if isinstance(value, pa.Array | pa.ChunkedArray) else pa.array(value, kind)
    if pa.types.is_list(kind):
        return pa.ListArray.from_arrays(np.arange(rows + 1, dtype=np.int32), rng.uniform(-30, -1, size=rows))
    return pa.nulls(rows, kind) if value is None else pa.repeat(pa.scalar(value, kind), rows)


def make(folder: Path, rows: int) -> None:
    """Write the table in both formats, its schema, and the dataset."""
    users = columns(rows)
    pa_csv.write_csv(users, folder / "metadata.csv", pa_csv.WriteOptions(quoting_style="none"))
    pq.write_table(users, folder / "metadata.parquet", compression="zstd")
    schema = json.dumps(SCHEMA, indent=2)
    (folder / "metadata.schema.json").write_text(schema, encoding="utf-8")
    about = '[dataset]\nname = "million"\nlabel = "label"\n\n[[source]]\nname = "main"\npath = "audio"\n'
    files = {
        "metadata.schema.json": schema.encode(),
        "lds.toml": f'{about}\n[split]\ngroup-by = ["speaker"]\n'.encode(),
    }
    dataset = Dataset.create(folder / "dataset", files)
    ingest = Stage(
        name="ingest",
        version="1",
        config=recipe.Ingest,
        run=lambda _workspace, _config: Outcome(
            manifest=manifest(users), rejected=tables.rejected_table([]), used={}, report={"metadata_rows": rows}
        ),
        inputs=lambda _workspace, _config: {},
        needs=(),
    )
    dataset.apply(ingest)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
