from __future__ import annotations

import json
import math
import time
from typing import Any

import jsonschema_rs
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listen_datasets.schema import MetadataSchema, Violation
from listen_datasets.schema.columns import columns_of
from listen_datasets.schema.document import document
from listen_datasets.schema.explainer import Explainer
from listen_datasets.schema.validator import MAX_VIOLATIONS
from listen_datasets.schema.violation import Spellings
from listen_datasets.tables import schemas_folder

DIALECTS = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft-07": "http://json-schema.org/draft-07/schema#",
}

# One schema a family of keywords, valid in all three dialects unless it names its own.
SCHEMAS: list[dict[str, Any]] = [
    {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 0, "exclusiveMaximum": 10}}},
    {"properties": {"a": {"enum": ["x", 1, None, True, [1], {"b": 1}]}, "b": {"const": 1}}},
    {"properties": {"a": {"pattern": "^[a-c]+$"}, "b": {"minLength": 2, "maxLength": 3}}},
    {"properties": {"a": {"format": "date"}, "b": {"format": "date-time"}}},
    {"properties": {"a": {"multipleOf": 0.1}, "b": {"type": ["number", "null"]}}},
    {"properties": {"a": {"items": {"type": "integer"}, "uniqueItems": True, "minItems": 1, "maxItems": 2}}},
    {"properties": {"a": {"contains": {"const": 1}}}},
    {"properties": {"a": True, "b": False}, "additionalProperties": False},
    {"patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": {"type": "string"}},
    {"propertyNames": {"maxLength": 1}, "minProperties": 1, "maxProperties": 2},
    {"properties": {"a": {"anyOf": [{"type": "string"}, {"minimum": 5}]}}},
    {"properties": {"a": {"oneOf": [{"type": "integer"}, {"minimum": 1}]}}},
    {"properties": {"a": {"not": {"type": "string"}}}},
    {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}},
    {"definitions": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/definitions/n"}}},
    {"allOf": [{"required": ["a"]}, {"properties": {"a": {"minimum": 1}}}]},
    {"$schema": DIALECTS["2020-12"], "dependentRequired": {"a": ["b"]}, "unevaluatedProperties": False, "properties": {"a": {}}},
    {"$schema": DIALECTS["2020-12"], "patternProperties": {"^a": {}}, "unevaluatedProperties": False},
    {"$schema": DIALECTS["2020-12"], "properties": {"a": {"prefixItems": [{"type": "string"}], "unevaluatedItems": False}}},
    {"$schema": DIALECTS["2019-09"], "dependentSchemas": {"a": {"required": ["b"]}}},
    {"$schema": DIALECTS["2019-09"], "properties": {"a": {"contains": {"type": "integer"}, "minContains": 2, "maxContains": 3}}},
    {"$id": "https://x.org/s", "definitions": {"n": {"$id": "n", "definitions": {"m": {"type": "integer"}},
     "properties": {"a": {"$ref": "#/definitions/m"}}}}, "allOf": [{"$ref": "n"}]},
    {"$schema": DIALECTS["2020-12"], "$defs": {"n": {"$anchor": "n", "minimum": 1}}, "properties": {"a": {"$ref": "#n"}, "b": False}},
    {"$schema": DIALECTS["2020-12"], "$dynamicAnchor": "row", "properties": {"a": {"$dynamicRef": "#row"}}, "type": "object"},
    {"$schema": DIALECTS["2020-12"], "$dynamicAnchor": "row", "required": ["b"], "$ref": "tree", "$defs": {"t": {
     "$id": "tree", "$dynamicAnchor": "row", "properties": {"a": {"$dynamicRef": "#row"}}}}},
    {"$schema": DIALECTS["2019-09"], "$recursiveAnchor": True, "properties": {"a": {"$recursiveRef": "#"}}, "maxProperties": 1},
    {"$schema": DIALECTS["2020-12"], "allOf": [{"properties": {"a": {"type": "integer"}}}], "unevaluatedProperties": False},
    {"$schema": DIALECTS["draft-07"], "dependencies": {"a": ["b"], "c": {"required": ["a"]}}},
    {"$schema": DIALECTS["draft-07"], "properties": {"a": {"items": [{"type": "string"}], "additionalItems": False}}},
]  # fmt: skip
VALUES: list[Any] = [
    0, 1, -1, 5, 10, 1.0, 1.5, 0.3, 1e300, 2**53 + 1, -(2**63), 2**63 - 1, True, False, "", "a", "abc", "abcd", "abc\n", "x", "X",
    "1", "٣", "é", "e\u0301", "\U0001f600", "\0", "a" * 1000 + "!", "2024-02-29", "2023-02-29", "2024-02-29T10:00:00Z",
    "2024-02-29 10:00", [], [1], [1, 1], [1, True], [1, 1.0], ["a", 2], [[1], [1]], {}, {"b": 1}, {"b": 1.0}, {"b": True},
]  # fmt: skip


