"""Rows that may break a schema, found a column at a time: no row is put together that breaks nothing.

Where a schema says of each column what its values may be, and nothing about several columns at once, a row is valid
exactly if each of its values is. Then jsonschema-rs is given the values of a column, many in one call and equal texts once;
a row that holds a value which it refuses is judged as a whole, as all rows are under any other schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets.metadata.shown import pointer
from listen_datasets.schema.columns import Column, values_of
from listen_datasets.schema.document import REGEX, Document
from listen_datasets.schema.keywords import ANNOTATIONS

# What may stand at the top of a schema that judges each column by itself.
_APART = ANNOTATIONS | {"$anchor", "allOf", "type", "required", "properties", "additionalProperties"}
_ROW = "lds:row"
_TOGETHER = 128  # values in one call: one that is refused sends all of them through one by one

Mask = npt.NDArray[np.bool_]


class Screen:
    """Judges the columns of a table by themselves.

    Args:
        document: The schema.
        parts: Places of the schemas in it that hold for every row, as :func:`parts_of` gives them.
        known: What it says about its columns.
    """

    def __init__(self, document: Document, parts: Sequence[str], known: Mapping[str, Column]) -> None:
        self._document = document
        self._parts = parts
        self._known = known
        self._registry = jsonschema_rs.Registry([(_ROW, document.root)])
        self._judges: dict[str, Any] = {}
        self._required = sorted({name for at in parts for name in document.nodes[at].get("required", ())})

    def suspects(self, batch: pa.RecordBatch) -> Mask:
        """Return a mask of the rows (n) that break the schema."""
        found = np.zeros(batch.num_rows, np.bool_)
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            judges = [self._judge(place) for place in self._places(name)]
            if judges:
                types = self._known[name].types if name in self._known else frozenset[str]()
                found[_refused(array, types, judges)] = True
        for name in self._required:
            at = batch.schema.get_field_index(name)
            found |= True if at < 0 else batch.column(at).is_null().to_numpy(zero_copy_only=False)
        return found

    def _places(self, name: str) -> Iterator[str]:
        """Yield the places of the schemas that a column must obey."""
        for at in self._parts:
            schema = self._document.nodes[at]
            if name in schema.get("properties", ()):
                yield at + pointer("properties", name)
            elif "additionalProperties" in schema:
                yield at + pointer("additionalProperties")

    def _judge(self, place: str) -> Any:  # noqa: ANN401 - of an untyped library
        """Return what judges a list of values by a place in the schema, where references mean what they mean there."""
        if place not in self._judges:
            self._judges[place] = self._document.dialect.decider(
                {"items": {"$ref": f"{_ROW}#{quote(place)}"}},
                validate_formats=True,
                ignore_unknown_formats=False,
                pattern_options=REGEX,
                registry=self._registry,
                offline=True,
            )
        return self._judges[place]


def parts_of(document: Document) -> list[str] | None:
    """Return the places of the schemas that hold for every row.

    None if one of them looks at columns together, or if a reference leads out of the document.
    """
    if any("$ref" in schema and schema["$ref"] not in document.targets for schema in document.nodes.values()):
        return None
    found: list[str] = []
    todo = [""]
    while todo:
        at = todo.pop()
        if at in found:
            continue
        found.append(at)
        schema = document.nodes.get(at)
        if schema is None or not _is_apart(schema):
            return None
        if "$ref" in schema:
            todo.append(document.targets[schema["$ref"]])
        todo += [at + pointer("allOf", position) for position in range(len(schema.get("allOf", ())))]
    return found


def _is_apart(schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type", "object")
    is_object = "object" in ([kinds] if isinstance(kinds, str) else kinds)
    return is_object and all(keyword in _APART or keyword.startswith("x-") for keyword in schema)


def _refused(array: pa.Array, types: frozenset[str], judges: Iterable[Any]) -> npt.NDArray[np.int64]:
    """Return the positions of the values that a judge refuses; absent values are none."""
    rows = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False))
    present = array.drop_null()
    if not pa.types.is_string(array.type):
        return rows[_wrong(values_of(present, types), judges)]
    encoded = present.dictionary_encode()
    wrong = _wrong(values_of(encoded.dictionary, types), judges)
    return rows[np.isin(encoded.indices.to_numpy(), wrong)] if len(wrong) else rows[:0]


def _wrong(values: Sequence[Any], judges: Iterable[Any]) -> npt.NDArray[np.int64]:
    """Return the positions of the values that a judge refuses."""
    wrong = [
        start + position
        for judge in judges
        for start in range(0, len(values), _TOGETHER)
        if not judge.is_valid(values[start : start + _TOGETHER])
        for position, value in enumerate(values[start : start + _TOGETHER])
        if not judge.is_valid([value])
    ]
    return np.array(wrong, np.int64)
