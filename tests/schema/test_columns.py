from __future__ import annotations

from array import array
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.metadata import MetadataTable
from listen_datasets.schema import MetadataSchema

DRAFT_07 = "http://json-schema.org/draft-07/schema#"


def table(**columns: list[Any]) -> MetadataTable:
    data = pa.table(columns)
    return MetadataTable(name="metadata.csv", columns=data, lines=array("q", range(2, data.num_rows + 2)))


def schema_of(column: dict[str, Any], **more: Any) -> MetadataSchema:
    return MetadataSchema.load({"properties": {"x": column}, **more})


@pytest.mark.parametrize(
    ("column", "types"),
    [
        ({}, set()),
        ({"minLength": 1}, set()),
        ({"type": "integer"}, {"integer"}),
        ({"type": ["integer", "null"]}, {"integer"}),
        ({"type": "number"}, {"integer", "number"}),
        ({"type": ["string", "integer"]}, {"string", "integer"}),
        ({"enum": ["a", "b", None]}, {"string"}),
        ({"enum": [1, 2]}, {"integer"}),
        ({"const": True}, {"boolean"}),
        ({"type": "number", "enum": [1, 2]}, {"integer"}),
        ({"$ref": "#/$defs/count"}, {"integer"}),
        ({"$ref": "#count"}, {"integer"}),
        ({"allOf": [{"$ref": "#/$defs/count"}, {"minimum": 0}]}, {"integer"}),
        ({"allOf": [{"type": "number"}, {"type": "integer"}]}, {"integer"}),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"integer"}),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, {"integer", "string"}),
        ({"anyOf": [{"type": "integer"}, {}]}, set()),
    ],
)
def test_the_types_of_a_column_are_found(column: dict[str, Any], types: set[str]) -> None:
    schema = schema_of(column, **{"$defs": {"count": {"type": "integer", "$anchor": "count"}}})
    assert schema.columns()["x"].types == types


def test_columns_are_found_through_references_at_the_top() -> None:
    schema = MetadataSchema.load(
        {
            "$defs": {"base": {"properties": {"a": {"type": "integer", "description": "A count."}}}},
            "allOf": [{"$ref": "#/$defs/base"}, {"properties": {"b": {}}}],
            "properties": {"c": {}},
        }
    )
    assert set(schema.columns()) == {"a", "b", "c"}
    assert schema.columns()["a"].description == "A count."


@pytest.mark.parametrize(
    ("column", "texts", "values", "kind"),
    [
        ({"type": "integer"}, ["1", None, "-7"], [1, None, -7], "int64"),
        ({"type": ["integer", "null"]}, ["9223372036854775807"], [2**63 - 1], "int64"),
        ({"type": "number"}, ["1", "2.5", None], [1.0, 2.5, None], "double"),
        ({"type": ["number", "integer"]}, ["1"], [1.0], "double"),
        ({"type": "boolean"}, ["true", "false"], [True, False], "bool"),
        ({"enum": [1, 2]}, ["1", "2"], [1, 2], "int64"),
        ({"type": "integer"}, [None], [None], "int64"),
        ({"type": "string"}, ["1", "2"], ["1", "2"], "string"),
        ({"type": ["string", "integer"]}, ["1", "2"], ["1", "2"], "string"),
        ({"type": ["integer", "boolean"]}, ["1", "true"], ["1", "true"], "string"),
        ({}, ["1", "2"], ["1", "2"], "string"),
        ({"type": "array"}, ["[1]"], ["[1]"], "string"),
    ],
)
def test_a_text_column_gets_the_declared_type(
    column: dict[str, Any], texts: list[str | None], values: list[object], kind: str
) -> None:
    result, findings = schema_of(column).typed(table(x=pa.array(texts, pa.string())))
    assert repr(result.columns.column("x").to_pylist()) == repr(values)
    assert str(result.columns.schema.field("x").type) == kind
    assert findings == ()


