"""The keywords of JSON Schema, by dialect: which are known, and where their subschemas lie.

Sources: JSON Schema draft-07, 2019-09 and 2020-12 (core and validation). A keyword that a dialect does not know passes in
silence there, so it is not in its list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jsonschema
import jsonschema_rs

Place = Literal["same", "below", "apart"]
"""What a subschema applies to: the same value, a value inside it, or nothing until something refers to it."""

_COMMON = frozenset(
    [
        "$schema",
        "$id",
        "$ref",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "readOnly",
        "writeOnly",
        "type",
        "enum",
        "const",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "format",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxProperties",
        "minProperties",
        "required",
        "contentEncoding",
        "contentMediaType",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "properties",
        "patternProperties",
        "additionalProperties",
        "propertyNames",
        "items",
        "contains",
        "definitions",
    ]
)
_SINCE_2019 = _COMMON | frozenset(
    [
        "$anchor",
        "$defs",
        "deprecated",
        "dependentRequired",
        "dependentSchemas",
        "minContains",
        "maxContains",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contentSchema",
    ]
)
ANNOTATIONS = frozenset(
    [
        "$schema",
        "$id",
        "$ref",
        "$comment",
        "$defs",
        "definitions",
        "title",
        "description",
        "default",
        "examples",
        "readOnly",
        "writeOnly",
        "deprecated",
    ]
)
UNSUPPORTED = frozenset(["$vocabulary"])
"""Known keywords that a schema of a metadata row has no use for."""

SILENT_WITHOUT = {
    "then": "if",
    "else": "if",
    "minContains": "contains",
    "maxContains": "contains",
    "additionalItems": "items",
}
"""Keywords that check nothing unless another one stands beside them."""

UNIQUE = "x-unique"
"""Our own keyword: no two rows have the same value. The rules for the set as a whole judge it, as no engine sees two rows."""

FORMATS = frozenset(
    [
        "date",
        "date-time",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uuid",
        "uri-template",
        "json-pointer",
        "relative-json-pointer",
        "regex",
    ]
)
"""The formats that are checked; draft-07 does not know ``duration`` and ``uuid``."""

_PLACES: dict[str, Place] = {
    **dict.fromkeys(
        ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"), "same"
    ),
    **dict.fromkeys(("properties", "patternProperties", "additionalProperties", "unevaluatedProperties"), "below"),
    **dict.fromkeys(
        ("propertyNames", "items", "prefixItems", "additionalItems", "unevaluatedItems", "contains"), "below"
    ),
    **dict.fromkeys(("$defs", "definitions", "contentSchema"), "apart"),
}
_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions"})


@dataclass(frozen=True)
class Dialect:
    """A version of JSON Schema, in both engines.

    Attributes:
        uri: What ``$schema`` says.
        known: The keywords that check or describe something in it.
        decider: The class of jsonschema-rs, which decides.
        explainer: The class of jsonschema, which explains.
    """

    uri: str
    known: frozenset[str]
    decider: Any
    explainer: Any

    @property
    def is_draft_07(self) -> bool:
        """Return whether it is the oldest, in which ``$ref`` stands alone and ``$id`` makes anchors."""
        return "$defs" not in self.known

    @property
    def definitions(self) -> str:
        """Return the keyword under which schemas stand until they are referred to."""
        return "definitions" if self.is_draft_07 else "$defs"

    @property
    def formats(self) -> frozenset[str]:
        """Return the formats that are checked."""
        return FORMATS - {"duration", "uuid"} if self.is_draft_07 else FORMATS


DIALECTS = (
    Dialect(
        "https://json-schema.org/draft/2020-12/schema",
        _SINCE_2019 | {"prefixItems", "$dynamicRef", "$dynamicAnchor"},
        jsonschema_rs.Draft202012Validator,
        jsonschema.Draft202012Validator,
    ),
    Dialect(
        "https://json-schema.org/draft/2019-09/schema",
        _SINCE_2019 | {"additionalItems", "$recursiveRef", "$recursiveAnchor"},
        jsonschema_rs.Draft201909Validator,
        jsonschema.Draft201909Validator,
    ),
    Dialect(
        "http://json-schema.org/draft-07/schema",
        _COMMON | {"additionalItems", "dependencies"},
        jsonschema_rs.Draft7Validator,
        jsonschema.Draft7Validator,
    ),
)


@dataclass(frozen=True)
class Subschema:
    """A schema inside a schema.

    Attributes:
        steps: The keyword, and the name or position under it.
        place: What it applies to.
        schema: The schema, or a truth value.
    """

    steps: tuple[str | int, ...]
    place: Place
    schema: Any


def subschemas(schema: Mapping[str, Any]) -> Iterator[Subschema]:
    """Yield the schemas directly inside a schema; lists of names under ``dependencies`` are none."""
    for keyword, place in _PLACES.items():
        held = schema.get(keyword)
        if isinstance(held, list):
            yield from (Subschema((keyword, position), place, item) for position, item in enumerate(held))
        elif isinstance(held, dict) and keyword in _MAPS:
            yield from (
                Subschema((keyword, name), place, item) for name, item in held.items() if not isinstance(item, list)
            )
        elif isinstance(held, dict | bool):
            yield Subschema((keyword,), place, held)
