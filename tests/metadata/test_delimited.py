from __future__ import annotations

import csv
import io
import shlex
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.errors import MetadataError, NothingError
from listen_datasets.metadata.delimited import MAX_LINES, read_delimited
from listen_datasets.metadata.lines import MAX_BYTES
from listen_datasets.metadata.table import MetadataTable

SEPARATORS = pytest.mark.parametrize("separator", [",", "\t"], ids=["csv", "tsv"])


def read(data: str | bytes, separator: str = ",") -> MetadataTable:
    raw = data.encode() if isinstance(data, str) else data
    return read_delimited(io.BytesIO(raw), name="metadata.csv", separator=separator)


@SEPARATORS
@pytest.mark.parametrize(
    "value",
    ["007", "1e3", "NA", "N/A", "nan", "null", "None", "no", "True", "2024-01-02", "1.50", "+1", "-", "=1+1", " padded ",
     "123456789012345678901234567890", "Größe", "日本", "\u0301a", "\x1b[31m", "\u202eabc", "\ufeff"],
)  # fmt: skip
def test_a_cell_survives_byte_for_byte(value: str, separator: str) -> None:
    table = read(f"file_name{separator}x\na.wav{separator}{value}\n", separator)
    assert table.columns.column("x").to_pylist() == [value]
    assert str(table.columns.schema.field("x").type) == "string"


@SEPARATORS
@given(
    rows=st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=3, max_size=3),
        min_size=1,
        max_size=8,
    )
)
def test_what_the_csv_module_writes_comes_back(separator: str, rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
    table = read(file.getvalue(), separator)
    expected = [tuple(value or None for value in row) for row in rows]
    assert list(zip(*table.columns.to_pydict().values(), strict=True)) == expected


def test_an_empty_cell_is_absent_quoted_or_not() -> None:
    assert read('a,b\n,""\n').columns.to_pylist() == [{"a": None, "b": None}]


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\n1,2", "\ufeffa,b\n1,2\n", "a,b\n1,2\n\n\n"],
    ids=["lf", "crlf", "no final newline", "bom", "empty lines at the end"],
)
def test_usual_ways_of_writing_are_equal(text: str) -> None:
    assert read(text).columns.to_pylist() == [{"a": "1", "b": "2"}]


def test_the_line_of_a_row_is_where_it_begins() -> None:
    assert list(read('a,b\n1,"x\ny\r\nz"\n2,w\n').lines) == [2, 5]


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("a,b\n1\n", ":2", "1 fields where the header names 2"),
        ('a,b\n1,2\n1,2,"3\n"\n', ":3", "3 fields where the header names 2"),
        ("a,b\n1,2\n3,\0\n", ":3", "NUL"),
        ("a,a\n1,2\n", ":1", "both called `a`"),
        ("a,\n1,2\n", ":1", "column 2 has no name"),
        ("a, \n1,2\n", ":1", "column 2 has no name"),
        ("\n1,2\n", ":1", "first line is empty"),
        ("a\u202e,b\n1,2\n", ":1", "control characters"),
        ("a;b\n1;2\n", ":1", "semicolons separate the columns"),
        ("a\tb\n1\t2\n", ":1", "tabs separate the columns"),
        ("a,b\n1\r2,3\n", ":2", "carriage return"),
        ("a,b\r1,2\r", ":1", "carriage return"),
    ],
)
def test_a_damaged_table_is_refused_with_its_line(text: str, where: str, message: str) -> None:
    with pytest.raises(MetadataError, match=message) as caught:
        read(text)
    assert caught.value.where == "metadata.csv" + where


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,b\n1,2\n3,"4\n5,6\n', 3),
        ('a,b\n1,"x\ny"\n"3\n4",ok\n5,"6\n7,8\n', 6),
        ('a,b\n"x\ny","z\n5,6\n', 3),
        ('"a,b\n1,2\n', 1),
    ],
    ids=["after plain rows", "after closed quotes", "second quote of a record", "in the header"],
)
def test_an_unclosed_quote_is_found_where_it_opens(text: str, line: int) -> None:
    with pytest.raises(MetadataError, match="never closed") as caught:
        read(text)
    assert caught.value.where == f"metadata.csv:{line}"


def test_a_quote_that_another_row_seems_to_close_is_found_where_it_opens() -> None:
    with pytest.raises(MetadataError, match="goes on after its closing quote") as caught:
        read('a,b\n1,"open\n2,x\n3,"y"\n')
    assert caught.value.where == "metadata.csv:2"


def test_a_quoted_field_may_span_as_many_lines_as_the_cap() -> None:
    poem = "\n".join(["line"] * MAX_LINES)
    assert read(f'a,b\n1,"{poem}"\n').columns.column("b").to_pylist() == [poem]


