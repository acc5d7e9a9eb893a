from __future__ import annotations

import io
import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.errors import MetadataError, NothingError
from listen_datasets.metadata.json_lines import read_json_lines
from listen_datasets.metadata.lines import MAX_BYTES
from listen_datasets.metadata.table import MetadataTable

INT64 = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def read(data: str | bytes) -> MetadataTable:
    return read_json_lines(io.BytesIO(data.encode() if isinstance(data, str) else data), name="m.jsonl")


def read_column(*values: object) -> MetadataTable:
    return read("".join(json.dumps({"x": value}) + "\n" for value in values))


@pytest.mark.parametrize("element", [TEXTS, INT64, FLOATS, st.booleans(), st.lists(INT64, min_size=1)], ids=str)
@given(data=st.data())
def test_values_of_one_kind_come_back_unchanged(element: st.SearchStrategy[object], data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | element, min_size=1))
    table = read_column(*values)
    assert repr(table.columns.column("x").to_pylist()) == repr(values)
    assert table.findings == ()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["007", None], "string"),
        ([None, None], "string"),
        ([True, None], "bool"),
        ([1, None, 2**63 - 1], "int64"),
        ([1.5, None], "double"),
        ([1, 1.5], "double"),
        ([2**53, 0.5], "double"),
        ([["a"], [], None], "list<item: string>"),
        ([[1, 2.5]], "list<item: double>"),
        ([{"a": 1}, {"b": "x"}, None], "struct<a: int64, b: string>"),
        ([[{"start": 0.5, "text": "x"}]], "list<item: struct<start: double, text: string>>"),
    ],
)
def test_a_column_gets_the_type_that_holds_it(values: list[object], kind: str) -> None:
    table = read_column(*values)
    assert str(table.columns.schema.field("x").type) == kind
    assert table.findings == ()


@pytest.mark.parametrize(
    ("values", "line", "value"),
    [
        ([True, 1], 2, "1"),
        ([2**53 + 1, 0.5], 2, "0.5"),
        ([[1], {"a": 1}], 2, '{"a": 1}'),
        ([["a"], [1]], 1, '["a"]'),
        ([[True], [1]], 1, "[true]"),
        ([[2**53 + 1, 0.5]], 1, "[9007199254740993, 0.5]"),
        ([[1.0, False]], 1, "[1.0, false]"),
        ([{"a": False}, {"a": 1.0}], 1, '{"a": false}'),
        ([{}], 1, "{}"),
        ([{f"key {number}": number for number in range(2000)}], 1, None),
    ],
)
def test_what_no_type_holds_is_kept_as_json_text_with_a_finding(
    values: list[object], line: int, value: str | None
) -> None:
    table = read_column(*values)
    (finding,) = table.findings
    kept = [None if text is None else json.loads(text) for text in table.columns.column("x").to_pylist()]
    assert json.dumps(kept, sort_keys=True) == json.dumps(values, sort_keys=True)
    assert (finding.code, finding.severity, finding.path) == ("metadata.mixed_types", "warning", "m.jsonl")
    assert (finding.line, finding.field) == (line, "/x")
    assert value is None or finding.value == value


@pytest.mark.parametrize(
    ("values", "texts", "line"),
    [
        ([1, "1"], ["1", "1"], 2),
        (["a", None, 1.5], ["a", None, "1.5"], 3),
        (['"a"', "[1]", True], ['"a"', "[1]", "true"], 3),
    ],
)
def test_text_beside_numbers_stays_as_it_is(values: list[object], texts: list[str | None], line: int) -> None:
    table = read_column(*values)
    (finding,) = table.findings
    assert table.columns.column("x").to_pylist() == texts
    assert (finding.code, finding.line) == ("metadata.mixed_types", line)


def test_a_column_that_changes_its_kind_after_many_rows_loses_nothing() -> None:
    values = [*range(10_000), "last"]
    table = read_column(*values)
    assert table.columns.column("x").to_pylist() == [str(value) for value in values]
    assert table.findings[0].line == 10_001


def test_null_and_no_key_are_absent() -> None:
    table = read('{"a": 1}\n{"a": null, "b": "x"}\n')
    assert table.columns.to_pylist() == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


