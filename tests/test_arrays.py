from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.arrays import column_of, float_leaves
from listen_datasets.errors import InternalError

MATRIX = pa.field("m", pa.list_(pa.list_(pa.float32(), 2)))


@given(st.lists(st.none() | st.integers(0, 4)))
def test_matrices_come_back(lengths: list[int | None]) -> None:
    matrices = [None if n is None else np.arange(2 * n, dtype=np.float32).reshape(n, 2) for n in lengths]

    column = column_of(matrices, MATRIX)

    column.validate(full=True)
    assert column.type == MATRIX.type
    assert column.to_pylist() == [None if matrix is None else matrix.tolist() for matrix in matrices]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.5, None], pa.float64()),
        (["a", None], pa.string()),
        ([np.array([1.0, 2.0], np.float32), None], pa.list_(pa.float32())),
    ],
)
def test_other_values_are_taken_as_arrow_takes_them(values: list[object], kind: pa.DataType) -> None:
    assert column_of(values, pa.field("x", kind)) == pa.array(values, kind)


@pytest.mark.parametrize("shape", [(2, 3), (4,), (1, 2, 2)])
def test_array_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InternalError, match=r"^an array of shape \("):
        column_of([np.zeros(shape, np.float32)], MATRIX)


@pytest.mark.parametrize(
    ("kind", "leaves"),
    [
        (pa.float64(), ["x"]),
        (pa.list_(pa.float32()), ["x.list.element"]),
        (MATRIX.type, ["x.list.element.list.element"]),
        (pa.string(), []),
        (pa.list_(pa.int64()), []),
    ],
)
def test_leaves_are_the_columns_that_parquet_makes_of_floats(kind: pa.DataType, leaves: list[str]) -> None:
    assert list(float_leaves(pa.field("x", kind))) == leaves
