"""What no value can meet, and what is asked of a type that a value cannot have: found in the schema alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# The keyword of the lower bound, those of the upper one, and whether a value may not equal both.
_PAIRS = (
    ("minimum", "maximum", False),
    ("minimum", "exclusiveMaximum", True),
    ("exclusiveMinimum", "maximum", True),
    ("exclusiveMinimum", "exclusiveMaximum", True),
    ("minLength", "maxLength", False),
    ("minItems", "maxItems", False),
    ("minContains", "maxContains", False),
    ("minProperties", "maxProperties", False),
)
_OF_TYPES: dict[frozenset[str], tuple[str, ...]] = {
    frozenset({"string"}): ("pattern", "format", "minLength", "maxLength", "contentEncoding", "contentMediaType"),
    frozenset({"integer", "number"}): ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"),
    frozenset({"array"}): ("items", "prefixItems", "additionalItems", "contains", "minItems", "maxItems", "uniqueItems",
                           "unevaluatedItems"),
    frozenset({"object"}): ("properties", "patternProperties", "additionalProperties", "required", "propertyNames",
                            "minProperties", "maxProperties", "unevaluatedProperties", "dependentRequired"),
}  # fmt: skip


def empty(schemas: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield pairs of bounds, in words, between which nothing lies.

    Args:
        schemas: Schemas that hold for the same value.
    """
    for lower, upper, is_open in _PAIRS:
        low = max((schema[lower] for schema in schemas if lower in schema), default=None)
        high = min((schema[upper] for schema in schemas if upper in schema), default=None)
        if low is not None and high is not None and (low > high or (is_open and low == high)):
            yield f"`{lower}` {low}", f"`{upper}` {high}"


def beside(schema: Mapping[str, Any], types: frozenset[str]) -> Iterator[str]:
    """Yield the keywords of a schema that hold for no type that a value may have, so that they check nothing."""
    for judged, keywords in _OF_TYPES.items():
        if types and types.isdisjoint(judged):
            yield from (keyword for keyword in keywords if keyword in schema)
