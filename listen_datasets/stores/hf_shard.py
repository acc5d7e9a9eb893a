"""One Parquet shard without its sound: what each row is called, and every other column.

A shard is made of bytes that others wrote, and may unpack to a thousand times its size. So this is done in a process
with limited memory, by rows in small numbers, and counted on what comes out.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from listen_datasets.errors import MetadataError
from listen_datasets.inputs import InputProblem, opened
from listen_datasets.metadata.parquet import FREE_BYTES, MAX_BYTES, MAX_RATIO, converted
from listen_datasets.metadata.shown import shown
from listen_datasets.model import Finding
from listen_datasets.stores.archive_file import stamp_of
from listen_datasets.stores.hf_columns import Columns, columns_of, holds_numbers, named, wrong_label

MAX_ROWS = 10_000_000
"""Most rows of one shard."""

_BATCH = 1024  # rows decoded at once
_BUFFER = 1 << 18  # a column of sound is never held as a whole
_DAMAGE = (pa.ArrowException, OSError, UnicodeDecodeError, MetadataError)


@dataclass(frozen=True)
class Place:
    """A shard in a store.

    Attributes:
        root: The folder of the store.
        path: Below it.
        column: The column that the user says holds the sound.
    """

    root: Path
    path: str
    column: str | None


@dataclass(frozen=True, kw_only=True)
class Shard:
    """What a shard holds beside sound.

    Attributes:
        stamp: What changes when the file does.
        sound: The column with the sound; None if there is none, and then no name and no column.
        rows: Number of its rows.
        names: What each row calls its recording (n); None if it does not.
        is_there: Whether each row has sound, as far as it can be told without reading it (n).
        sizes: Bytes of a recording on average, for each row group, with the number of its rows.
        columns: The other columns (n rows); none if they were not asked for.
        findings: What is wrong with them; lines are rows from 1.
    """

    stamp: str
    sound: str | None
    rows: int
    names: Sequence[str | None] = ()
    is_there: Sequence[bool] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    columns: pa.Table | None = None
    findings: tuple[Finding, ...] = ()


class Parquet:
    """A shard that is open.

    Attributes:
        file: What reads it.
        stamp: What changes when the file does.
        size: Its bytes.
    """

    def __init__(self, place: Place) -> None:
        """Open it; the descriptor is closed by `close`, or when nobody needs this object any more.

        Raises:
            InputProblem: ``input.missing``, ``input.link``, ... or ``input.archive_damaged``.
        """
        with opened(place.root, place.path) as source:
            status = os.fstat(source.fd)
            self.stamp, self.size = stamp_of(status), status.st_size
            data = os.fdopen(os.dup(source.fd), "rb")
        self.close = weakref.finalize(self, data.close)
        try:
            self.file = pq.ParquetFile(
                data, page_checksum_verification=True, arrow_extensions_enabled=False, buffer_size=_BUFFER
            )
        except _DAMAGE as error:
            self.close()
            raise damaged(str(error)) from error


def damaged(reason: str) -> InputProblem:
    """Return the problem of a shard that is not what it should be."""
    return InputProblem("input.archive_damaged", f"the Parquet file cannot be read: {shown(reason)}")


def read_names(place: Place) -> Shard | InputProblem:
    """Return what the rows of a shard are called, and nothing else."""
    return _read(place, with_columns=False)


def read_shard(place: Place) -> Shard | InputProblem:
    """Return everything in a shard but the sound, or why it cannot be read.

    Raises:
        RecipeError: Several columns hold sound.
    """
    return _read(place, with_columns=True)


def _read(place: Place, *, with_columns: bool) -> Shard | InputProblem:
    try:
        with contextlib.closing(Parquet(place)) as shard:
            columns = columns_of(shard.file.schema_arrow, place.column, place.path)
            if columns is None:
                return Shard(stamp=shard.stamp, sound=None, rows=shard.file.metadata.num_rows)
            return _content(shard, columns, place.path, with_columns=with_columns)
    except InputProblem as problem:
        return problem
    except _DAMAGE as error:
        return damaged(error.message if isinstance(error, MetadataError) else str(error))


def _content(shard: Parquet, columns: Columns, path: str, *, with_columns: bool) -> Shard:
    footer = shard.file.metadata
    names: list[str | None] = []
    is_there: list[bool] = []
    batches: list[pa.RecordBatch] = []
    findings = list(columns.findings) if with_columns else []
    types = columns.types if with_columns else {}
    asked = [*types, *([f"{columns.sound}.path"] if columns.has_path else ())]
    rows = 0
    for batch in _batches(shard, columns.sound, asked):
        if columns.has_path:
            names += _texts(batch.column(columns.sound))
            is_there += batch.column(columns.sound).is_valid().to_pylist()
        if types:
            batches.append(_metadata(batch, columns, rows, path, findings))
        rows += batch.num_rows
    return Shard(
        stamp=shard.stamp,
        sound=columns.sound,
        rows=footer.num_rows,
        names=names or [None] * footer.num_rows,
        is_there=is_there or [True] * footer.num_rows,
        sizes=tuple(_sizes(footer, columns.sound)),
        columns=pa.Table.from_batches(batches) if batches else None,
        findings=tuple(findings),
    )


def _batches(shard: Parquet, sound: str, asked: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield some columns, checked, as long as no more comes out than the file may honestly hold.

    Raises:
        InputProblem: ``input.archive_limit`` or ``input.archive_damaged``.
    """
    limit = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * shard.size))
    footer = shard.file.metadata
    claimed = footer.num_rows
    if claimed > MAX_ROWS:
        raise InputProblem("input.archive_limit", f"its footer claims {claimed:,} rows; at most {MAX_ROWS:,} are read")
    groups = [footer.row_group(index) for index in range(footer.num_row_groups)]
    recordings = sum(chunk.num_values for group in groups for chunk in chunks_of(group, f"{sound}.bytes"))
    rows = claimed if not asked else 0
    total = 0
    for batch in shard.file.iter_batches(_BATCH, columns=list(asked), use_threads=False) if asked else ():
        rows += batch.num_rows
        total += batch.nbytes
        if total > limit:
            raise _too_much(limit)
        yield batch
    if not rows == claimed == recordings:
        raise damaged(f"its footer claims {claimed:,} rows, but there are {rows:,}, and {recordings:,} recordings")


