from __future__ import annotations

from typing import Any

import pytest

from listen_datasets.schema import MetadataSchema
from listen_datasets.schema.outline import Outline

DRAFT_07 = "http://json-schema.org/draft-07/schema#"


def only(column: Any, **rest: Any) -> Outline:
    (found,) = MetadataSchema.load({"properties": {"x": column}, **rest}).outline()
    return found


@pytest.mark.parametrize(
    ("column", "types", "allowed"),
    [
        (True, (), ()),
        (False, (), ("no value",)),
        ({"type": "string"}, ("string",), ()),
        ({"type": ["null", "number"]}, ("number", "null"), ()),
        ({"enum": ["a", None]}, ("string", "null"), ("one of a, null",)),
        ({"enum": list(range(12))}, ("integer",), ("one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more",)),
        ({"type": "boolean", "const": True}, ("boolean",), ("only true",)),
        ({"type": "number", "minimum": -90, "maximum": 90}, ("number",), ("at least -90", "at most 90")),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.5}, (), ("above 0", "below 1", "multiple of 0.5")),
        ({"minLength": 1, "maxLength": 10}, (), ("at least 1 character", "at most 10 characters")),
        ({"pattern": "^a|b$", "format": "date"}, (), ("matches ^a|b$", "format date")),
        ({"type": "array", "items": {}, "uniqueItems": True}, ("array",), ("no item twice", "and what items asks for")),
        ({"type": "string", "x-unique": True}, ("string",), ("in one row only",)),
        ({"enum": ["\x1b[31m"]}, ("string",), ("one of \\x1b[31m",)),
    ],
)  # fmt: skip
def test_a_column_is_put_into_words(column: object, types: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    found = only(column)
    assert (found.name, found.types, found.allowed, found.required) == ("x", types, allowed, False)


def test_what_several_schemas_say_of_a_column_is_put_together() -> None:
    found = only(
        {"type": ["string", "integer"], "minLength": 1},
        allOf=[{"$ref": "#/$defs/more"}],
        **{"$defs": {"more": {"properties": {"x": {"type": "string", "minLength": 1, "description": "d"}}, "required": ["x"]}}},
    )  # fmt: skip
    assert found == Outline(
        name="x", types=("string",), required=True, allowed=("at least 1 character",), description="d"
    )


def test_columns_stand_in_the_order_of_the_schema() -> None:
    schema = MetadataSchema.load(
        {"$schema": DRAFT_07, "properties": {"b": {}, "a": {}}, "allOf": [{"properties": {"c": {}}}]}
    )
    assert [column.name for column in schema.outline()] == ["b", "a", "c"]
