"""Workbooks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from listen_datasets.testing.damaged_tables.case import Case, fine, noted, refused
from listen_datasets.testing.workbooks import boolean, error, formula, number, rows, sheet, text, workbook

_HEAD = (text("file_name"), text("label"))
_DOG = (text("a.wav"), text("dog"))
_CAT = (text("b.wav"), text("cat"))
_GOOD = sheet(rows(_HEAD, _DOG, _CAT))


def cases() -> Iterator[Case]:
    """Yield workbooks."""
    yield from _odd()
    yield from _noted()
    yield from _refused()
    yield from _damaged()


def _odd() -> Iterator[Case]:
    yield fine("m.xlsx", "two rows", workbook(_GOOD), 2)
    yield fine("m.xlsx", "an empty second sheet", workbook(_GOOD, sheet("")), 2)
    yield fine("m.xlsx", "an empty first sheet", workbook(sheet(""), _GOOD), 2)
    yield fine("m.xlsx", "a size that is too small", workbook(_GOOD.replace("<sheetData>", _size("A1"), 1)), 2)
    yield fine(
        "m.xlsx", "a size that is too large", workbook(_GOOD.replace("<sheetData>", _size("A1:XFD1048576"), 1)), 2
    )
    yield fine("m.xlsx", "empty rows at the end", workbook(sheet(rows(_HEAD, _DOG) + '<row r="9"/>')), 1)
    yield fine("m.xlsx", "an error as text", workbook(sheet(rows(_HEAD, (text("a.wav"), text("#N/A"))))), 1)
    yield fine("m.xlsx", "a stored result", workbook(sheet(rows(_HEAD, (text("a.wav"), formula("3"))))), 1)
    yield fine("m.xlsx", "an empty stored result", workbook(sheet(rows(_HEAD, (text("a.wav"), formula("", "str"))))), 1)
    yield fine(
        "m.xlsx", "numbers and truth values", workbook(sheet(rows(_HEAD, (number("7"), boolean(value=True))))), 1
    )
    merged = sheet(rows(_HEAD, _DOG), behind=_merged("A8:B9"))
    yield fine("m.xlsx", "merged cells behind the table", workbook(merged), 1)
    hidden = sheet(rows(_HEAD, _DOG), before='<cols><col min="3" max="16384" hidden="1"/></cols>')
    yield fine("m.xlsx", "hidden columns behind the table", workbook(hidden), 1)


def _size(place: str) -> str:
    return f'<dimension ref="{place}"/><sheetData>'


def _merged(place: str) -> str:
    return f'<mergeCells count="1"><mergeCell ref="{place}"/></mergeCells>'


def _noted() -> Iterator[Case]:
    bad = ("metadata.cell_error", 3)
    yield noted("m.xlsx", "an error", workbook(sheet(rows(_HEAD, _DOG, (text("b.wav"), error("#N/A"))))), 1, bad)
    yield noted(
        "m.xlsx", "no stored result", workbook(sheet(rows(_HEAD, _DOG, (text("b.wav"), formula(None))))), 1, bad
    )
    day = workbook(sheet(rows(_HEAD, _DOG, (text("b.wav"), number("99999999", 2)))))
    yield noted("m.xlsx", "a day that does not exist", day, 1, bad)
    huge = workbook(sheet(rows(_HEAD, _DOG, (text("b.wav"), number("1E+999")))))
    yield noted("m.xlsx", "a number beyond all doubles", huge, 1, bad)
    wide = workbook(sheet(rows(_HEAD, _DOG, (*_CAT, text("x")))))
    yield noted("m.xlsx", "a value beyond the header", wide, 1, ("metadata.ragged_row", 3))
    gap = workbook(sheet(rows(_HEAD, _DOG, (), _CAT)))
    yield noted("m.xlsx", "an empty row", gap, 2, ("metadata.empty_line", 3))
    merged = workbook(sheet(rows(_HEAD, _DOG, _CAT[:1]), behind=_merged("B2:B3")))
    yield noted("m.xlsx", "merged cells", merged, 2, ("metadata.merged_cells", 2))
    hidden = workbook(sheet(rows(_HEAD, _DOG, _CAT, hidden=[3])))
    yield noted("m.xlsx", "a hidden row", hidden, 2, ("metadata.hidden_cells", 3))
    column = sheet(rows(_HEAD, _DOG), before='<cols><col min="2" max="2" hidden="1"/></cols>')
    yield noted("m.xlsx", "a hidden column", workbook(column), 1, ("metadata.hidden_cells", None))
    yield noted("m.xlsx", "a hidden sheet", workbook(_GOOD, hidden=[0]), 2, ("metadata.hidden_cells", None))


def _refused() -> Iterator[Case]:
    yield refused("m.xlsx", "two sheets", workbook(_GOOD, _GOOD), "2 sheets hold data: `Sheet1`, `Sheet2`")
    yield refused("m.xlsx", "no data", workbook(sheet("")), "no sheet of the workbook holds data")
    yield refused("m.xlsx", "a header alone", workbook(sheet(rows(_HEAD))), "no rows")
    yield refused("m.xlsx", "a doubled name", workbook(sheet(rows((_HEAD[0], _HEAD[0]), _DOG))), "both called", 1)
    yield refused("m.xlsx", "a column without a name", workbook(sheet(rows((None, _HEAD[0]), _DOG))), "no name", 1)
    yield refused("m.xlsx", "an empty first row", workbook(sheet(rows((), _HEAD, _DOG))), "first row is empty", 1)
    yield refused("m.xlsx", "an error in the header", workbook(sheet(rows((error("#REF!"),), _DOG))), "#REF!", 1)
    uncomputed = (text("a.wav"), formula(None))
    yield refused("m.xlsx", "formulas that were never computed", workbook(sheet(rows(_HEAD, uncomputed, uncomputed))),
                  "2 of the first 2 rows", 2)  # fmt: skip
    yield refused("m.xlsx", "rows out of order", workbook(sheet(rows(_HEAD, _DOG) + rows(_CAT, first=2))), "order", 2)
    cell = '<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>2</v></c></row>'
    yield refused("m.xlsx", "cells out of order", workbook(sheet(rows(_HEAD) + cell)), "out of order", 2)
    far = '<row r="9999999"><c r="A9999999"><v>1</v></c></row>'
    yield refused("m.xlsx", "a row that no sheet has", workbook(sheet(rows(_HEAD, _DOG) + far)), "too many", 9999999)
    wide = '<row r="2"><c r="XFE2"><v>1</v></c></row>'
    yield refused("m.xlsx", "a column that no sheet has", workbook(sheet(rows(_HEAD) + wide)), "too many", 2)


def _damaged() -> Iterator[Case]:
    whole = workbook(_GOOD)
    yield refused("m.xlsx", "a cut end", whole[:-30], "the end of the archive is missing")
    yield refused("m.xlsx", "a changed byte", _with_flipped_byte(whole), "cannot be read")
    yield refused("m.xlsx", "broken XML", workbook(_GOOD.replace("</row>", "", 1)), "cannot be read")
    yield refused("m.xlsx", "another archive", _archive({"a.txt": b"x"}), "not an Excel workbook")
    entity = '<!DOCTYPE x [<!ENTITY a "aaaa">]>'
    yield refused("m.xlsx", "an entity", workbook(sheet(rows(_HEAD, _DOG), prolog=entity)), "document type")
    yield refused("m.xlsx", "an entity in the styles", workbook(_GOOD, extra={"xl/styles.xml": f"{entity}<x/>".encode()}),
                  "document type")  # fmt: skip
    yield refused(
        "m.xlsx", "no styles that can be read", workbook(_GOOD, extra={"xl/styles.xml": b"<x"}), "cannot be read"
    )
    yield refused(
        "m.xlsx", "no list of sheets", workbook(_GOOD, extra={"xl/workbook.xml": b"<x/>"}), "no sheet of the workbook"
    )
    many = {f"xl/{number}.xml": b"<x/>" for number in range(1001)}
    yield refused("m.xlsx", "too many files", workbook(_GOOD, extra=many), "more than 1,000 files")
    yield refused("m.xlsx", "a password", b"\xd0\xcf\x11\xe0" + bytes(100), "with a password")


def _with_flipped_byte(data: bytes) -> bytes:
    # Behind the name of the first file in the archive: its packed content.
    at = data.index(b"[Content_Types].xml") + 40
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def _archive(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()
