"""The sound of single rows of a Parquet shard, in the memory that its largest page takes.

A row group can only be read forwards. Rows that are asked for in their order cost one reading of it, whatever lies in
between; a row further back begins the row group again.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from listen_datasets.inputs import InputProblem
from listen_datasets.metadata.shown import shown
from listen_datasets.stores.content import check_ratio
from listen_datasets.stores.hf_shard import Parquet, Place, chunks_of, damaged
from listen_datasets.text import visible

MAX_GROUP = 2 << 30
"""Bytes of sound that a row group may hold."""

_AT_ONCE = 8 << 20  # bytes decoded at once, if the recordings are about equally long
_MOST_ROWS = 64


class RowReader:
    """The rows of one shard. Keeps the file open, and the rows that were decoded last."""

    def __init__(self, place: Place, sound: str) -> None:
        """Open the shard.

        Args:
            place: Where it lies.
            sound: The column with the sound.

        Raises:
            InputProblem: It cannot be opened.
        """
        self._path = place.path
        self._leaf = f"{sound}.bytes"
        self._sound = sound
        self._shard = Parquet(place)
        self.stamp = self._shard.stamp
        footer = self._shard.file.metadata
        counts = (footer.row_group(index).num_rows for index in range(footer.num_row_groups))
        self._firsts = list(itertools.accumulate(counts, initial=0))
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._group = -1
        self._held = range(0)
        self._values: pa.Array = pa.nulls(0)
        self._singly: set[int] = set()
        self._too_large: set[int] = set()

    def sound(self, row: int) -> bytes:
        """Return the recording in a row, counted from 0.

        Raises:
            InputProblem: ``input.no_sound``, ``input.member_damaged`` or ``input.archive_limit``.
        """
        group = bisect.bisect_right(self._firsts, row) - 1
        if not 0 <= group < len(self._firsts) - 1:
            raise _damaged(row, self._path, "the shard has fewer rows")
        if group in self._too_large:
            raise _no_memory(row, self._path)
        try:
            value = self._value(row, group)
        except InputProblem:
            self._forget()
            raise
        except MemoryError as error:
            # A page is unpacked as a whole, and many writers make one page of a row group: no row of it can be had.
            self._forget()
            self._too_large.add(group)
            raise _no_memory(row, self._path) from error
        except (pa.ArrowException, OSError) as error:
            self._forget()
            if group in self._singly:
                raise _damaged(row, self._path, shown(str(error))) from error
            # One damaged page must not cost the rows that were to be decoded with it.
            self._singly.add(group)
            return self.sound(row)
        if value is None:
            raise no_sound(row, self._path)
        return value

    def _value(self, row: int, group: int) -> bytes | None:
        if group != self._group or row < self._held.start:
            self._begin(group)
        while row not in self._held:
            batch = next(self._batches, None)
            if batch is None:
                raise _damaged(row, self._path, "its row group has fewer rows")
            batch.validate()
            self._values = batch.column(self._sound).flatten()[0]
            self._held = range(self._held.stop, self._held.stop + batch.num_rows)
        value: bytes | None = self._values[row - self._held.start].as_py()
        return value

    def _begin(self, group: int) -> None:
        """Go to the beginning of a row group."""
        self._forget()
        rows = 1 if group in self._singly else _rows_at_once(self._shard.file.metadata.row_group(group), self._leaf)
        self._batches = self._shard.file.iter_batches(rows, row_groups=[group], columns=[self._leaf], use_threads=False)
        self._group = group
        self._held = range(self._firsts[group], self._firsts[group])

    def _forget(self) -> None:
        self._batches, self._group, self._held, self._values = iter(()), -1, range(0), pa.nulls(0)


def _rows_at_once(group: pq.RowGroupMetaData, leaf: str) -> int:
    """Return how many rows to decode at once.

    Raises:
        InputProblem: ``input.archive_limit`` or ``input.archive_damaged``.
    """
    chunks = chunks_of(group, leaf)
    if len(chunks) != 1:
        raise damaged("a row group has not one column of sound")
    chunk = chunks[0]
    if chunk.total_uncompressed_size > MAX_GROUP:
        size = chunk.total_uncompressed_size
        raise InputProblem("input.archive_limit", f"its row group holds {size:,} bytes of sound; at most {MAX_GROUP:,}")
    check_ratio(chunk.total_uncompressed_size, chunk.total_compressed_size)
    # Rows may repeat what the dictionary holds once: each of them can be as large as the dictionary.
    dictionary = chunk.data_page_offset - chunk.dictionary_page_offset if chunk.has_dictionary_page else 0
    largest = max(1, dictionary, chunk.total_uncompressed_size // max(1, group.num_rows))
    return int(max(1, min(_MOST_ROWS, _AT_ONCE // largest)))


def no_sound(row: int, path: str) -> InputProblem:
    """Return the problem of a row that holds no recording."""
    return InputProblem("input.no_sound", f"row {row + 1} of {visible(path)} holds no sound")


def _no_memory(row: int, path: str) -> InputProblem:
    reason = f"row {row + 1} of {visible(path)} lies in a row group that does not fit into the memory of a worker"
    return InputProblem("input.archive_limit", f"{reason}; write the shard again with fewer rows in a row group")


def _damaged(row: int, path: str, reason: str) -> InputProblem:
    return InputProblem("input.member_damaged", f"row {row + 1} of {visible(path)} cannot be read: {reason}")
