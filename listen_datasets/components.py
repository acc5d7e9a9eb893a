"""Which rows of a table belong together: rows that share a value of any of some columns, directly or through others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets.arrays import whole
from listen_datasets.errors import RecipeError

Integers = npt.NDArray[np.int64]


def codes(column: pa.ChunkedArray) -> Integers:
    """Return a number for each value of a column (n rows): equal values have equal numbers, a null has -1.

    Raises:
        RecipeError: The column holds lists or structs, which cannot be compared.
    """
    if pa.types.is_nested(column.type):
        raise RecipeError(f"values of type {column.type} cannot be compared", hint="name a column of text or numbers")
    encoded = pc.dictionary_encode(whole(column))
    numbers: Integers = pc.fill_null(encoded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return numbers


def connected(columns: Sequence[Integers], num_rows: int) -> Integers:
    """Return the component of each row (n rows), numbered from 0.

    Two rows lie in one component if they share a number in one of the columns, or if a chain of such rows links them.

    Args:
        columns: Numbers of each row as :func:`codes` gives them (n rows each); a row with -1 shares it with no other.
        num_rows: n.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415 - start-up time
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    rows, values, nodes = [], [], num_rows
    for numbers in columns:
        valid = np.flatnonzero(numbers >= 0)
        rows.append(valid)
        values.append(numbers[valid] + nodes)
        nodes += int(numbers.max(initial=-1)) + 1
    if not rows:
        return np.arange(num_rows, dtype=np.int64)
    ends = (np.concatenate(rows), np.concatenate(values))
    graph = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(nodes, nodes))
    _, labels = connected_components(graph, directed=False)
    component: Integers = np.unique(labels[:num_rows], return_inverse=True)[1].astype(np.int64)
    return component
