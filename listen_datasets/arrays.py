"""Between Arrow's columns and plain arrays, without a detour through Python lists and without a copy that nobody needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from listen_datasets.errors import InternalError


def column_of(values: Sequence[Any], field: pa.Field) -> pa.Array:
    """Build a column from one value a row.

    Args:
        values: Whatever Arrow takes for the field's type; for a list of fixed-size lists, arrays (m, list size). None
            is null.
        field: Name and type of the column.

    Raises:
        InternalError: An array is not as wide as the type says.
    """
    if is_matrix(field.type):
        return _matrices(values, field)
    if pa.types.is_list(field.type) and pa.types.is_floating(field.type.value_type):
        dtype = field.type.value_type.to_pandas_dtype()
        return pa.array([None if value is None else np.asarray(value, dtype) for value in values], field.type)
    return pa.array(values, field.type)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece; Arrow's `combine_chunks` copies one that is in one piece already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def is_matrix(kind: pa.DataType) -> bool:
    """Tell whether a type is a list of fixed-size lists: one matrix a row, with a number of rows of its own."""
    return bool(pa.types.is_list(kind) and pa.types.is_fixed_size_list(kind.value_type))


def float_leaves(field: pa.Field) -> Iterator[str]:
    """Yield the path that Parquet gives to the floats of a field, at any depth of lists; nothing if it has none."""
    path, kind = field.name, field.type
    while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        path, kind = f"{path}.list.element", kind.value_type
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        yield path


def _matrices(values: Sequence[Any], field: pa.Field) -> pa.Array:
    rows = field.type.value_type
    dtype = rows.value_type.to_pandas_dtype()
    matrices = [np.empty((0, rows.list_size), dtype) if value is None else np.asarray(value, dtype) for value in values]
    for matrix in matrices:
        if matrix.ndim != 2 or matrix.shape[1] != rows.list_size:
            raise InternalError(f"an array of shape {matrix.shape} for a column of {field.type}", where=field.name)
    offsets = np.zeros(len(matrices) + 1, np.int32)
    np.cumsum([len(matrix) for matrix in matrices], out=offsets[1:])
    flat = np.concatenate([np.empty(0, dtype), *(matrix.ravel() for matrix in matrices)])
    missing = np.array([value is None for value in values], np.bool_)
    return pa.ListArray.from_arrays(
        pa.array(offsets),
        pa.FixedSizeListArray.from_arrays(pa.array(flat), type=rows),
        type=field.type,
        mask=pa.array(missing) if missing.any() else None,
    )
