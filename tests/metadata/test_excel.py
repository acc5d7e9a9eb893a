from __future__ import annotations

import datetime as dt
import io
import sys
from typing import Any

import pytest

from listen_datasets.errors import MetadataError
from listen_datasets.metadata.excel import read_excel
from listen_datasets.metadata.excel_cells import text_of
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.testing.workbooks import FORMATS, boolean, formula, number, rows, sheet, text, workbook

openpyxl = pytest.importorskip("openpyxl")

HEAD = (text("file_name"), text("x"))


def read(data: bytes) -> MetadataTable:
    return read_excel(io.BytesIO(data), name="m.xlsx")


def read_cell(cell: str, *, is_1904: bool = False) -> str | None:
    table = read(workbook(sheet(rows(HEAD, (text("a.wav"), cell))), is_1904=is_1904))
    (value,) = table.columns.column("x").to_pylist()
    return value if value is None else str(value)


@pytest.mark.parametrize(
    "value", ["007", "1e3", "NA", "#N/A", "null", "None", "no", "2024-01-02", " padded ", "a\nb", "<&>", "=1+1"]
)
def test_text_survives(value: str) -> None:
    assert read_cell(text(value)) == value


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (number("7"), "7"),
        (number("7.0"), "7"),
        (number("-3"), "-3"),
        (number("0.1"), "0.1"),
        (number("0.30000000000000004"), "0.30000000000000004"),
        (number("1E+20"), "1e+20"),
        (number("9007199254740993"), "9007199254740993"),
        (number("7", FORMATS.index("000")), "007"),
        (number("1234", FORMATS.index("000")), "1234"),
        (number("7.5", FORMATS.index("000")), "7.5"),
        (number("0.5", FORMATS.index("0%")), "0.5"),
        (number("45322", FORMATS.index("yyyy-mm-dd")), "2024-01-31"),
        (number("45322.5", FORMATS.index("yyyy-mm-dd")), "2024-01-31T12:00:00"),
        (number("45322", FORMATS.index("yyyy-mm-dd hh:mm")), "2024-01-31T00:00:00"),
        (number("0.25", FORMATS.index("hh:mm:ss")), "06:00:00"),
        (number("1.25", FORMATS.index("[h]:mm:ss")), "30:00:00"),
        (boolean(value=True), "true"),
        (boolean(value=False), "false"),
        (formula("3"), "3"),
        (formula("dog", "str"), "dog"),
        (formula("", "str"), None),
        (text(""), None),
    ],
)
def test_a_cell_becomes_text_by_the_convention(cell: str, expected: str | None) -> None:
    assert read_cell(cell) == expected


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    assert read_cell(number("7", FORMATS.index("yyyy-mm-dd")), is_1904=True) == "1904-01-08"


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (dt.datetime(2024, 1, 2), 'yyyy "hs" [$-407]', "2024-01-02"),  # noqa: DTZ001
        (dt.datetime(2024, 1, 2, 3, 4, 5, 600), "General", "2024-01-02T03:04:05.000600"),  # noqa: DTZ001
        (dt.date(2024, 1, 2), "General", "2024-01-02"),
        (dt.timedelta(seconds=-90), "[h]:mm", "-00:01:30"),
        (dt.timedelta(days=2, microseconds=5), "[h]:mm", "48:00:00.000005"),
        (-7, "000", "-7"),
    ],
)
def test_a_value_becomes_text(value: object, number_format: str, expected: str) -> None:
    assert text_of(value, number_format) == expected


@pytest.mark.parametrize("value", [float("inf"), float("nan"), object()])
def test_what_has_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"a number that is not finite|a value of the kind object"):
        text_of(value, "General")


def test_a_workbook_written_by_openpyxl_comes_back() -> None:
    book = openpyxl.Workbook()
    written: list[list[Any]] = [["file_name", "take", "when"], ["a.wav", 7, dt.date(2024, 1, 2)], ["b.wav", None, None]]
    for row in written:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    table = read(file.getvalue())
    assert table.columns.to_pylist() == [
        {"file_name": "a.wav", "take": "7", "when": "2024-01-02"},
        {"file_name": "b.wav", "take": None, "when": None},
    ]
    assert list(table.lines) == [2, 3]


def test_rows_beyond_one_batch_arrive_in_order() -> None:
    table = read(workbook(sheet(rows(HEAD, *((number(str(row)),) for row in range(9000))))))
    assert table.columns.column("file_name").to_pylist() == [str(row) for row in range(9000)]


def test_without_openpyxl_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl.reader.excel", None)
    with pytest.raises(MetadataError, match="not installed") as caught:
        read(workbook(sheet(rows(HEAD))))
    assert "pip install 'listen-datasets[excel]'" in str(caught.value.hint)