def test_a_column_may_begin_late() -> None:
    rows = [{"a": row} for row in range(5000)] + [{"b": "x"}]
    table = read("\n".join(map(json.dumps, rows)))
    assert table.columns.column("b").to_pylist() == [None] * 5000 + ["x"]
    assert table.columns.column("a").to_pylist() == [*range(5000), None]


@pytest.mark.parametrize("text", ['\ufeff{"a":1}\n', '{"a":1}\r\n', '{"a":1}', '{"a":1}\n\n', ' {"a" : 1} \n'])
def test_usual_ways_of_writing_are_equal(text: str) -> None:
    table = read(text)
    assert (table.columns.to_pylist(), list(table.lines)) == ([{"a": 1}], [1])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a":1,"a":2}', "stands twice"),
        ('{"a":NaN}', "NaN"),
        ('{"a":1e999}', "double"),
        ('{"a":9223372036854775808}', "64 bits"),
        (r'{"a":"\ud800"}', "surrogate"),
        ('{"a":1}{"a":2}', "two values on one line"),
        ("[1]", "an array, not an object"),
        ("null", "null, not an object"),
        ('"a"', "a text, not an object"),
        ('{"a":', "no JSON"),
        ('{"":1}', "a key that has no name"),
        ('{" ":1}', "a key that has no name"),
        (r'{"a\nb":1}', "control characters"),
        ('{"a":' * 100_000, "nested deeper"),
        ('{"a":[' + "0," * 1_000_000 + "0]}", "more than 1,000,000 values"),
    ],
)
def test_a_bad_line_is_left_out_and_accounted_for(line: str, reason: str) -> None:
    table = read('{"a":1}\n' + line + '\n{"a":3}\n')
    assert (table.columns.to_pylist(), list(table.lines)) == ([{"a": 1}, {"a": 3}], [1, 3])
    assert [(item.line, item.code) for item in table.refused] == [(2, "metadata.bad_line")]
    assert reason in table.refused[0].reason
    assert [finding.line for finding in table.findings] == [2]


@pytest.mark.parametrize("empty", ["\n", " \n", "\r\n"])
def test_an_empty_line_between_rows_is_a_warning(empty: str) -> None:
    table = read('{"a":1}\n' + empty + '{"a":2}\n' + empty)
    assert table.columns.to_pylist() == [{"a": 1}, {"a": 2}]
    assert [(finding.code, finding.line, finding.severity) for finding in table.findings] == [
        ("metadata.empty_line", 2, "warning")
    ]


def test_a_nul_refuses_the_table() -> None:
    with pytest.raises(MetadataError, match="NUL") as caught:
        read('{"a":1}\n{"a":"\0"}\n')
    assert caught.value.where == "m.jsonl:2"


def test_a_line_beyond_the_cap_is_refused() -> None:
    with pytest.raises(MetadataError, match="longer than 16777216") as caught:
        read('{"a":1}\n{"a":"' + "x" * MAX_BYTES + '"}\n')
    assert caught.value.where == "m.jsonl:2"


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(MetadataError, match="not UTF-8") as caught:
        read(b'{"a":1}\n{"a":"\xe9"}\n')
    assert caught.value.where == "m.jsonl:2"


def test_many_columns_that_are_absent_nearly_everywhere_are_refused() -> None:
    first = json.dumps({f"k{number}": 1 for number in range(10_000)})
    with pytest.raises(MetadataError, match="10,000 columns are absent in nearly all"):
        read(first + "\n" + "{}\n" * 10_000)


def test_a_wide_table_of_few_rows_is_no_bomb() -> None:
    first = json.dumps({f"k{number}": 1 for number in range(10_000)})
    assert read(first + "\n" + "{}\n" * 100).columns.shape == (101, 10_000)


@pytest.mark.parametrize("text", ["", "\n", "\ufeff\n"])
def test_a_table_without_rows_is_nothing(text: str) -> None:
    with pytest.raises(NothingError):
        read(text)


def test_deep_nesting_stays_json_text() -> None:
    deep: object = "x"
    for _ in range(20):
        deep = [deep]
    assert read_column(deep).columns.schema.field("x").type == pa.string()
