"""Excel workbooks (.xlsx): the one sheet that holds data, every cell as text.

:mod:`listen_datasets.metadata.excel_cells` says how a cell becomes text. What is hidden is read like everything else; what
a person sees and the file does not hold (merged cells, formulas that were never computed) is a finding.
"""

from __future__ import annotations

import contextlib
import warnings
import zipfile
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from xml.parsers.expat import ExpatError

import pyarrow as pa

from listen_datasets.errors import MetadataError, NothingError
from listen_datasets.metadata.empty_lines import EmptyLines
from listen_datasets.metadata.excel_archive import workbook_archive
from listen_datasets.metadata.excel_cells import text_of
from listen_datasets.metadata.excel_marks import Marks, marks_of
from listen_datasets.metadata.refusals import Refusals
from listen_datasets.metadata.shown import shown
from listen_datasets.metadata.table import MetadataTable, check_names
from listen_datasets.model import Finding

_BATCH = 8192  # rows that are held as Python objects
_COMPUTE = "open it in a spreadsheet program, correct the formulas, and save it again"
# What openpyxl raises at damage; ParseError is a SyntaxError.
_DAMAGE = (
    ArithmeticError, AttributeError, EOFError, ExpatError, LookupError, NotImplementedError, RecursionError, SyntaxError,
    TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip

Row = Sequence[Any]
"""Cells of openpyxl, which has no types."""


@dataclass(frozen=True)
class _Sheet:
    """A sheet that holds data: openpyxl's, and what it says about its cells."""

    title: str
    is_hidden: bool
    rows: Iterator[Row]
    marks: Marks


def read_excel(file: BinaryIO, *, name: str) -> MetadataTable:
    """Read a workbook in which one sheet holds data; its first row names the columns. The line of a row is its number.

    Raises:
        MetadataError: It cannot be read, several sheets hold data, most rows are refused, or openpyxl is not installed.
        NothingError: There is no row.
    """
    with _damage_explained(name), workbook_archive(file, name=name) as archive:
        sheet = _only_sheet(_sheets(file, archive, name), name)
        return _Reading(sheet, name).table()


@contextlib.contextmanager
def _damage_explained(name: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about drawings and other things that are no values
            yield
    except _DAMAGE as error:
        raise _damaged(error, name) from error
    except OSError as error:
        if error.errno is not None:  # the machine's, not openpyxl's
            raise
        raise _damaged(error, name) from error


def _damaged(error: Exception, name: str) -> MetadataError:
    hint = "open it in the program that wrote it and save it again, or save the table as CSV (UTF-8)"
    reason = shown(f"{type(error).__name__}: {error}", 120)
    return MetadataError(f"the workbook cannot be read ({reason})", where=name, hint=hint)


def _sheets(file: BinaryIO, archive: zipfile.ZipFile, name: str) -> list[_Sheet]:
    """Return the sheets that hold data."""
    try:
        from openpyxl.reader.excel import ExcelReader  # noqa: PLC0415 - an extra
    except ImportError:
        hint = "pip install 'listen-datasets[excel]', or save the table as CSV (UTF-8)"
        raise MetadataError("workbooks are read by openpyxl, which is not installed", where=name, hint=hint) from None
    reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
    reader.read()
    places = {sheet.name: relation.target for sheet, relation in reader.parser.find_sheets()}
    found = []
    for sheet in reader.wb.worksheets:
        with archive.open(places[sheet.title]) as text:
            marks = marks_of(text, name=name)
        if marks.has_data:
            sheet.reset_dimensions()  # a claim, by which rows would be filled up or left out
            found.append(_Sheet(sheet.title, sheet.sheet_state != "visible", sheet.iter_rows(), marks))
    return found


def _only_sheet(sheets: Sequence[_Sheet], name: str) -> _Sheet:
    if not sheets:
        raise NothingError("no sheet of the workbook holds data", where=name)
    if len(sheets) > 1:
        titles = ", ".join(f"`{shown(sheet.title, 40)}`" for sheet in sheets[:10])
        hint = "keep one of them in a workbook of its own, or save it as CSV (UTF-8)"
        raise MetadataError(f"{len(sheets)} sheets hold data: {titles}", where=name, hint=hint)
    return sheets[0]


class _Reading:
    """The state of one reading."""

    def __init__(self, sheet: _Sheet, name: str) -> None:
        self._sheet = sheet
        self._name = name
        self._lines = array("q")
        self._refusals = Refusals(name)
        self._empty = EmptyLines(name)

    def table(self) -> MetadataTable:
        rows = enumerate(self._sheet.rows, start=1)
        _, first = next(rows)
        names = self._header(first)
        schema = pa.schema([(column, pa.string()) for column in names])
        batches, batch = [], []
        for line, texts in self._taken(rows, len(names)):
            self._lines.append(line)
            batch.append(texts)
            if len(batch) == _BATCH:
                batches.append(_record_batch(batch, schema))
                batch = []
        if batch:
            batches.append(_record_batch(batch, schema))
        refused, findings = self._refusals.finish(len(self._lines))
        if not self._lines:
            raise NothingError("the sheet has a header and no rows", where=self._name)
        return MetadataTable(
            name=self._name,
            columns=pa.Table.from_batches(batches, schema),
            lines=self._lines,
            findings=(
                *findings,
                *self._empty.findings(),
                *_noticed(self._sheet, self._lines[-1], len(names), self._name),
            ),
            refused=refused,
        )

    def _header(self, cells: Row) -> tuple[str, ...]:
        try:
            texts = self._texts(1, cells)
        except ValueError as error:
            raise MetadataError(str(error), where=f"{self._name}:1", hint=_COMPUTE) from None
        if not texts:
            raise MetadataError("the first row is empty; it must name the columns", where=f"{self._name}:1")
        return check_names([text or "" for text in texts], where=f"{self._name}:1")

    def _taken(self, rows: Iterator[tuple[int, Row]], width: int) -> Iterator[tuple[int, list[str | None]]]:
        """Yield the rows that can be taken, with their numbers."""
        for line, cells in rows:
            try:
                texts = self._texts(line, cells)
            except ValueError as error:
                self._empty.row_follows()
                self._refuse(line, "metadata.cell_error", str(error), _COMPUTE)
                continue
            if not texts:
                self._empty.add(line)
                continue
            self._empty.row_follows()
            if len(texts) > width:
                reason = f"column {len(texts)} has a value where the header names {width} columns"
                self._refuse(line, "metadata.ragged_row", reason, "name the column, or empty the cell")
            else:
                yield line, texts + [None] * (width - len(texts))

    def _refuse(self, line: int, code: str, reason: str, hint: str) -> None:
        self._refusals.add(line, code, reason, taken=len(self._lines), hint=hint)

    def _texts(self, line: int, cells: Row) -> list[str | None]:
        """Return the texts of a row, up to the last cell that is not empty.

        Raises:
            ValueError: A cell holds an error, or a formula without a result.
        """
        uncomputed = self._sheet.marks.uncomputed.get(line)
        if uncomputed:
            raise ValueError(f"column {uncomputed[0]} holds a formula whose result was not stored")
        texts = [_text(cell, column) for column, cell in enumerate(cells, start=1)]
        while texts and texts[-1] is None:
            texts.pop()
        return texts


def _text(cell: Any, column: int) -> str | None:  # noqa: ANN401 - openpyxl has no types
    if cell.value is None:
        return None
    if cell.data_type == "e":
        raise ValueError(f"column {column} holds the error {shown(cell.value, 40)}")
    try:
        return text_of(cell.value, cell.number_format) or None
    except ValueError as error:
        raise ValueError(f"column {column} holds {error}") from None


def _record_batch(rows: Sequence[Sequence[str | None]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _noticed(sheet: _Sheet, last: int, width: int, name: str) -> Iterator[Finding]:
    """Yield what a person would see otherwise than it was read."""
    for top, bottom, first, end in sheet.marks.merged:
        if bottom > 1 and top <= last:
            yield Finding(
                code="metadata.merged_cells",
                severity="error",
                message=f"The cells {first} to {end} are merged: the value that all of them show is only in the first.",
                path=name,
                line=max(top, 2),
                value=f"{first}:{end}",
                hint="unmerge the cells and fill each of them",
            )
    rows = [row for row in sheet.marks.hidden_rows if 1 < row <= last]
    columns = sum(max(0, min(end, width) - start + 1) for start, end in sheet.marks.hidden_columns)
    if rows or columns or sheet.is_hidden:
        counts = [(len(rows), "row"), (columns, "column"), (int(sheet.is_hidden), "sheet")]
        what = " and ".join(f"{count:,} {kind}{'s' * (count > 1)}" for count, kind in counts if count)
        yield Finding(
            code="metadata.hidden_cells",
            severity="warning",
            message=f"Hidden in the workbook, and read like everything else: {what}.",
            path=name,
            line=rows[0] if rows else None,
            hint="show them and look; remove what is no data",
            evidence={"rows": len(rows), "columns": columns},
        )