def test_one_value_that_does_not_convert_keeps_the_column_text() -> None:
    result, findings = schema_of({"type": "integer"}).typed(table(x=["1", "007", "2", "1e3"], y=["a"] * 4))
    assert result.columns.column("x").to_pylist() == ["1", "007", "2", "1e3"]
    assert [(item.code, item.severity, item.line, item.field, item.value) for item in findings] == [
        ("metadata.type", "error", 3, "/x", "007"),
        ("metadata.type", "error", 5, "/x", "1e3"),
    ]


def test_columns_that_have_types_already_stay() -> None:
    before = table(x=[1.5, None])
    result, findings = schema_of({"type": "integer"}).typed(before)
    assert result.columns.equals(before.columns)
    assert findings == ()


def test_the_order_of_columns_stays() -> None:
    result, _ = schema_of({"type": "integer"}).typed(table(a=["1"], x=["2"], b=["3"]))
    assert result.columns.to_pylist() == [{"a": "1", "x": 2, "b": "3"}]


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_integers_come_back_from_text(values: list[int | None]) -> None:
    texts = pa.array([None if value is None else str(value) for value in values], pa.string())
    result, _ = schema_of({"type": "integer"}).typed(table(x=texts))
    assert result.columns.column("x").to_pylist() == values


@given(st.lists(st.text(max_size=8), min_size=1))
def test_text_is_never_changed_without_a_type(values: list[str]) -> None:
    texts = pa.array([value.encode("utf-8", "replace").decode() for value in values], pa.string())
    result, _ = schema_of({"minLength": 1}).typed(table(x=texts))
    assert result.columns.column("x").to_pylist() == texts.to_pylist()


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ({"type": "integer"}, "5", 5),
        ({"type": "integer"}, "007", "007"),
        ({"type": "number"}, "5", 5),
        ({"type": "number"}, "5.5", 5.5),
        ({"type": ["integer", "boolean"]}, "true", True),
        ({"type": ["integer", "string"]}, "5", "5"),
        ({}, "5", "5"),
    ],
)
def test_text_is_judged_as_what_it_exactly_spells(column: dict[str, Any], text: str, value: object) -> None:
    ((index, row),) = schema_of(column).instances(pa.table({"x": [text]}))
    assert (index, row, type(row["x"])) == (0, {"x": value}, type(value))


def test_absent_values_are_left_out_of_the_row() -> None:
    columns = pa.table({"x": pa.array([None, 1]), "y": pa.array(["a", None])})
    assert list(schema_of({}).instances(columns)) == [(0, {"y": "a"}), (1, {"x": 1})]


def test_absent_fields_are_left_out_of_nested_objects() -> None:
    columns = pa.table({"x": [[{"a": 1}, {"b": {"c": "d"}}, None]]})
    assert list(schema_of({}).instances(columns)) == [(0, {"x": [{"a": 1}, {"b": {"c": "d"}}, None]})]


def test_rows_keep_their_index_beyond_one_batch() -> None:
    columns = pa.table({"x": [str(row) for row in range(10_000)]})
    assert all(row == {"x": index} for index, row in schema_of({"type": "integer"}).instances(columns))


def test_a_wrong_value_that_stands_in_several_rows_is_found_in_each() -> None:
    _, findings = schema_of({"type": "integer"}).typed(table(x=["007", "1", None, "007", "1", "x"]))
    assert [(item.line, item.value) for item in findings] == [(2, "007"), (5, "007"), (7, "x")]


def test_a_typed_column_keeps_its_chunks_together_and_its_nulls_apart() -> None:
    pieces = pa.chunked_array([["5", None], [], ["-5", "5"]], pa.string())
    columns = pa.table({"x": pieces})
    before = MetadataTable(name="metadata.csv", columns=columns, lines=array("q", range(2, 6)))
    result, findings = schema_of({"type": "integer"}).typed(before)
    assert (result.columns.column("x").to_pylist(), findings) == ([5, None, -5, 5], ())
