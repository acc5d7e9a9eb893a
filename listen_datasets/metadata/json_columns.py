"""JSON objects to Arrow columns, without changing a value.

A column whose values all are of one kind gets that kind's type. Whole numbers beside fractions become float64 if every
one of them is held exactly. Arrays and objects become Arrow lists and structs if one type holds them all. What no single
type can hold is kept as canonical JSON text, and a finding says so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from listen_datasets.digest import canonical_json
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.metadata.strict_json import depth
from listen_datasets.metadata.table import check_names
from listen_datasets.model import Finding

MAX_NESTING = 16
"""Deepest list or struct that becomes an Arrow type; deeper ones stay JSON text."""
MAX_FIELDS = 1000
"""Most fields of one struct column, nested ones included; an object with data for keys stays JSON text."""

_ARROW = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
_NAMES = {str: "text", bool: "truth values", int: "integers", float: "fractions", list: "arrays", dict: "objects"}


@dataclass
class _Column:
    """A column while it grows: one Arrow array a batch, of its own type if that is one scalar type, else JSON text."""

    kinds: set[type] = field(default_factory=set)
    chunks: list[tuple[type | None, pa.Array]] = field(default_factory=list)

    def append(self, values: list[Any]) -> None:
        kinds = set(map(type, values)) - {type(None)}
        self.kinds |= kinds
        kind = next(iter(kinds)) if len(kinds) == 1 else None
        if not kinds:
            self.chunks.append((str, pa.nulls(len(values), pa.string())))
        elif kind in _ARROW:
            self.chunks.append((kind, pa.array(values, _ARROW[kind])))
        else:
            texts = [None if value is None else canonical_json(value).decode() for value in values]
            self.chunks.append((None, pa.array(texts, pa.string())))

    def values(self) -> list[Any]:
        """Return the values as they were in the file."""
        everything: list[Any] = []
        for kind, chunk in self.chunks:
            values = chunk.to_pylist()
            if kind is None:
                values = [None if value is None else json.loads(value) for value in values]
            everything += values
        return everything

    def scalar(self) -> pa.ChunkedArray | None:
        """Return the column if all its values are of one scalar kind."""
        if len(self.kinds) > 1 or not self.kinds <= _ARROW.keys():
            return None
        arrow = _ARROW[next(iter(self.kinds), str)]
        chunks = [chunk if chunk.type == arrow else pa.nulls(len(chunk), arrow) for _, chunk in self.chunks]
        return pa.chunked_array(chunks, arrow)


class JsonColumns:
    """The columns of a table of JSON objects, grown batch by batch."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._columns: dict[str, _Column] = {}
        self._rows = 0

    def append(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows; a key that was not seen before begins a column that is null in the rows before."""
        new = {key: None for row in rows for key in row if key not in self._columns}
        if new:
            check_names([*self._columns, *new], where=self._name)
        for key in new:
            self._columns[key] = _Column()
            self._columns[key].append([None] * self._rows)
        for key, column in self._columns.items():
            column.append([row.get(key) for row in rows])
        self._rows += len(rows)

    def finish(self, lines: Sequence[int]) -> tuple[pa.Table, tuple[Finding, ...]]:
        """Return the table, and a finding ``metadata.mixed_types`` for each column that is kept as JSON text."""
        arrays: dict[str, pa.ChunkedArray | pa.Array] = {}
        findings = []
        for key, column in self._columns.items():
            array = column.scalar()
            if array is None:
                values = column.values()
                array = _held_exactly(values, column.kinds)
                if array is None:
                    texts = [None if value is None else canonical_json(value).decode() for value in values]
                    array = pa.array(texts, pa.string())
                    findings.append(self._mixed(key, column, values, lines))
            arrays[key] = array
        return pa.table(arrays), tuple(findings)

    def _mixed(self, key: str, column: _Column, values: list[Any], lines: Sequence[int]) -> Finding:
        first = next(type(value) for value in values if value is not None)
        at = next((row for row, value in enumerate(values) if value is not None and type(value) is not first), 0)
        kinds = ", ".join(sorted(_NAMES[kind] for kind in column.kinds))
        what = f"mixes {kinds}" if len(column.kinds) > 1 else f"holds {kinds} that no single Arrow type can hold"
        return Finding(
            code="metadata.mixed_types",
            severity="warning",
            message=f"The column `{shown(key, 80)}` {what}; its values are kept as JSON text.",
            path=self._name,
            line=lines[at],
            field=pointer(key),
            value=shown(values[at]),
            hint="write the values of a column in one type",
        )


def _held_exactly(values: list[Any], kinds: set[type]) -> pa.Array | None:
    if kinds == {int, float}:
        is_exact = all(value is None or float(value) == value for value in values)
        return (
            pa.array([None if value is None else float(value) for value in values], pa.float64()) if is_exact else None
        )
    if kinds in ({list}, {dict}):
        return _nested(values)
    return None


def _nested(values: list[Any]) -> pa.Array | None:
    """Return lists or objects as an Arrow array if it gives them back unchanged (a null key equals no key)."""
    if depth(values) - 1 > MAX_NESTING or len(_field_paths(values)) > MAX_FIELDS:
        return None
    try:
        array = pa.array(values)
    except pa.ArrowException:
        return None
    if _is_hollow(array.type) or not _is_same(values, array.to_pylist()):
        return None
    return array


def _field_paths(values: list[Any]) -> set[tuple[str, ...]]:
    """Return the paths of all keys, stopping once there are too many."""
    paths: set[tuple[str, ...]] = set()
    todo: list[tuple[tuple[str, ...], Any]] = [((), value) for value in values]
    while todo and len(paths) <= MAX_FIELDS:
        path, value = todo.pop()
        if isinstance(value, list):
            todo += [(path, item) for item in value]
        elif isinstance(value, dict):
            paths |= {(*path, key) for key in value}
            todo += [((*path, key), item) for key, item in value.items()]
    return paths


def _is_hollow(kind: pa.DataType) -> bool:
    """Tell whether a type has a place that holds nothing: Parquet cannot write an empty struct."""
    if pa.types.is_null(kind) or (pa.types.is_struct(kind) and kind.num_fields == 0):
        return True
    return any(_is_hollow(kind.field(position).type) for position in range(kind.num_fields))


def _is_same(before: Any, after: Any) -> bool:  # noqa: ANN401 - any JSON values
    if isinstance(before, dict) and isinstance(after, dict):
        return all(_is_same(before.get(key), after.get(key)) for key in before.keys() | after.keys())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_is_same, before, after))
    return isinstance(before, bool) == isinstance(after, bool) and bool(before == after)
