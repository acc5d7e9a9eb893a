"""CSV and TSV: every cell is text, and no row is ever merged, cut or dropped in silence.

Quoting follows RFC 4180 in both: a field that begins with ``"`` ends at the next single ``"``. An empty cell, quoted or
not, is an absent value (null): CSV cannot tell the two apart. A row with too many or too few fields is refused alone if
it stands on one line; damage after which nobody can say where the next row begins refuses the table.
"""

from __future__ import annotations

import contextlib
import csv
from array import array
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from listen_datasets.errors import MetadataError, NothingError
from listen_datasets.metadata.empty_lines import EmptyLines
from listen_datasets.metadata.lines import MAX_BYTES, text_lines
from listen_datasets.metadata.quotes import holds_rows, last_quote
from listen_datasets.metadata.refusals import Refusals
from listen_datasets.metadata.separators import check_header
from listen_datasets.metadata.table import MetadataTable, check_names, check_rows

MAX_LINES = 1000
"""Most lines that one quoted field may span: an unclosed quote is found instead of swallowing the rest of the file."""
MAX_FIELDS = 1_000_000
"""Most separators on one line, in fields or between them: each field takes some sixty bytes of memory."""

_BATCH = 8192  # rows that are held as Python objects
_BATCH_CHARACTERS = 2**24  # the same for long rows
_QUOTES = 'close the quote, or double it ("") if it is part of the text'


class _Records:
    """The lines of the record that is being read, so that an error can say where a quote opened."""

    def __init__(self, file: BinaryIO, *, name: str, separator: str) -> None:
        self._lines = text_lines(file, name=name)
        self._name = name
        self._separator = separator
        self._pending: list[str] = []
        self._check_at = MAX_LINES
        self.size = 0  # characters of the current record
        self.line = 1  # where it begins

    def __iter__(self) -> Iterator[str]:
        for _, text in self._lines:
            self._pending.append(text)
            self.size += len(text)
            if len(self._pending) > 1:
                self._check_growth()
            if len(text) > MAX_FIELDS and text.count(self._separator) > MAX_FIELDS:
                message = f"the line holds more than {MAX_FIELDS:,} separators"
                raise MetadataError(message, where=self.where(), hint="is a line end missing?")
            yield text

    @property
    def is_one_line(self) -> bool:
        """Tell whether the record stands on one line."""
        return len(self._pending) == 1

    def first_line(self) -> str:
        """Return the line on which the record begins."""
        return self._pending[0]

    def finish(self) -> None:
        """The record that was read is complete: the next line begins another one."""
        self.line += len(self._pending)
        self._pending.clear()
        self.size = 0
        self._check_at = MAX_LINES

    def where(self) -> str:
        """Return the place to look at: where the last quoted field of the record opened, or where the record begins."""
        return f"{self._name}:{self.line + (self._opened() or 0)}"

    def _check_growth(self) -> None:
        if self.size > MAX_BYTES:
            message = f"one record is longer than {MAX_BYTES} characters"
            raise MetadataError(message, where=self.where(), hint="is a quote never closed?")
        if len(self._pending) > self._check_at:
            opened = self._opened() or 0
            if len(self._pending) - opened > MAX_LINES:
                message = f"the quoted field that opens here is not closed within {MAX_LINES} lines"
                raise MetadataError(message, where=self.where(), hint=_QUOTES)
            self._check_at = opened + MAX_LINES

    def _opened(self) -> int | None:
        text = "".join(self._pending)
        offset = last_quote(text, self._separator)
        return None if offset is None else text.count("\n", 0, offset)


class _Columns:
    """The rows that were taken, as Arrow arrays of text."""

    def __init__(self, names: Sequence[str], name: str) -> None:
        self._name = name
        self.width = len(names)
        self.lines = array("q")
        self._schema = pa.schema([(name, pa.string()) for name in names])
        self._batches: list[pa.RecordBatch] = []
        self._rows: list[list[str]] = []
        self._size = 0

    def append(self, row: list[str], *, line: int, size: int) -> None:
        self.lines.append(line)
        self._rows.append(row)
        self._size += size + self.width
        if len(self._rows) == _BATCH or self._size > _BATCH_CHARACTERS:
            self._flush()

    def finish(self) -> pa.Table:
        self._flush()
        return pa.Table.from_batches(self._batches, self._schema)

    def _flush(self) -> None:
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [pa.array([value or None for value in column], pa.string()) for column in columns]
            self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
            self._rows, self._size = [], 0
            check_rows(len(self.lines), where=self._name)


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
    sign = "tabs" if separator == "\t" else "commas"
    refusals = Refusals(
        name, hint=f"quote fields that hold the separator, keep empty fields; is the table divided by {sign}?"
    )
    empty = EmptyLines(name)
    with _field_limit():
        rows = _rows(records, separator)
        columns = _Columns(check_names(_header(rows, records, name, separator), where=f"{name}:1"), name)
        for row in rows:
            if not row:
                empty.add(records.line)
                continue
            empty.row_follows()
            _take(row, records, columns, refusals, separator)
    refused, findings = refusals.finish(len(columns.lines))
    if not columns.lines:
        raise NothingError("the table has a header and no rows", where=name)
    return MetadataTable(
        name=name,
        columns=columns.finish(),
        lines=columns.lines,
        findings=(*findings, *empty.findings()),
        refused=refused,
    )


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
    if "unexpected end of data" in reason:
        return MetadataError("the quoted field that opens here is never closed", where=records.where(), hint=_QUOTES)
    if "expected after" in reason:
        message = "the quoted field that opens here goes on after its closing quote"
        return MetadataError(message, where=records.where(), hint=_QUOTES)
    if "field larger than" in reason:
        return MetadataError(f"a field is longer than {MAX_BYTES} characters", where=records.where(), hint=_QUOTES)
    message = "a carriage return stands alone, outside of quotes"
    return MetadataError(message, where=records.where(), hint="end lines with LF or CRLF: tr '\\r' '\\n'")


def _header(rows: Iterator[list[str]], records: _Records, name: str, separator: str) -> list[str]:
    header = next(rows, None)
    if header is None:
        raise NothingError("the table is empty", where=name)
    if not header:
        raise MetadataError("the first line is empty; it must name the columns", where=f"{name}:1")
    check_header(records.first_line(), header, separator=separator, name=name)
    return header


def _take(row: list[str], records: _Records, columns: _Columns, refusals: Refusals, separator: str) -> None:
    """Append a row with a field for every column; refuse any other one."""
    if not records.is_one_line and holds_rows(row, separator):
        message = "the quoted field that opens here holds lines that are rows of the table; was a quote forgotten?"
        raise MetadataError(message, where=records.where(), hint=_QUOTES)
    if len(row) == columns.width:
        columns.append(row, line=records.line, size=records.size)
        return
    reason = f"the row has {len(row)} fields where the header names {columns.width} columns"
    hint = "quote fields that hold the separator; keep empty fields"
    if not records.is_one_line:
        # Whether these lines are one row or several, with a quote that went astray, nobody can say.
        raise MetadataError(reason, where=records.where(), hint=hint)
    refusals.add(
        records.line,
        "metadata.ragged_row",
        reason,
        taken=len(columns.lines),
        hint=hint,
        value=records.first_line().rstrip("\r\n"),
        evidence={"fields": len(row), "columns": columns.width},
    )