def dialects_of(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema] if "$schema" in schema else [{**schema, "$schema": uri} for uri in DIALECTS.values()]


ALL_SCHEMAS = [dialect for schema in SCHEMAS for dialect in dialects_of(schema)]


def check(schema: dict[str, Any], *rows: dict[str, Any]) -> list[Violation]:
    return list(MetadataSchema.load(schema).check(enumerate(rows)))


def only(schema: dict[str, Any], row: dict[str, Any]) -> Violation:
    (violation,) = check(schema, row)
    return violation


@pytest.mark.parametrize("schema", ALL_SCHEMAS, ids=" ".join)
def test_both_engines_give_the_same_verdict(schema: dict[str, Any]) -> None:
    explainer = Explainer(document(json.dumps(schema).encode(), name="s"))
    fast = MetadataSchema.load(schema)
    rows = [{"a": value} for value in VALUES] + [dict.fromkeys(names, 1) for names in ("", "b", "c", "ab", "bc", "z")]
    rows += [{"a": 1, "b": value} for value in VALUES] + [{"aa": 1}, {"aa": "x", "b": 1}, {"x": 1, "y": 2, "z": 3}]
    accepted = [row for row in rows if not list(fast.check([(0, row)]))]
    assert [row for row in rows if explainer._validator.is_valid(row)] == accepted


@settings(max_examples=200)
@given(
    schema=st.sampled_from(ALL_SCHEMAS),
    row=st.dictionaries(st.sampled_from(["a", "b", "c", "aa", "\u0301", ""]), st.sampled_from(VALUES), max_size=4),
)
def test_a_row_has_violations_exactly_if_jsonschema_rs_refuses_it(schema: dict[str, Any], row: dict[str, Any]) -> None:
    accepted = jsonschema_rs.is_valid(schema, row, validate_formats=True)
    assert bool(check(schema, row)) is not accepted


SHIPPED = [(schema, columns_of(schema)) for schema in (
    document(path.read_bytes(), name=path.name) for path in sorted((schemas_folder() / "metadata").glob("*.json"))
)]  # fmt: skip


@settings(max_examples=200)
@given(data=st.data())
def test_both_engines_give_the_same_verdict_of_any_row_by_the_shipped_schemas(data: st.DataObject) -> None:
    schema, columns = data.draw(st.sampled_from(SHIPPED))
    texts = st.one_of(
        st.text(max_size=8), st.sampled_from(["CC0-1.0", "https://x.org", "2024-02-29", "de-AT", "D minor"])
    )
    values = st.one_of(st.sampled_from(VALUES), texts, st.floats(), st.integers(-(2**63), 2**63 - 1), st.booleans())
    row = data.draw(st.dictionaries(st.one_of(st.sampled_from(sorted(columns)), st.text(max_size=3)), values))
    root = {**schema.root, **data.draw(st.sampled_from([{}, {"unevaluatedProperties": False}]))}
    accepted = list(MetadataSchema.load(root).check([(0, row)])) == []
    assert Explainer(document(json.dumps(root).encode(), name="s"))._validator.is_valid(row) is accepted


