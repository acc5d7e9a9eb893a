from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from listen_datasets import tables
from listen_datasets.schema import MetadataSchema, lint
from listen_datasets.schema.ranges import beside, empty

CORE = "https://listen-datasets.example/schemas/1/metadata/core.schema.json"
DRAFT_07 = "http://json-schema.org/draft-07/schema#"
SHIPPED = sorted(tables.schemas_folder().rglob("*.schema.json"), key=lambda path: path.name)


def advice(schema: dict[str, Any]) -> list[lint.Advice]:
    return lint.advice(MetadataSchema.load(schema).checked)


def column(schema: object) -> list[tuple[str, str]]:
    return [(item.pointer, item.message) for item in advice({"properties": {"x": schema}})]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_is_shipped_needs_no_advice(path: Path) -> None:
    assert advice(json.loads(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("schema", "pointer", "message"),
    [
        ({}, "", "the column `x` has no type, so that its text stays text, numbers among it"),
        ({"description": "d", "maxLength": 3}, "", "the column `x` has no type"),
        ({"enum": ["Dog", "dog ", "cat"]}, "/enum", "`Dog`, `dog ` differ by case, white space or Unicode form alone"),
        ({"enum": ["Caf\u00e9", "Cafe\u0301"]}, "/enum", "differ by case, white space or Unicode form alone"),
        ({"type": "string", "pattern": "[0-9]+"}, "/pattern", "the pattern [0-9]+ may begin and end anywhere in a text"),
        ({"type": "string", "pattern": "^[0-9]+"}, "/pattern", "may end anywhere"),
        ({"type": "string", "pattern": "[0-9]+$"}, "/pattern", "may begin anywhere"),
        ({"type": "string", "pattern": r"^5\$"}, "/pattern", "may end anywhere"),
        ({"type": "string", "pattern": "^a|b$"}, "/pattern", "has alternatives"),
        ({"type": "object", "patternProperties": {"a": {}}}, "/patternProperties/a", "anywhere"),
        ({"type": "number", "minimum": 3, "maximum": 2}, "", "no value meets `minimum` 3 and `maximum` 2"),
        ({"type": "number", "exclusiveMinimum": 3, "maximum": 3}, "", "no value meets `exclusiveMinimum` 3 and `maximum` 3"),
        ({"type": "string", "minLength": 3, "allOf": [{"maxLength": 2}]}, "", "no value meets `minLength` 3 and `maxLength` 2"),
        ({"type": "integer", "enum": ["a"]}, "", "no value has all the types"),
        ({"type": "string", "minimum": 3, "maximum": 5}, "", "nothing is checked by `minimum`, `maximum`"),
        ({"type": "integer", "format": "date"}, "", "nothing is checked by `format`"),
        ({"type": "string", "default": 5}, "/default", "the schema refuses 5: `type`"),
        ({"type": "string", "format": "date", "examples": ["2024-01-01", "x"]}, "/examples/1", "the schema refuses x: `format`"),
        ({"type": "array", "items": {"type": "string", "pattern": "a"}}, "/items/pattern", "anywhere"),
    ],
)  # fmt: skip
def test_what_looks_like_a_slip_is_told(schema: object, pointer: str, message: str) -> None:
    ((where, said),) = column(schema)
    assert where == f"/properties/x{pointer}"
    assert message in said


@pytest.mark.parametrize(
    "schema",
    [
        True,
        False,
        {"type": "string"},
        {"enum": ["dog", "cat", "1", 1]},
        {"type": "number", "minimum": 3, "maximum": 3},
        {"type": ["string", "integer"], "minimum": 0, "pattern": "^a$"},
        {"type": "string", "pattern": "^(a|b)[|]$"},
        {"type": "string", "pattern": r"^a\|b$"},
        {"type": "string", "pattern": r"\A(?:a|b)\z"},
        {"type": "string", "examples": ["a"], "default": "b"},
        {"type": "integer", "examples": [1, 1.0]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ],
)
def test_what_may_be_meant_is_left_alone(schema: object) -> None:
    assert column(schema) == []


@pytest.mark.parametrize(
    ("schema", "pointer", "message", "hint"),
    [
        ({"required": ["lable"]}, "/required", "`required` asks for `lable`, which `properties` lacks", "did you mean `label`?"),
        ({"required": ["zebra"]}, "/required", "`required` asks for `zebra`", "describe it under `properties`"),
        ({"dependentRequired": {"label": ["x"]}}, "/dependentRequired", "`dependentRequired` asks for `x`", "describe"),
        ({"if": {"required": ["lable"]}, "then": {"required": ["label"]}}, "/if/required", "asks for `lable`", "`label`"),
        ({"type": "array"}, "", "each row is an object, which the schema refuses", "object"),
        ({"examples": [{"label": 1}]}, "/examples/0", '{"label": 1}: `type` of /label', "correct it"),
        ({"allOf": [{"properties": {"Label ": {"type": "string"}}}]}, "/allOf/0/properties/Label ", "the columns `label`", "keep"),
        ({"allOf": [{"properties": {"a": {"type": "string"}}}], "additionalProperties": False}, "/additionalProperties",
         "does not see `a`, and refuses them", "unevaluatedProperties"),
        ({"allOf": [{"properties": {"label": {"type": "number"}}}]}, "/properties/label", "no value has all the types", "type"),
    ],
)  # fmt: skip
def test_slips_of_the_whole_are_told(schema: dict[str, Any], pointer: str, message: str, hint: str) -> None:
    (found,) = advice({**schema, "properties": {"label": {"type": "string"}}})
    assert found.pointer == pointer
    assert message in found.message
    assert hint in found.hint


def test_columns_are_found_through_a_reference() -> None:
    schema = {
        "allOf": [{"$ref": CORE}],
        "required": ["file_name", "licence"],
        "properties": {"duration": {"maximum": -1}},
    }
    assert [(item.pointer, item.hint) for item in advice(schema)] == [
        ("/properties/duration", "swap or correct them"),
        ("/required", "did you mean `license`?"),
    ]


def test_places_are_those_of_the_file() -> None:
    schema = {"$defs": {"a/b": {"$id": "x", "enum": ["a", "A"]}}, "properties": {"c": {"$ref": "x"}}}
    assert [item.pointer for item in advice(schema)] == ["/$defs/a~1b/enum"]


def test_what_is_shipped_is_not_the_users_to_mend() -> None:
    manifest = next(path for path in SHIPPED if path.name == "manifest.schema.json")
    uri = json.loads(manifest.read_text(encoding="utf-8"))["$id"]
    schema = {"properties": {"clip_id": {"type": "string"}}, "$defs": {"x": {"$ref": uri}}, "required": ["clip_id"]}
    assert advice(schema) == []


def test_an_example_is_judged_with_what_it_refers_to() -> None:
    schema = {
        "definitions": {"n": {"type": "integer"}},
        "properties": {"c": {"allOf": [{"$ref": "#/definitions/n"}], "examples": [1, "x"]}},
    }
    assert [item.pointer for item in advice({"$schema": DRAFT_07, **schema})] == ["/properties/c/examples/1"]


@pytest.mark.parametrize(
    ("schema", "unchecked"),
    [
        ({}, ["columns that are not named"]),
        ({"additionalProperties": False}, []),
        ({"allOf": [{"unevaluatedProperties": False}]}, []),
        (
            {"unevaluatedProperties": False, "properties": {"a": {"contentEncoding": "base64"}}},
            ["contentEncoding, which only describes"],
        ),
        ({"$schema": DRAFT_07, "additionalProperties": False, "properties": {"a": {"contentEncoding": "base64"}}}, []),
        ({"additionalProperties": False, "properties": {"a": {"x-unique": True}}}, []),
        ({"additionalProperties": False, "x-note": 1}, ["x-note, a keyword of your own"]),
    ],
)
def test_what_is_left_open_is_told(schema: dict[str, Any], unchecked: list[str]) -> None:
    assert lint.unchecked(MetadataSchema.load(schema).checked) == unchecked


def test_a_large_schema_is_looked_through_at_once() -> None:
    held = {"type": "string", "enum": ["a", "A"], "examples": ["a"]}
    columns = {f"c{number}": held for number in range(4000)}
    schema = MetadataSchema.load({"properties": columns, "required": [f"d{number}" for number in range(4000)]})
    start = time.process_time()
    assert len(lint.advice(schema.checked)) == 8000
    assert time.process_time() - start < 4


def test_bounds_that_several_schemas_set_are_compared() -> None:
    assert list(empty([{"minimum": 1}, {"minimum": 3, "exclusiveMaximum": 3}])) == [
        ("`minimum` 3", "`exclusiveMaximum` 3")
    ]


def test_a_keyword_is_idle_beside_types_that_it_does_not_judge() -> None:
    schema = {"minimum": 1, "pattern": "a", "items": {}}
    assert list(beside(schema, frozenset({"integer"}))) == ["pattern", "items"]
    assert list(beside(schema, frozenset())) == []
