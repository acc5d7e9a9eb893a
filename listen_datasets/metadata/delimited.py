"""CSV and TSV: every cell is text, and no row is ever merged, cut or dropped in silence.

Quoting follows RFC 4180 in both: a field that begins with ``"`` ends at the next single ``"``. An empty cell, quoted or
not, is an absent value (null): CSV cannot tell the two apart.
"""

from __future__ import annotations

import contextlib
import csv
from array import array
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from listen_datasets.errors import MetadataError, NothingError
from listen_datasets.metadata.lines import MAX_BYTES, text_lines
from listen_datasets.metadata.table import MetadataTable, check_names

MAX_LINES = 1000
"""Most lines that one quoted field may span: an unclosed quote is found instead of swallowing the rest of the file."""

_BATCH = 8192  # rows that are held as Python objects


class _Records:
    """The lines of the record that is being read, so that an error can say where a quote opened."""

    def __init__(self, file: BinaryIO, *, name: str, separator: str) -> None:
        self._lines = text_lines(file, name=name)
        self._name = name
        self._separator = separator
        self._pending: list[str] = []
        self._size = 0
        self._check_at = MAX_LINES
        self.line = 1  # where the current record begins

    def __iter__(self) -> Iterator[str]:
        for _, text in self._lines:
            self._pending.append(text)
            self._size += len(text)
            if len(self._pending) > 1:
                self._check_growth()
            yield text

    def finish(self) -> None:
        """The record that was read is complete: the next line begins another one."""
        self.line += len(self._pending)
        self._pending.clear()
        self._size = 0
        self._check_at = MAX_LINES

    def _check_growth(self) -> None:
        if self._size > MAX_BYTES:
            message = f"one record is longer than {MAX_BYTES} characters"
            raise MetadataError(message, where=self.where(), hint="is a quote never closed?")
        if len(self._pending) > self._check_at:
            opened = self._opened() or 0
            if len(self._pending) - opened > MAX_LINES:
                message = f"the quoted field that opens here is not closed within {MAX_LINES} lines"
                raise MetadataError(
                    message, where=self.where(), hint='close the quote, or double it ("") if it is text'
                )
            self._check_at = opened + MAX_LINES

    def _opened(self) -> int | None:
        text = "".join(self._pending)
        offset = _last_quote(text, self._separator)
        return None if offset is None else text.count("\n", 0, offset)

    def where(self) -> str:
        """Return the place to look at: where the last quoted field of the record opened, or where the record begins."""
        return f"{self._name}:{self.line + (self._opened() or 0)}"


def _last_quote(text: str, separator: str) -> int | None:
    """Return the offset at which the last quoted field of a record opens; it may be unclosed, or closed too early."""
    opened, at = None, 0
    while True:
        if text.startswith('"', at):
            opened = at
            end = _closing_quote(text, at + 1)
            if end is None or text[end + 1 : end + 2] not in {"", separator, "\r", "\n"}:
                return opened
            at = end
        found = text.find(separator, at)
        if found < 0:
            return opened
        at = found + 1


def _closing_quote(text: str, start: int) -> int | None:
    at = text.find('"', start)
    while at >= 0 and text.startswith('"', at + 1):
        at = text.find('"', at + 2)
    return at if at >= 0 else None


@contextlib.contextmanager
def _field_limit() -> Iterator[None]:
    # The limit is global to the process; whoever else reads CSV gets theirs back.
    before = csv.field_size_limit(MAX_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def read_delimited(file: BinaryIO, *, name: str, separator: str) -> MetadataTable:
    """Read a CSV (``,``) or TSV (tab) whose first line names the columns.

    Raises:
        MetadataError: The table cannot be read to its end without guessing; ``where`` says the line.
        NothingError: There is no row.
    """
    records = _Records(file, name=name, separator=separator)
    lines = array("q")
    batches: list[pa.RecordBatch] = []
    with _field_limit():
        rows = _rows(records, separator)
        names = check_names(_header(rows, name, separator), where=f"{name}:1")
        schema = pa.schema([(column, pa.string()) for column in names])
        batch: list[list[str]] = []
        for row in _complete(rows, records, len(names)):
            lines.append(records.line)
            batch.append(row)
            if len(batch) == _BATCH:
                batches.append(_record_batch(batch, schema))
                batch = []
    if batch:
        batches.append(_record_batch(batch, schema))
    if not lines:
        raise NothingError("the table has a header and no rows", where=name)
    return MetadataTable(name=name, columns=pa.Table.from_batches(batches, schema), lines=lines)


def _rows(records: _Records, separator: str) -> Iterator[list[str]]:
    reader = csv.reader(records, delimiter=separator, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _refused(error, records) from None
        yield row
        records.finish()


def _refused(error: csv.Error, records: _Records) -> MetadataError:
    reason = str(error)
    quotes = 'close the quote, or double it ("") if it is part of the text'
    if "unexpected end of data" in reason:
        return MetadataError("the quoted field that opens here is never closed", where=records.where(), hint=quotes)
    if "expected after" in reason:
        message = "the quoted field that opens here goes on after its closing quote"
        return MetadataError(message, where=records.where(), hint=quotes)
    if "field larger than" in reason:
        return MetadataError(f"a field is longer than {MAX_BYTES} characters", where=records.where(), hint=quotes)
    message = "a carriage return stands alone, outside of quotes"
    return MetadataError(message, where=records.where(), hint="end lines with LF or CRLF")


def _header(rows: Iterator[list[str]], name: str, separator: str) -> list[str]:
    header = next(rows, None)
    if header is None:
        raise NothingError("the table is empty", where=name)
    if not header:
        raise MetadataError("the first line is empty; it must name the columns", where=f"{name}:1")
    if len(header) == 1:
        other = next((sign for sign in ",;\t|" if sign != separator and sign in header[0]), None)
        if other is not None:
            message = f"the header has one column and {other!r} in its name: the separator is another one"
            hint = "commas make a .csv, tabs a .tsv; save the table as one of them"
            raise MetadataError(message, where=f"{name}:1", hint=hint)
    return header


def _complete(rows: Iterator[list[str]], records: _Records, width: int) -> Iterator[list[str]]:
    """Yield the rows that have a field for every column; empty lines may only stand at the end."""
    empty: str | None = None
    for row in rows:
        if not row:
            empty = empty or records.where()
            continue
        if empty is not None:
            raise MetadataError("an empty line stands between the rows", where=empty, hint="remove it")
        if len(row) != width:
            message = f"the row has {len(row)} fields where the header names {width} columns"
            hint = "quote fields that hold the separator; keep empty fields"
            raise MetadataError(message, where=records.where(), hint=hint)
        yield row


def _record_batch(rows: Sequence[Sequence[str]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array([value or None for value in column], pa.string()) for column in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