@pytest.mark.parametrize(
    ("column", "value", "keyword", "message"),
    [
        ({"type": "integer"}, "abc", "type", "`abc` is text, not integer."),
        ({"type": ["integer", "null"]}, 1.5, "type", "`1.5` is a number, not integer or null."),
        ({"type": "string"}, True, "type", "`true` is a truth value, not string."),
        ({"enum": ["dog", "cat"]}, "cow", "enum", "`cow` is none of `dog`, `cat`."),
        ({"enum": list(range(20))}, 99, "enum", "`8`, `9` and 10 more."),
        ({"const": "x"}, "y", "const", "`y` is not `x`."),
        ({"pattern": "^a$"}, "b", "pattern", "`b` does not match the pattern `^a$`."),
        ({"format": "date"}, "2023-02-29", "format", "`2023-02-29` is no valid `date`."),
        ({"minimum": 5}, 4, "minimum", "`4` is below `5`."),
        ({"exclusiveMinimum": 5}, 5, "exclusiveMinimum", "`5` is not above `5`."),
        ({"maximum": 5}, 6, "maximum", "`6` is above `5`."),
        ({"exclusiveMaximum": 5}, 5, "exclusiveMaximum", "`5` is not below `5`."),
        ({"multipleOf": 2}, 3, "multipleOf", "`3` is no multiple of `2`."),
        ({"minLength": 2}, "a", "minLength", "fewer than `2` characters"),
        ({"maxLength": 2}, "abc", "maxLength", "more than `2` characters"),
        ({"minItems": 1}, [], "minItems", "fewer than `1` items"),
        ({"maxItems": 1}, [1, 2], "maxItems", "more than `1` items"),
        ({"uniqueItems": True}, [1, 1], "uniqueItems", "holds an item twice"),
        ({"minProperties": 1}, {}, "minProperties", "fewer than `1` entries"),
        ({"contains": {"const": 1}}, [2], "contains", "No item of `[2]`"),
        ({"not": {"const": 1}}, 1, "not", "`1` is what the schema excludes."),
        ({"anyOf": [{"const": 1}, {"const": 2}]}, 3, "anyOf", "`3` fits none of the alternatives."),
        ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, 2, "oneOf", "more than one"),
    ],
)  # fmt: skip
def test_a_violation_says_what_was_seen_and_expected(
    column: dict[str, Any], value: object, keyword: str, message: str
) -> None:
    found = only({"properties": {"x": column}}, {"x": value})
    assert (found.index, found.pointer, found.keyword) == (0, "/x", keyword)
    assert message in found.message


def test_a_missing_value_is_reported_where_it_should_be() -> None:
    found = only({"required": ["label"]}, {"lable": "dog"})
    assert (found.pointer, found.keyword, found.value) == ("/label", "required", None)
    assert found.message == "The value of `label` is missing."
    assert found.hint == "did you mean `lable`?"


def test_an_unknown_column_is_reported_by_itself() -> None:
    found = only({"properties": {"label": {}}, "additionalProperties": False}, {"label": 1, "labell": "dog"})
    assert (found.pointer, found.keyword, found.value) == ("/labell", "additionalProperties", "dog")
    assert found.hint == "did you mean `label`?"