def _too_much(limit: int) -> InputProblem:
    return InputProblem("input.archive_limit", f"more than {limit:,} bytes come out of its columns, sound not counted")


def _texts(column: pa.StructArray) -> list[str | None]:
    """Return the paths in a column of sound; None where there is none, or none that is text."""
    column.validate()
    texts = column.flatten()[0]
    return [None if data is None else _text(data) for data in texts.cast(pa.large_binary()).to_pylist()]


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _metadata(
    batch: pa.RecordBatch, columns: Columns, first: int, name: str, findings: list[Finding]
) -> pa.RecordBatch:
    arrays: dict[str, pa.Array] = {}
    for column, kind in columns.types.items():
        array = batch.column(column)
        array.validate(full=True)
        arrays[column] = converted(array, kind)
        if column in columns.labels and holds_numbers(kind):
            numbers = arrays[column]
            arrays[column], wrong = named(numbers, columns.labels[column])
            findings += (wrong_label(first + row + 1, numbers[row].as_py(), column, name) for row in wrong)
    return pa.RecordBatch.from_pydict(arrays)


def _sizes(footer: pq.FileMetaData, sound: str) -> Iterator[tuple[int, int]]:
    for index in range(footer.num_row_groups):
        group = footer.row_group(index)
        total = sum(chunk.total_uncompressed_size for chunk in chunks_of(group, f"{sound}.bytes"))
        yield group.num_rows, int(total // max(1, group.num_rows))


def chunks_of(group: pq.RowGroupMetaData, leaf: str) -> list[pq.ColumnChunkMetaData]:
    """Return the chunks of a leaf column: one, unless somebody has tampered with the file."""
    chunks = (group.column(position) for position in range(group.num_columns))
    return [chunk for chunk in chunks if chunk.path_in_schema == leaf]
