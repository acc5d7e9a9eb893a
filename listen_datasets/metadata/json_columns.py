"""JSON objects to Arrow columns, without changing a value.

A column whose values all are of one kind gets that kind's type. Whole numbers beside fractions become float64 if every
one of them is held exactly. Arrays and objects become Arrow lists and structs if one type holds them all. What no single
type can hold is kept as text, and a finding says so: text beside numbers or truth values as it is, everything else as
canonical JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from listen_datasets.digest import canonical_json
from listen_datasets.errors import MetadataError
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.metadata.strict_json import depth
from listen_datasets.metadata.table import check_names
from listen_datasets.model import Finding

MAX_NESTING = 16
"""Deepest list or struct that becomes an Arrow type; deeper ones stay JSON text."""
MAX_FIELDS = 1000
"""Most fields of one struct column, nested ones included; an object with data for keys stays JSON text."""
MAX_NESTED = 32 * 2**20
"""Most characters of the arrays or objects of one column that become Arrow lists or structs; more stay JSON text."""

_ARROW = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
_NAMES = {str: "text", bool: "truth values", int: "integers", float: "fractions", list: "arrays", dict: "objects"}
# Absent values cost memory too: what is nearly empty and huge is no table. The first is in cells, the second in cells
# a character of the file.
_CELLS, _CELLS_PER_CHARACTER = 2**24, 4


@dataclass
class _Column:
    """A column while it grows: one Arrow array a batch, of its own type if that is one scalar type, else JSON text."""

    kinds: set[type] = field(default_factory=set)
    chunks: list[tuple[type | None, pa.Array]] = field(default_factory=list)
    nested: int = 0  # characters of JSON text

    def append_absent(self, count: int) -> None:
        self.chunks.append((str, pa.nulls(count, pa.string())))

    def append(self, values: list[Any]) -> None:
        kinds = set(map(type, values)) - {type(None)}
        self.kinds |= kinds
        kind = next(iter(kinds)) if len(kinds) == 1 else None
        if not kinds:
            self.append_absent(len(values))
        elif kind in _ARROW:
            self.chunks.append((kind, pa.array(values, _ARROW[kind])))
        else:
            texts = [None if value is None else canonical_json(value).decode() for value in values]
            self.nested += sum(map(len, filter(None, texts)))
            self.chunks.append((None, pa.array(texts, pa.string())))

    def values(self) -> Iterator[Any]:
        """Yield the values as they were in the file."""
        for kind, chunk in self.chunks:
            for value in chunk.to_pylist():
                yield json.loads(value) if kind is None and value is not None else value

    @property
    def is_partly_text(self) -> bool:
        """Whether there is text beside numbers or truth values, and nothing else."""
        return str in self.kinds and self.kinds <= _ARROW.keys()

    def as_text(self) -> pa.ChunkedArray:
        """Return the values as canonical JSON, but text as it is where it stands beside numbers or truth values.

        So one number in a column of names or times spoils its own row and no other.
        """
        if not self.is_partly_text:
            return pa.chunked_array([_texts(kind, chunk) for kind, chunk in self.chunks], pa.string())
        texts = (chunk if kind is str else _unquoted(_texts(kind, chunk)) for kind, chunk in self.chunks)
        return pa.chunked_array(list(texts), pa.string())

    def scalar(self) -> pa.ChunkedArray | None:
        """Return the column if all its values are of one scalar kind."""
        if len(self.kinds) > 1 or not self.kinds <= _ARROW.keys():
            return None
        arrow = _ARROW[next(iter(self.kinds), str)]
        chunks = [chunk if chunk.type == arrow else pa.nulls(len(chunk), arrow) for _, chunk in self.chunks]
        return pa.chunked_array(chunks, arrow)

    def exact(self) -> pa.Array | None:
        """Return a column of several kinds, or of arrays or objects, if one Arrow type gives its values back."""
        return _held_exactly(list(self.values()), self.kinds) if self.nested <= MAX_NESTED else None


def _texts(kind: type | None, chunk: pa.Array) -> pa.Array:
    if kind is None:
        return chunk
    return pa.array(
        [None if value is None else canonical_json(value).decode() for value in chunk.to_pylist()], pa.string()
    )


def _unquoted(texts: pa.Array) -> pa.Array:
    """Return canonical JSON, but text as it is."""
    values = (json.loads(text) if text is not None and text.startswith('"') else text for text in texts.to_pylist())
    return pa.array(list(values), pa.string())


class JsonColumns:
    """The columns of a table of JSON objects, grown batch by batch."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._columns: dict[str, _Column] = {}
        self._rows = 0
        self._characters = 0

    def __contains__(self, key: str) -> bool:
        """Tell whether a column of this name was seen in an earlier batch."""
        return key in self._columns

    def append(self, rows: Sequence[dict[str, Any]], *, characters: int) -> None:
        """Add rows; a key that was not seen before begins a column that is null in the rows before.

        Args:
            rows: The rows.
            characters: How many characters they were in the file.

        Raises:
            MetadataError: There are too many columns, or columns that look the same.
        """
        keys = dict.fromkeys(key for row in rows for key in row)
        new = [key for key in keys if key not in self._columns]
        if new:
            check_names([*self._columns, *new], where=self._name)
        self._check_cells(len(rows), len(self._columns) + len(new), characters)
        for key in new:
            self._columns[key] = _Column()
            self._columns[key].append_absent(self._rows)
        for key, column in self._columns.items():
            if key in keys:
                column.append([row.get(key) for row in rows])
            else:
                column.append_absent(len(rows))
        self._rows += len(rows)

    def _check_cells(self, rows: int, columns: int, characters: int) -> None:
        self._characters += characters
        cells = (self._rows + rows) * columns
        if cells > max(_CELLS, _CELLS_PER_CHARACTER * self._characters):
            message = f"{columns:,} columns are absent in nearly all of the first {self._rows + rows:,} rows"
            hint = "are data used for keys? put them into values"
            raise MetadataError(message, where=self._name, hint=hint)

    def finish(self, lines: Sequence[int]) -> tuple[pa.Table, tuple[Finding, ...]]:
        """Return the table, and a finding ``metadata.mixed_types`` for each column that is kept as JSON text."""
        arrays: dict[str, pa.ChunkedArray | pa.Array] = {}
        findings = []
        for key, column in self._columns.items():
            array = column.scalar()
            if array is None:
                array = column.exact()
            if array is None:
                array = column.as_text()
                findings.append(self._mixed(key, column, lines))
            arrays[key] = array
        return pa.table(arrays), tuple(findings)

    def _mixed(self, key: str, column: _Column, lines: Sequence[int]) -> Finding:
        first = next(type(value) for value in column.values() if value is not None)
        places = ((row, value) for row, value in enumerate(column.values()) if value is not None)
        fallback = next((row, value) for row, value in enumerate(column.values()) if row == 0)
        at, value = next((place for place in places if type(place[1]) is not first), fallback)
        kinds = ", ".join(sorted(_NAMES[kind] for kind in column.kinds))
        what = f"mixes {kinds}" if len(column.kinds) > 1 else f"holds {kinds} that no single Arrow type can hold"
        text = "text" if column.is_partly_text else "JSON text"
        return Finding(
            code="metadata.mixed_types",
            severity="warning",
            message=f"The column `{shown(key, 80)}` {what}; its values are kept as {text}.",
            path=self._name,
            line=lines[at],
            field=pointer(key),
            value=shown(value),
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