@pytest.mark.parametrize(
    "schema",
    [
        {"unevaluatedProperties": False},
        {"properties": {"a": {}}, "unevaluatedProperties": False},
        {"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False, "anyOf": [{"required": ["q"]}, {}]},
    ],
)
def test_each_column_that_nothing_evaluates_is_reported(schema: dict[str, Any]) -> None:
    found = [(item.pointer, item.keyword) for item in check(schema, {"b": 1, "c": 2})]
    assert found == [("/b", "unevaluatedProperties"), ("/c", "unevaluatedProperties")]


@pytest.mark.parametrize("more", [{}, {"anyOf": [{"required": ["q"]}, {"required": ["r"]}]}])
def test_a_fault_in_one_column_does_not_make_its_neighbours_unknown(more: dict[str, Any]) -> None:
    schema = {"allOf": [{"properties": {"a": {"minimum": 0}, "b": {}}}], "unevaluatedProperties": False, **more}
    found = {(item.pointer, item.keyword) for item in check(schema, {"a": -1, "b": 1, "c": 1})}
    assert found >= {("/a", "minimum"), ("/c", "unevaluatedProperties")}
    assert "/b" not in {where for where, _ in found}


@pytest.mark.parametrize("extra", [{}, {"properties": {"b": {}}}, {"patternProperties": {"b": {}}}])
def test_each_unknown_entry_is_reported(extra: dict[str, Any]) -> None:
    found = check({"properties": {"x": {"additionalProperties": False, **extra}}}, {"x": {"a": 1, "c": 2}})
    assert [(item.pointer, item.keyword) for item in found] == [
        ("/x/a", "additionalProperties"),
        ("/x/c", "additionalProperties"),
    ]


def test_all_faults_of_a_row_are_reported_in_order_of_place() -> None:
    schema = {"required": ["z"], "properties": {"b": {"type": "integer"}, "a": {"minLength": 3, "pattern": "^x"}}}
    found = check(schema, {"b": "x", "a": "y"})
    assert [(item.pointer, item.keyword) for item in found] == [
        ("/a", "minLength"),
        ("/a", "pattern"),
        ("/b", "type"),
        ("/z", "required"),
    ]


def test_a_fault_inside_an_alternative_is_named() -> None:
    schema = {"properties": {"x": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "string"}}]}}}
    found = only(schema, {"x": ["a", 5]})
    assert (found.pointer, found.keyword) == ("/x/1", "type")


@pytest.mark.parametrize("extra", [{}, {"anyOf": [{"required": ["x"]}, {"required": ["y"]}]}])
def test_a_value_that_no_schema_allows_is_named(extra: dict[str, Any]) -> None:
    found = only({"properties": {"x": False}, **extra}, {"x": 1})
    assert (found.pointer, found.keyword) == ("/x", "falseSchema")
    assert found.message == "`1` stands where the schema allows no value."


def test_a_conditional_fault_is_reported_where_it_is() -> None:
    schema = {
        "if": {"required": ["split"]},
        "then": {"properties": {"speaker": {"minLength": 1}}, "required": ["speaker"]},
    }
    assert only(schema, {"split": "test"}).pointer == "/speaker"


@pytest.mark.parametrize(
    ("column", "value", "hint"),
    [
        ({"enum": ["dog", "cat"]}, "dgo", "did you mean `dog`?"),
        ({"enum": ["dog", "cat"]}, " Dog", "did you mean `dog`?"),
        ({"enum": ["dog", "cat"]}, "zebra", None),
        ({"enum": [1, 2]}, 3, None),
        ({"type": "integer"}, "007", "without leading zeros"),
        ({"type": "integer"}, "+7", "plus sign"),
        ({"type": "integer"}, "7 ", "white space"),
        ({"type": "number"}, "1,5", "decimal point"),
        ({"type": "integer"}, "1.5", "declare it a number"),
        ({"type": "integer"}, "seven", None),
    ],
)
def test_a_hint_says_what_to_try(column: dict[str, Any], value: object, hint: str | None) -> None:
    found = only({"properties": {"x": column}}, {"x": value})
    assert found.hint is None if hint is None else hint in str(found.hint)


