from __future__ import annotations

import json
import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listen_datasets.schema import MetadataSchema
from listen_datasets.schema.document import document
from listen_datasets.schema.screening import parts_of

DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"

# What a column may have to be.
COLUMNS: list[Any] = [
    {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"}, {"type": ["integer", "boolean"]},
    {"type": ["number", "null"]}, {"enum": ["a", "", 1, 0.5, True, None]}, {"enum": [1, 2, 2**53 + 1]}, {"const": 1},
    {"const": False}, {"pattern": "^[a-z]*$"}, {"pattern": "é$"}, {"format": "date"}, {"format": "date-time"},
    {"minimum": 0, "exclusiveMaximum": 2**63 - 1}, {"multipleOf": 0.5}, {"minLength": 1, "maxLength": 2}, {"not": {"type": "string"}},
    {"anyOf": [{"type": "integer", "minimum": 5}, {"type": "string", "maxLength": 1}]}, {"$ref": "#/$defs/small"}, {"$ref": "#small"},
    {"items": {"type": "integer"}, "uniqueItems": True}, {"properties": {"b": {"type": "integer"}}, "required": ["b"]}, True, False,
]  # fmt: skip
DEFINED = {"small": {"$anchor": "small", "type": "integer", "maximum": 9}}
NAMES = ["x", "y/~ %é", "z"]
TEXTS = st.sampled_from(
    ["", "a", "abc", "é", "e\u0301", "\U0001f600", "\0", "1", "01", "1.0", "1.5", "1e400", "-0", "9007199254740993", "true", "True",
     "null", "NaN", "2024-02-29", "2023-02-29", "2024-02-29T10:00:00Z", "2024-02-29T23:59:60Z", "٣", "a\n", "5", "7" * 30]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3)  # fmt: skip
KINDS: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.string(), TEXTS),
    (pa.int64(), st.sampled_from([0, 1, 5, -1, 2**53 + 1, 2**63 - 1, -(2**63)])),
    (pa.uint64(), st.sampled_from([0, 1, 2**63, 2**64 - 1])),
    (pa.float64(), st.sampled_from([0.0, -0.0, 1.0, 0.5, 1e300, 5e-324, math.nan, math.inf, -math.inf, 9007199254740992.0])),
    (pa.float32(), st.sampled_from([0.0, 1.0, 0.1, math.nan])),
    (pa.bool_(), st.booleans()),
    (pa.list_(pa.int64()), st.lists(st.sampled_from([1, 2, None]), max_size=3)),
    (pa.struct({"a": pa.string(), "b": pa.int64()}), st.fixed_dictionaries({"a": TEXTS, "b": st.none() | st.just(1)})),
    (pa.null(), st.none()),
]  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(0, 6))
    columns = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3)):
        kind, values = draw(st.sampled_from(KINDS))
        columns[name] = pa.array(draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), kind)
    if not columns:
        columns = {"x": pa.nulls(rows, pa.string())}
    table = pa.table(columns)
    cut = draw(st.integers(0, rows))
    return pa.concat_tables([table.slice(cut), table.slice(0, cut)])


@st.composite
def parts(draw: st.DrawFn) -> dict[str, Any]:
    named = draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(COLUMNS), max_size=3))
    part: dict[str, Any] = {
        "properties": named,
        "required": draw(st.lists(st.sampled_from([*NAMES, "w"]), unique=True, max_size=2)),
    }
    others = draw(st.sampled_from([None, True, False, {"type": "string"}]))
    return part if others is None else {**part, "additionalProperties": others}


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    schema = {"type": "object", "$defs": {**DEFINED, "more": draw(parts())}, **draw(parts()), "x-note": 1}
    if draw(st.booleans()):
        schema["allOf"] = [draw(parts()), {"$ref": "#/$defs/more"}]
    return {"$schema": DRAFT_2019, **schema} if draw(st.booleans()) else schema


@settings(max_examples=300)
@given(schemas(), tables())
def test_columns_are_judged_as_rows_are(source: dict[str, Any], table: pa.Table) -> None:
    schema = MetadataSchema.load(source)

    assert schema._screen is not None
    assert list(schema.judge(table)) == list(schema.check(schema.instances(table)))


@given(tables())
def test_draft_07_is_judged_by_its_own_words(table: pa.Table) -> None:
    small = {
        "definitions": {"small": {"type": "integer", "maximum": 9}},
        "properties": {"x": {"$ref": "#/definitions/small"}},
    }
    schema = MetadataSchema.load({"$schema": DRAFT_07, **small})

    assert schema._screen is not None
    assert list(schema.judge(table)) == list(schema.check(schema.instances(table)))


@pytest.mark.parametrize(
    "keyword",
    [
        {"unevaluatedProperties": False}, {"patternProperties": {"^x": {"type": "integer"}}}, {"propertyNames": {"maxLength": 1}},
        {"minProperties": 2}, {"maxProperties": 1}, {"dependentRequired": {"x": ["z"]}}, {"dependentSchemas": {"x": {"required": ["z"]}}},
        {"if": {"required": ["x"]}, "then": {"required": ["z"]}}, {"not": {"required": ["x"]}}, {"enum": [{"x": 1}]}, {"const": {}},
        {"anyOf": [{"required": ["x"]}, {"required": ["z"]}]}, {"oneOf": [{"required": ["x"]}, {"required": ["z"]}]},
        {"type": "array"}, {"allOf": [{"maxProperties": 1}]}, {"allOf": [False]}, {"$ref": "#/$defs/more"},
    ],
)  # fmt: skip
@settings(max_examples=10)
@given(table=tables())
def test_a_schema_that_looks_at_columns_together_judges_rows(keyword: dict[str, Any], table: pa.Table) -> None:
    source = {"$defs": {"more": {"maxProperties": 1}}, "properties": {"x": {"type": "integer"}}, **keyword}
    schema = MetadataSchema.load(source)

    assert parts_of(document(json.dumps(source).encode(), name="s")) is None
    assert list(schema.judge(table)) == list(schema.check(schema.instances(table)))


def test_rows_keep_their_index_beyond_one_batch() -> None:
    schema = MetadataSchema.load({"properties": {"x": {"type": "integer", "maximum": 5}}})
    values = [9 if row % 30_000 == 7 else 1 for row in range(150_000)]
    wrong = [row for row, value in enumerate(values) if value == 9]

    for kind in (pa.int64(), pa.string()):
        found = list(schema.judge(pa.table({"x": pa.array(values).cast(kind)})))
        assert [(item.index, item.value) for item in found] == [(row, "9") for row in wrong]
