# ruff: noqa: ANN401 - the keywords of jsonschema take any JSON values
"""The reference engine, ``jsonschema``, as the one that explains what the fast engine has refused.

It walks the schema; every check of a single value is put to jsonschema-rs, so that the two cannot disagree about one and
no pattern ever reaches Python's backtracking ``re``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend
from referencing import Registry

from listen_datasets.schema.document import REGEX, Document
from listen_datasets.schema.violation import Broken

CHECKS = [
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
]

_Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]


class Explainer:
    """Says what breaks a schema in a row that is known to break it."""

    def __init__(self, document: Document) -> None:
        self._decider = document.dialect.decider
        self._judges: dict[tuple[object, ...], Any] = {}
        # jsonschema finds the properties that patterns cover with `re`; such schemas are left to the other engine.
        self._is_able = not _has_both(document, "unevaluatedProperties", "patternProperties")
        # A registry without a retriever opens neither sockets nor files.
        self._validator = self._engine(document.dialect.explainer)(document.root, registry=Registry())

    def explain(self, row: Mapping[str, Any]) -> list[Broken]:
        """Return what the row breaks; nothing if this engine sees no fault in it or cannot judge it."""
        if not self._is_able:
            return []
        try:
            # Of an `anyOf` or `oneOf`, the error inside that says more.
            errors = [best_match([error]) or error for error in self._validator.iter_errors(row)]
        except RecursionError:
            return []
        # jsonschema does not say where in the row the schema `false` stood.
        return [] if any(error.validator is None for error in errors) else [_broken(error) for error in errors]

    def _engine(self, explainer: Any) -> Any:
        keywords: dict[str, _Keyword] = {name: self._check(name) for name in CHECKS}
        keywords |= {
            "required": _required,
            "dependentRequired": _dependent_required,
            "patternProperties": self._pattern_properties,
            "additionalProperties": self._additional_properties,
        }
        known = {name: check for name, check in keywords.items() if name in explainer.VALIDATORS}
        return extend(explainer, known)  # type: ignore[no-untyped-call]

    def _passes(self, keyword: str, expected: Any, value: Any) -> bool:
        # Lists and objects by identity: they live as long as the schema, and an enum may be long. 1, 1.0 and True are
        # equal and do not mean the same.
        key = (keyword, type(expected), id(expected) if isinstance(expected, list | dict) else expected)
        judge = self._judges.get(key)
        if judge is None:
            judge = self._decider({keyword: expected}, validate_formats=True, pattern_options=REGEX, offline=True)
            self._judges[key] = judge
        return bool(judge.is_valid(value))

    def _check(self, keyword: str) -> _Keyword:
        def check(_validator: Any, expected: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
            if not self._passes(keyword, expected, value):
                yield ValidationError(keyword)

        return check

    def _pattern_properties(self, validator: Any, patterns: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(value, dict):
            for pattern, schema in patterns.items():
                for name in value:
                    if self._passes("pattern", pattern, name):
                        yield from validator.descend(value[name], schema, path=name, schema_path=pattern)

    def _additional_properties(
        self, validator: Any, allowed: Any, value: Any, schema: Any
    ) -> Iterator[ValidationError]:
        if not isinstance(value, dict):
            return
        for name in value.keys() - schema.get("properties", {}).keys():
            if any(self._passes("pattern", pattern, name) for pattern in schema.get("patternProperties", ())):
                continue
            if allowed is False:
                yield ValidationError("additionalProperties", path=(name,), instance=value[name])
            else:
                yield from validator.descend(value[name], allowed, path=name)


def _required(_validator: Any, names: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for name in names:
            if name not in value:
                yield ValidationError("required", path=(name,))


def _dependent_required(_validator: Any, needs: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for name in sorted({need for given, names in needs.items() if given in value for need in names}):
            if name not in value:
                yield ValidationError("dependentRequired", path=(name,))


def _broken(error: ValidationError) -> Broken:
    return Broken(tuple(error.absolute_path), str(error.validator), error.validator_value, error.instance)


def _has_both(document: Document, *keywords: str) -> bool:
    return all(any(keyword in schema for schema in document.nodes.values()) for keyword in keywords)
