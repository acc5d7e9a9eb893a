"""Digests: sha256 over bytes, over canonical JSON, and over the content of tables.

A table's digest is over its *content* in the canonical form below, never over the bytes of a Parquet file, so that it
holds whoever wrote the file and however it was chunked.

Canonical form of a table, column by column in the order asked for: the JSON of ``[name, type]``, a newline, then the
column. The type of a list is ``list<type of its items>``. A column of n values is n validity bytes (1 = there, 0 = null)
followed by: fixed-width values little-endian with 0 in place of nulls; booleans one byte each; strings and binaries n
lengths (int64) and the bytes joined; lists n lengths (int64) and the child values as a column; structs each field as a
column.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


_SLICE = 1 << 16
"""Rows that are looked at together: what is made of them on the way stays small, however long the column."""


class _Hash(Protocol):
    def update(self, data: Any, /) -> None: ...  # noqa: ANN401 - any buffer


def canonical_json(value: object) -> bytes:
    """Return the one spelling of a JSON value: sorted keys, no white space, UTF-8.

    Raises:
        ValueError: The value holds NaN or an infinity.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def of_json(value: object) -> str:
    """Return ``sha256:<hex>`` of a JSON value in canonical form."""
    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()


def of_file(path: Path) -> str:
    """Return the hex sha256 of a file of ours, read once in blocks (inputs of the user: ``listen_datasets.inputs``)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_table(table: pa.Table, columns: Iterable[str]) -> str:
    """Return ``sha256:<hex>`` of the named columns in canonical form (see the module's text)."""
    from listen_datasets.arrays import whole  # noqa: PLC0415 - start-up time

    state = hashlib.sha256()
    for name in columns:
        column = whole(table.column(name))
        state.update(canonical_json([name, _spelled(column.type)]) + b"\n")
        _update(state, column)
    return "sha256:" + state.hexdigest()


def _spelled(kind: pa.DataType) -> str:
    """Return a type as text; the name of a list's items, which differs between memory and Parquet, is left out."""
    import pyarrow as pa  # noqa: PLC0415 - start-up time

    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {_spelled(field.type)}' for field in kind)}>"
    if pa.types.is_fixed_size_list(kind):
        return f"fixed_size_list<{_spelled(kind.value_type)}>[{kind.list_size}]"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"{'list' if pa.types.is_list(kind) else 'large_list'}<{_spelled(kind.value_type)}>"
    return str(kind)


def _update(state: _Hash, array: pa.Array) -> None:
    import pyarrow as pa  # noqa: PLC0415 - start-up time: `lds --help` passes through this module
    import pyarrow.compute as pc  # noqa: PLC0415

    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    _update_booleans(state, pc.is_valid(array))
    if pa.types.is_struct(kind):
        for position in range(kind.num_fields):
            _update(state, pc.struct_field(array, [position]))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        state.update(lengths.astype("<i8"))
        _update(state, pc.list_flatten(array))
    elif pa.types.is_null(kind):
        return
    elif pa.types.is_boolean(kind):
        _update_booleans(state, pc.fill_null(array, fill_value=False))
    elif _is_bytes(kind):
        _update_bytes(state, array)
    else:
        _update_fixed_width(state, array)


def _slices(array: pa.Array) -> Iterator[pa.Array]:
    for start in range(0, len(array), _SLICE):
        yield array.slice(start, _SLICE)


def _is_bytes(kind: pa.DataType) -> bool:
    import pyarrow as pa  # noqa: PLC0415

    return any(
        is_kind(kind)
        for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    )


def _update_booleans(state: _Hash, array: pa.BooleanArray) -> None:
    for rows in _slices(array):
        state.update(rows.to_numpy(zero_copy_only=False).view("u1"))


def _update_bytes(state: _Hash, array: pa.Array) -> None:
    """Hash the lengths of texts, then the texts one behind the other, as Arrow holds them."""
    import numpy as np  # noqa: PLC0415 - start-up time
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    for rows in _slices(array):
        state.update(pc.fill_null(pc.binary_length(rows), 0).to_numpy(zero_copy_only=False).astype("<i8"))
    for rows in _slices(array):
        texts = rows.cast(pa.large_binary()).drop_null()
        _, offsets, data = texts.buffers()
        if len(texts) and data is not None:
            ends = np.frombuffer(offsets, np.int64, count=len(texts) + 1, offset=8 * texts.offset)
            state.update(memoryview(data)[ends[0] : ends[-1]])


def _update_fixed_width(state: _Hash, array: pa.Array) -> None:
    import numpy as np  # noqa: PLC0415 - start-up time
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    width = array.type.bit_width
    plain = {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}.get(width)
    if plain is None:
        raise TypeError(f"a column of type {array.type} has no canonical form")
    for rows in _slices(array):
        bits = rows if pa.types.is_floating(rows.type) else rows.view(plain)
        values = pc.fill_null(bits, 0).to_numpy(zero_copy_only=False)
        state.update(np.ascontiguousarray(values, values.dtype.newbyteorder("<")))
