"""What a schema says about each column, in words for people: the table that ``lds schema show`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.schema.columns import places_of, together, types_of
from listen_datasets.schema.document import Document
from listen_datasets.schema.keywords import UNIQUE

_LISTED = 10  # allowed values that a phrase lists
_CITED = 80
_ORDER = ("string", "integer", "number", "boolean", "array", "object", "null")
_PHRASES = {
    "const": "only {}",
    "pattern": "matches {}",
    "format": "format {}",
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "multipleOf": "multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} entries",
    "maxProperties": "at most {} entries",
}
_CONDITIONS = ("anyOf", "oneOf", "not", "if", "items", "prefixItems", "contains", "properties", "additionalProperties")


@dataclass(frozen=True, kw_only=True)
class Outline:
    """One column of a schema.

    Attributes:
        name: Its name.
        types: The types of JSON Schema that it may have; none if it may have all.
        required: Whether each row must have it.
        allowed: What a value must be beyond its type, in short phrases.
        description: The schema's words about it.
    """

    name: str
    types: tuple[str, ...]
    required: bool
    allowed: tuple[str, ...]
    description: str | None


def outlined(document: Document) -> list[Outline]:
    """Return the columns that a schema names at its top, in order, through ``$ref`` and ``allOf``."""
    required = {name for at in together(document, "") for name in document.nodes[at].get("required", ())}
    return [_outline(document, name, places, name in required) for name, places in places_of(document).items()]


def _outline(document: Document, name: str, places: Sequence[str], required: bool) -> Outline:  # noqa: FBT001 - a fact
    schemas = [document.nodes[inner] for at in places for inner in together(document, at)]
    types = types_of(document, places)
    said = [kind for kind in _ORDER if kind in types and not (kind == "integer" and "number" in types)]
    phrases = [phrase for schema in schemas for phrase in _phrases(schema)]
    parents = [document.nodes[at.removesuffix(pointer("properties", name))] for at in places]
    if not types or any(parent["properties"][name] is False for parent in parents):
        phrases = ["no value"]
    return Outline(
        name=name,
        types=() if len(said) == len(_ORDER) - 1 else tuple(said),
        required=required,
        allowed=tuple(dict.fromkeys(phrases)),
        description=next((schema["description"] for schema in schemas if "description" in schema), None),
    )


def _phrases(schema: Mapping[str, Any]) -> Iterator[str]:
    if "enum" in schema:
        listed = ", ".join(shown(value, _CITED) for value in schema["enum"][:_LISTED])
        more = len(schema["enum"]) - _LISTED
        yield f"one of {listed}" + (f" and {more} more" if more > 0 else "")
    for keyword, phrase in _PHRASES.items():
        if keyword in schema:
            text = phrase.format(shown(schema[keyword], _CITED))
            yield text.removesuffix("s") if schema[keyword] == 1 and text.startswith("at ") and " 1 " in text else text
    if schema.get("uniqueItems") is True:
        yield "no item twice"
    if schema.get(UNIQUE) is True:
        yield "in one row only"
    inner = [keyword for keyword in _CONDITIONS if keyword in schema]
    if inner:
        yield f"and what {', '.join(inner)} asks for"