@pytest.mark.parametrize("word", ["dolphin", "Dolphin ", "dolphn", "dolphiin", "dolpihn", "dulphin"])
def test_one_typing_error_is_recognised(word: str) -> None:
    assert Spellings(["whale", "dolphin"]).nearest(word) == "dolphin"


@pytest.mark.parametrize("word", ["shark", "dlphn", "", "x" * 1000])
def test_what_is_further_away_is_not_guessed(word: str) -> None:
    assert Spellings(["whale", "dolphin", "ab"]).nearest(word) is None


def test_hints_cost_the_same_however_many_values_are_allowed() -> None:
    schema = MetadataSchema.load({"properties": {"x": {"enum": [f"label {number}" for number in range(20_000)]}}})
    start = time.process_time()
    found = list(schema.check((row, {"x": f"lable {row}"}) for row in range(2000)))
    assert time.process_time() - start < 4
    assert found[0].hint == "did you mean `label 0`?"


@pytest.mark.parametrize("schema", [{"items": {"type": "integer"}}, {"additionalProperties": False}])
def test_a_row_of_many_faults_reports_some_of_them(schema: dict[str, Any]) -> None:
    value = ["a"] * 1000 if "items" in schema else {f"k{number}": 1 for number in range(1000)}
    assert len(check({"properties": {"x": schema}}, {"x": value})) == MAX_VIOLATIONS


def test_values_are_shown_cut_and_escaped() -> None:
    found = only({"properties": {"x": {"maxLength": 5}}}, {"x": "\x1b[31m\u202e" + "x" * 10_000})
    assert found.value is not None
    assert len(found.value) < 250
    assert (found.value + found.message).isprintable()


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"pattern": "^(a+)+$"}}, "additionalProperties": False},
        {"patternProperties": {"^(a+)+$": False}, "additionalProperties": False},
        {"patternProperties": {"^(a+)+$": False}, "unevaluatedProperties": False},
        {"propertyNames": {"pattern": "^(a+)+$"}},
    ],
)
def test_an_exploding_pattern_ends_at_once(schema: dict[str, Any]) -> None:
    text = "a" * 5000 + "!"
    alternatives = {"anyOf": [{"required": ["x"]}, {"required": ["y"]}]}
    start = time.process_time()
    assert check({**schema, **alternatives}, {"a": text, text: 1})
    assert time.process_time() - start < 2


@pytest.mark.parametrize(("text", "is_fine"), [("abc", True), ("abc\n", False), ("\nabc", False)])
def test_the_end_of_a_pattern_is_the_end_of_the_text(text: str, is_fine: bool) -> None:  # noqa: FBT001 - a case
    assert (check({"properties": {"x": {"pattern": "^abc$"}}}, {"x": text}) == []) is is_fine


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_json_has_no_number_for_is_no_number(value: float) -> None:
    assert only({"properties": {"x": {"type": "number"}}}, {"x": value}).keyword == "type"


def test_rows_of_a_text_table_are_judged_by_what_they_spell() -> None:
    schema = MetadataSchema.load(
        {"properties": {"take": {"type": "integer", "minimum": 1}, "code": {"type": "string"}}}
    )
    columns = pa.table({"take": ["5", "0", "007", None], "code": ["007", "1", "2", "3"]})
    found = list(schema.check(schema.instances(columns)))
    assert [(item.index, item.pointer, item.keyword, item.value) for item in found] == [
        (1, "/take", "minimum", "0"),
        (2, "/take", "type", "007"),
    ]


def test_the_same_schema_gives_the_same_answer_twice() -> None:
    schema = MetadataSchema.load({"properties": {"x": {"anyOf": [{"type": "string"}, {"minimum": 5}]}}})
    rows: list[tuple[int, dict[str, Any]]] = [(7, {"x": 1}), (3, {"x": "a"}), (9, {"x": 2})]
    assert list(schema.check(rows)) == list(schema.check(rows))
    assert [item.index for item in schema.check(rows)] == [7, 9]
