"""What a sheet says about its cells besides their values: hidden, merged, computed by a formula and not computed.

openpyxl's reader of large files does not tell, and leaves out rows that stand out of order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from listen_datasets.errors import MetadataError

MAX_ROWS = 1_048_576
"""Rows of a sheet."""
MAX_COLUMNS = 16_384
"""Columns of a sheet."""
MAX_CELLS = 50_000_000
"""Most cells, empty ones before the last of a row included."""
MAX_MERGED = 10_000
"""Most ranges of merged cells."""

_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_TRUE = frozenset({"1", "true"})


@dataclass
class Marks:
    """What a sheet says about its cells.

    Attributes:
        has_data: Whether any cell has a value or a formula.
        hidden_rows: The rows that are not shown.
        hidden_columns: The columns that are not shown, as (first, last).
        merged: Ranges of merged cells, as (first row, last row, first place such as ``B2``, last place).
        uncomputed: Row to the columns whose formulas have no stored result.
    """

    has_data: bool = False
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merged: list[tuple[int, int, str, str]] = field(default_factory=list)
    uncomputed: dict[int, list[int]] = field(default_factory=dict)


def marks_of(sheet: IO[bytes], *, name: str) -> Marks:
    """Return what a sheet says about its cells.

    Args:
        sheet: Its XML.
        name: How errors call the workbook.

    Raises:
        MetadataError: It has places that no sheet has, or its rows or cells are out of order.
        xml.parsers.expat.ExpatError: It is no XML.
    """
    scan = _Scan(name)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = scan.start
    parser.EndElementHandler = scan.end
    parser.CharacterDataHandler = scan.text
    parser.ParseFile(sheet)
    return scan.marks


def column_number(letters: str) -> int:
    """Return the number of a column, from 1.

    >>> column_number("AA")
    27
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number


class _Scan:
    """The state of one scan: the row, the cell, and what was seen in it."""

    def __init__(self, name: str) -> None:
        self.marks = Marks()
        self._name = name
        self._row = 0
        self._column = 0
        self._cells = 0
        self._is_text = False
        self._is_formula = False
        self._is_value = False
        self._has_value = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.removeprefix(_NAMESPACE):
            case "c":
                self._start_cell(attributes)
            case "f":
                self._is_formula = True
            case "v" | "is":
                self._is_value = True
                # Programs store the empty text of a formula as an empty value of the type "str".
                self._has_value = self._has_value or (self._is_formula and self._is_text)
            case "row":
                self._start_row(attributes)
            case "mergeCell":
                self._merge(attributes.get("ref", ""))
            case "col" if attributes.get("hidden") in _TRUE:
                self.marks.hidden_columns.append((int(attributes["min"]), int(attributes["max"])))

    def end(self, tag: str) -> None:
        match tag.removeprefix(_NAMESPACE):
            case "c":
                self._end_cell()
            case "v" | "is":
                self._is_value = False
            case "row":
                self._cells += self._column
                if self._cells > MAX_CELLS:
                    raise MetadataError(f"the sheet has more than {MAX_CELLS:,} cells", where=self._name)

    def text(self, _text: str) -> None:
        self._has_value = self._has_value or self._is_value

    def _start_row(self, attributes: dict[str, str]) -> None:
        row = _number(attributes["r"]) if "r" in attributes else self._row + 1
        if not self._row < row <= MAX_ROWS:
            raise MetadataError("the rows of the sheet are out of order, or too many", where=f"{self._name}:{row}")
        self._row, self._column = row, 0
        if attributes.get("hidden") in _TRUE:
            self.marks.hidden_rows.append(row)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        column, row = self._column + 1, self._row
        if "r" in attributes:
            row, column = self._place(attributes["r"])
        if row != self._row or not self._column < column <= MAX_COLUMNS:
            message = "the cells of the row are out of order, or too many"
            raise MetadataError(message, where=f"{self._name}:{self._row}")
        self._column = column
        self._is_text = attributes.get("t") == "str"
        self._is_formula = self._has_value = False

    def _end_cell(self) -> None:
        self.marks.has_data = self.marks.has_data or self._has_value or self._is_formula
        if self._is_formula and not self._has_value:
            self.marks.uncomputed.setdefault(self._row, []).append(self._column)

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        top, bottom = self._place(first), self._place(last or first)
        self.marks.merged.append((top[0], bottom[0], first, last or first))
        if len(self.marks.merged) > MAX_MERGED:
            raise MetadataError(f"the sheet has more than {MAX_MERGED:,} ranges of merged cells", where=self._name)

    def _place(self, reference: str) -> tuple[int, int]:
        """Return row and column of a place such as ``B2``."""
        match = _PLACE.fullmatch(reference)
        if match is None:
            raise MetadataError("the sheet names a place that it cannot have", where=f"{self._name}:{self._row}")
        return int(match[2]), column_number(match[1])


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
