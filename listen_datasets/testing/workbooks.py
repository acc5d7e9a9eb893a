"""Small Excel workbooks made of raw XML (ECMA-376), so that what is wrong with one can be read.

Every value of a row is the XML of a cell, as :func:`text`, :func:`number` and their like make it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

FORMATS = ("General", "000", "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "hh:mm:ss", "[h]:mm:ss", "0%")
"""Number formats by the index that :func:`number` takes."""


def text(value: str) -> str:
    """Return a cell that holds text."""
    return f't="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is>'


def number(value: str, style: int = 0) -> str:
    """Return a cell that holds a number, spelled as given, in one of ``FORMATS``."""
    return f's="{style}"><v>{value}</v>'


def boolean(*, value: bool) -> str:
    """Return a cell that holds a truth value."""
    return f't="b"><v>{int(value)}</v>'


def error(value: str) -> str:
    """Return a cell that holds an error, such as ``#N/A``."""
    return f't="e"><v>{value}</v>'


def formula(value: str | None, result: str = "n") -> str:
    """Return a cell with a formula and its stored result; None if there is none."""
    stored = "" if value is None else f"<v>{value}</v>"
    return f't="{result}"><f>A1</f>{stored}'


def rows(*cells: Sequence[str | None], first: int = 1, hidden: Sequence[int] = ()) -> str:
    """Return rows of cells; None is a cell that is not there, and an empty row is not written."""
    parts = []
    for line, row in enumerate(cells, start=first):
        inner = "".join(
            f'<c r="{_letter(column)}{line}" {cell}</c>' for column, cell in enumerate(row) if cell is not None
        )
        is_hidden = ' hidden="1"' if line in hidden else ""
        parts.append(f'<row r="{line}"{is_hidden}>{inner}</row>' if row else "")
    return "".join(parts)


def sheet(data: str, *, before: str = "", behind: str = "", prolog: str = "") -> str:
    """Return the XML of a sheet.

    Args:
        data: Its rows.
        before: What stands before them: size, columns.
        behind: What stands behind them: merged cells.
        prolog: What stands before the first element.
    """
    return f'{prolog}<worksheet xmlns="{_MAIN}">{before}<sheetData>{data}</sheetData>{behind}</worksheet>'


def workbook(
    *sheets: str, hidden: Sequence[int] = (), extra: Mapping[str, bytes] | None = None, is_1904: bool = False
) -> bytes:
    """Return a workbook.

    Args:
        sheets: The XML of each sheet; they are called Sheet1, Sheet2, ...
        hidden: Positions of sheets that are hidden, from 0.
        extra: Further files of the archive; one of the same name takes the place of ours.
        is_1904: Whether days are counted from 1904.
    """
    parts = {**_frame(len(sheets), hidden, is_1904=is_1904)}
    parts |= {f"xl/worksheets/sheet{number}.xml": xml.encode() for number, xml in enumerate(sheets, start=1)}
    parts |= extra or {}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _frame(count: int, hidden: Sequence[int], *, is_1904: bool) -> dict[str, bytes]:
    numbers = range(1, count + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPES}.worksheet+xml"/>'
        for number in numbers
    )
    listed = "".join(
        f'<sheet name="Sheet{number}" sheetId="{number}" r:id="rId{number}"{_state(number - 1, hidden)}/>'
        for number in numbers
    )
    related = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    properties = '<workbookPr date1904="1"/>' if is_1904 else ""
    texts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{properties}<sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>',
        "xl/styles.xml": _styles(),
    }
    return {name: value.encode() for name, value in texts.items()}


def _state(position: int, hidden: Sequence[int]) -> str:
    return ' state="hidden"' if position in hidden else ""


def _styles() -> str:
    formats = "".join(
        f'<numFmt numFmtId="{164 + index}" formatCode="{escape(code)}"/>' for index, code in enumerate(FORMATS)
    )
    cells = "".join(f'<xf numFmtId="{164 + index if index else 0}"/>' for index in range(len(FORMATS)))
    return f'<styleSheet xmlns="{_MAIN}"><numFmts>{formats}</numFmts><cellXfs>{cells}</cellXfs></styleSheet>'


def _letter(column: int) -> str:
    return chr(ord("A") + column)
