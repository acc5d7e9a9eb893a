"""Fingerprints on disk: Parquet files with one row for each content, by the sha256 of the recording's bytes.

The rows of a file are sorted by sha256, so that the bytes of the files do not depend on who measured the recordings, and
when. Several sorted files are merged into new ones a row group at a time: those of the dataset as it was that are not
full, and those that a run has put aside.
"""

from __future__ import annotations

import heapq
import io
import itertools
import operator
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from listen_datasets import digest, fingerprints, parquet
from listen_datasets.fingerprints import Fingerprint
from listen_datasets.storage import Disk, Written, write_parquet

FOLDER = "fingerprints"

_PART = FOLDER + "/part-{:05}.parquet"

GROUP_BYTES = 1 << 20
_PART_BYTES = 1 << 28

_ABOUT = {"version": fingerprints.VERSION, "sample_rate": fingerprints.RATE, "hop": fingerprints.HOP}
SCHEMA = pa.schema(
    [
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("codes", pa.binary(), nullable=False),
        pa.field("signs", pa.binary(), nullable=False),
        pa.field("levels", pa.binary(), nullable=False),
    ],
    metadata={"lds": digest.canonical_json(_ABOUT)},
)
"""Arrays as little-endian bytes, see :mod:`listen_datasets.fingerprints`."""

_OPTIONS: dict[str, Any] = {"compression": "none", "use_dictionary": False, "write_statistics": ["sha256"]}


class Row(NamedTuple):
    """A row of a file."""

    sha256: str
    codes: bytes
    signs: bytes
    levels: bytes

    @classmethod
    def of(cls, sha256: str, fingerprint: Fingerprint) -> Row:
        """Return the row of a fingerprint."""
        codes, signs = fingerprint.codes.astype("<u4", copy=False), fingerprint.signs.astype("<u8", copy=False)
        return cls(sha256, codes.tobytes(), signs.tobytes(), fingerprint.levels.tobytes())

    @property
    def fingerprint(self) -> Fingerprint:
        """The fingerprint; the arrays are its own."""
        return Fingerprint(
            np.frombuffer(self.codes, "<u4").astype(np.uint32),
            np.frombuffer(self.signs, "<u8").astype(np.uint64),
            np.frombuffer(self.levels, np.uint8).copy(),
        )

    @property
    def bytes(self) -> int:
        """Its size."""
        return len(self.sha256) + len(self.codes) + len(self.signs) + len(self.levels)


def packed(rows: Iterable[Row]) -> bytes:
    """Return rows, in any order, as the bytes of a file."""
    sink = io.BytesIO()
    ordered = sorted(rows, key=operator.attrgetter("sha256"))
    parquet.write(sink, map(_table, _cut(iter(ordered))), parquet.Form(schema=SCHEMA, options=_OPTIONS))
    return sink.getvalue()


def names(paths: Iterable[Path]) -> set[str]:
    """Return the sha256 of every row of some files."""
    found: set[str] = set()
    for path in paths:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                found.update(file.read_row_group(group, columns=["sha256"]).column(0).to_pylist())
    return found


def update(
    disk: Disk,
    folder: Path,
    parts: Mapping[str, Written],
    sources: Sequence[Path],
    rows: Iterable[Row],
    wanted: Collection[str],
    most: int = _PART_BYTES,
) -> tuple[dict[str, Written], dict[str, Written]]:
    """Write the fingerprints that are wanted beside those that are there, and return what was written and what stays.

    A full file stays as it is as long as all of it is wanted; other files are merged with what is new.

    Args:
        disk: What writes.
        folder: Where the run writes.
        parts: The files of the dataset as it is, by their names.
        sources: Sorted files of what is new.
        rows: More of it, in any order.
        wanted: The sha256 of each; any of them is in one of the three.
        most: Bytes after which a new file begins.
    """
    held = {name: names([file.path]) for name, file in parts.items()}
    staying = {name for name, some in held.items() if some <= set(wanted)}
    missing = set(wanted).difference(*(held[name] for name in staying))
    if missing:
        staying = {name for name in staying if parts[name].bytes >= most}
        missing = set(wanted).difference(*(held[name] for name in staying))
    kept = {name: file for name, file in parts.items() if name in staying}
    if kept and not missing:
        return {}, kept
    merged = [*(file.path for name, file in parts.items() if name not in staying), *sources]
    return _write(disk, folder, merged, rows, missing, most, frozenset(kept)), kept


def _write(
    disk: Disk,
    folder: Path,
    sources: Sequence[Path],
    rows: Iterable[Row],
    wanted: Collection[str],
    most: int,
    taken: Collection[str],
) -> dict[str, Written]:
    ordered = sorted(rows, key=operator.attrgetter("sha256"))
    merged = heapq.merge(*map(read, sources), ordered, key=operator.attrgetter("sha256"))
    unique = (next(same) for _, same in itertools.groupby(merged, key=operator.attrgetter("sha256")))
    groups = _cut(row for row in unique if row.sha256 in wanted)
    free = (name for name in map(_PART.format, itertools.count()) if name not in taken)
    written: dict[str, Written] = {}
    first: list[Row] | None = next(groups, [])
    while first is not None:
        name = next(free)
        tables = _part(first, groups, most)
        written[name] = write_parquet(disk, folder / name, tables, schema=SCHEMA, replace=True, **_OPTIONS)
        first = next(groups, None)
    return written


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, a row group in memory at a time."""
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            yield from rows_of(file.read_row_group(group, use_threads=False))


def rows_of(table: pa.Table) -> Iterator[Row]:
    """Yield the rows of a table."""
    columns = (table.column(name).to_pylist() for name in SCHEMA.names)
    return itertools.starmap(Row, zip(*columns, strict=True))


def _part(first: list[Row], groups: Iterator[list[Row]], most: int) -> Iterator[pa.Table]:
    """Yield the row groups of one file, from a stream that goes on behind it."""
    yield _table(first)
    total = _size(first)
    while total < most and (group := next(groups, None)) is not None:
        total += _size(group)
        yield _table(group)


def _cut(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield rows in groups of about the same size."""
    group: list[Row] = []
    size = 0
    for row in rows:
        group.append(row)
        size += row.bytes
        if size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _size(rows: Iterable[Row]) -> int:
    return sum(row.bytes for row in rows)


def _table(rows: Sequence[Row]) -> pa.Table:
    columns = {name: [getattr(row, name) for row in rows] for name in SCHEMA.names}
    return pa.table(columns, schema=SCHEMA)
