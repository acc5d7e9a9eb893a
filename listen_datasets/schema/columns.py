"""What a schema says about columns, and text columns turned into the types that it declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from listen_datasets.metadata.exact import convert
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.model import Finding
from listen_datasets.schema.document import Document

_ALL_TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})
_ARROW = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}


@dataclass(frozen=True)
class Column:
    """What a schema says about one column.

    Attributes:
        types: The types of JSON Schema that a value may have, without ``null``; empty if it says nothing.
        description: Its words for people.
        is_unique: Whether no value may stand in two rows: the schema says ``x-unique``, as JSON Schema judges one row at a time.
    """

    types: frozenset[str]
    description: str | None = None
    is_unique: bool = False

    @property
    def text_becomes(self) -> str | None:
        """Return the one type that every text of the column must be converted to; None if it stays text."""
        types = self.types - {"integer"} if "number" in self.types else self.types
        only = next(iter(types), None) if len(types) == 1 else None
        return only if only in _ARROW else None


def columns_of(document: Document) -> dict[str, Column]:
    """Return the columns that a schema names at its top, in order, through ``$ref`` and ``allOf``."""
    return {name: _column(document, places) for name, places in places_of(document).items()}


def places_of(document: Document) -> dict[str, list[str]]:
    """Return the columns that a schema names at its top, in order, and where in the schema each is named."""
    found: dict[str, list[str]] = {}
    for at in together(document, ""):
        for name in document.nodes[at].get("properties", ()):
            found.setdefault(name, []).append(at + pointer("properties", name))
    return found


def together(document: Document, at: str) -> Iterator[str]:
    """Yield the place of a schema and, once each, of those that hold wherever it holds: by ``$ref`` and ``allOf``."""
    seen: set[str] = set()
    todo = [at]
    while todo:
        place = todo.pop()
        if place not in seen and place in document.nodes:
            seen.add(place)
            yield place
            schema = document.nodes[place]
            held = [place + pointer("allOf", position) for position in range(len(schema.get("allOf", ())))]
            todo += [*reversed(held), *filter(None, [document.targets.get(schema.get("$ref", ""))])]


def _column(document: Document, places: Sequence[str]) -> Column:
    schemas = [document.nodes[inner] for at in places for inner in together(document, at)]
    description = next((schema["description"] for schema in schemas if "description" in schema), None)
    types = types_of(document, places)
    is_unique = any(schema.get("x-unique") is True for schema in schemas)
    return Column(frozenset() if types == _ALL_TYPES else types - {"null"}, description, is_unique)


def types_of(document: Document, places: Sequence[str]) -> frozenset[str]:
    """Return the types of JSON Schema, ``null`` among them, that a value may have which stands under several schemas."""
    return frozenset.intersection(_ALL_TYPES, *(_types(document, at) for at in places))


def _types(document: Document, at: str) -> frozenset[str]:
    """Return the types that a value may have."""
    types = _ALL_TYPES
    for inner in together(document, at):
        schema = document.nodes[inner]
        if "type" in schema:
            said = frozenset([schema["type"]] if isinstance(schema["type"], str) else schema["type"])
            types &= said | {"integer"} if "number" in said else said
        if "enum" in schema or "const" in schema:
            types &= frozenset(_type_of(value) for value in schema.get("enum", [schema.get("const")]))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                places = [inner + pointer(keyword, position) for position in range(len(schema[keyword]))]
                types &= frozenset().union(*(_types(document, place) for place in places))
    return types


def _type_of(value: object) -> str:
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"), (list, "array"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "object")


def instances(
    columns: pa.Table, known: Mapping[str, Column], *, start: int = 0
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row as the JSON object that a schema judges, with its index.

    Absent values are left out. Text is converted one by one to what the schema declares, where that is exact; what does
    not convert stays text, so that the schema can refuse it as it stands.
    """
    names = columns.column_names
    types = [known[name].types if name in known else frozenset() for name in names]
    index = start
    for batch in columns.to_batches(max_chunksize=4096):
        lists = [values_of(column, kinds) for column, kinds in zip(batch.columns, types, strict=True)]
        for row in zip(*lists, strict=True):
            yield index, {name: value for name, value in zip(names, row, strict=True) if value is not None}
            index += 1


def values_of(array: pa.Array, types: frozenset[str]) -> list[Any]:
    """Return the values of a column as the JSON values that a schema judges, given the types that it declares."""
    values: list[Any] = array.to_pylist()
    if pa.types.is_string(array.type) and types and "string" not in types:
        return [None if value is None else convert(value, types) for value in values]
    return [_without_absent(value) for value in values] if pa.types.is_nested(array.type) else values


def _without_absent(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Leave out the null entries of objects: an Arrow struct has all its fields in every row."""
    if isinstance(value, dict):
        return {name: _without_absent(inner) for name, inner in value.items() if inner is not None}
    return [_without_absent(item) for item in value] if isinstance(value, list) else value


def typed(table: MetadataTable, known: Mapping[str, Column]) -> tuple[MetadataTable, tuple[Finding, ...]]:
    """Convert each text column to the number or truth type that the schema declares, if every value converts exactly.

    A column with a value that does not convert stays text, and each such value is a finding ``metadata.type``.
    """
    columns, findings = table.columns, []
    for position, field in enumerate(columns.schema):
        kind = known[field.name].text_becomes if field.name in known else None
        if kind is None or not pa.types.is_string(field.type):
            continue
        # Equal texts are converted once: a million ages are a hundred texts.
        texts = columns.column(position).combine_chunks().dictionary_encode()
        values = [convert(text, {kind}) for text in texts.dictionary.to_pylist()]
        wrong = {at: value for at, value in enumerate(values) if isinstance(value, str)}
        if wrong:
            which = ((row, wrong[at]) for row, at in enumerate(texts.indices.to_pylist()) if at in wrong)
            findings += [_finding(table, field.name, kind, row, value) for row, value in which]
        else:
            numbers = pa.array(values, _ARROW[kind]).take(texts.indices)
            columns = columns.set_column(position, pa.field(field.name, _ARROW[kind]), numbers)
    return replace(table, columns=columns), tuple(findings)


def _finding(table: MetadataTable, column: str, kind: str, row: int, value: str) -> Finding:
    return Finding(
        code="metadata.type",
        severity="error",
        message=f"The text `{shown(value, 80)}` is no {kind} that can be held exactly, so the column stays text.",
        path=table.name,
        line=table.lines[row],
        field=pointer(column),
        value=shown(value),
        hint="correct the value, leave the cell empty, or declare the column a string",
    )