def test_many_long_fields_in_one_record_are_fine() -> None:
    poem = "\n".join(["line"] * (MAX_LINES - 1))
    assert read(f'a,b,c\n"{poem}","{poem}","{poem}"\n').columns.to_pylist() == [{"a": poem, "b": poem, "c": poem}]


def test_a_quoted_field_over_too_many_lines_is_refused_where_it_opens() -> None:
    rows = "".join(f"{row},x\n" for row in range(3 * MAX_LINES))
    with pytest.raises(MetadataError, match="not closed within") as caught:
        read(f'a,b\n1,"two\nlines"\n"z",2\n3,"never\n{rows}4,"x"\n')
    assert caught.value.where == "metadata.csv:5"


@pytest.mark.parametrize(
    "text",
    ["a,b\n" + "x" * (MAX_BYTES + 1), 'a,b\n"' + ("x" * (MAX_BYTES // 4) + "\n") * 5 + '",1\n'],
    ids=["a line", "a record"],
)
def test_what_is_too_long_is_refused(text: str) -> None:
    with pytest.raises(MetadataError, match="longer than 16777216") as caught:
        read(text)
    assert caught.value.where == "metadata.csv:2"


def test_latin_1_is_refused_with_a_hint() -> None:
    with pytest.raises(MetadataError, match="0xf6 at position 2") as caught:
        read("a,b\n1,2\nKöln,x\n".encode("latin-1"))
    assert caught.value.where == "metadata.csv:3"
    assert "iconv" in str(caught.value.hint)


@pytest.mark.parametrize("text", ["", "\ufeff", "a,b\n", "a,b"])
def test_a_table_without_rows_is_nothing(text: str) -> None:
    with pytest.raises(NothingError):
        read(text)


def test_the_field_limit_of_the_process_is_given_back() -> None:
    before = csv.field_size_limit()
    with pytest.raises(MetadataError):
        read('a\n"1')
    assert csv.field_size_limit() == before


def test_rows_beyond_one_batch_arrive_in_order() -> None:
    table = read("a\n" + "".join(f"{row}\n" for row in range(20_000)))
    assert table.columns.column("a").to_pylist() == [str(row) for row in range(20_000)]


def test_a_ragged_row_is_left_out_and_accounted_for() -> None:
    table = read('a,b\n"x\ny",2\n3\n4,5\n6,7,8\n9,10\n')
    assert table.columns.column("b").to_pylist() == ["2", "5", "10"]
    assert list(table.lines) == [2, 5, 7]
    assert [(item.line, item.code) for item in table.refused] == [
        (4, "metadata.ragged_row"),
        (6, "metadata.ragged_row"),
    ]
    assert table.refused[0].reason == "the row has 1 fields where the header names 2 columns"
    finding = table.findings[1]
    assert (finding.path, finding.line, finding.value) == ("metadata.csv", 6, "6,7,8")
    assert finding.evidence == {"fields": 3, "columns": 2}


def test_rows_taken_and_refused_are_all_rows() -> None:
    rows = ["1,2" if row % 3 else "1" for row in range(20_000)]
    table = read("a,b\n" + "\n".join(rows))
    assert len(table) + len(table.refused) == 20_000
    assert sorted([*table.lines, *(item.line for item in table.refused)]) == list(range(2, 20_002))


@pytest.mark.parametrize("text", ["a;b\n1;2\n", "Datei;Länge\na.wav;1,5\n"])
def test_semicolons_are_refused_with_a_command_that_converts_them(text: str, tmp_path: Path) -> None:
    with pytest.raises(MetadataError) as caught:
        read(text)
    (tmp_path / "metadata.csv").write_bytes(text.encode())
    command = str(caught.value.hint).partition("convert it: ")[2].replace("python3", shlex.quote(sys.executable), 1)
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    converted = read((tmp_path / "converted.csv").read_bytes())
    assert [
        list(converted.columns.column_names),
        *map(list, zip(*converted.columns.to_pydict().values(), strict=True)),
    ] == [line.split(";") for line in text.splitlines()]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_a_field_with_line_breaks_that_looks_like_rows_is_refused_only_if_it_names_files(separator: str) -> None:
    poem = f'file_name{separator}text\na.wav{separator}"Roses{separator} red\nViolets{separator} blue"\n'
    assert len(read(poem, separator)) == 1
    with pytest.raises(MetadataError, match="holds lines that are rows") as caught:
        read(poem.replace("Violets", "b.wav"), separator)
    assert caught.value.where == "metadata.csv:2"


def test_long_rows_are_not_held_together() -> None:
    data = b"a,b\n" + b"".join(b"%d,%s\n" % (row, b"x" * 2_000_000) for row in range(30))
    tracemalloc.start()
    table = read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Arrow's own memory is not counted: what Python holds at once are some rows of the thirty.
    assert (len(table), peak < 45_000_000) == (30, True)
