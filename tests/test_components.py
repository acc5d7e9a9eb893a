from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listen_datasets.components import Integers, codes, connected
from listen_datasets.errors import RecipeError

TABLES = st.integers(0, 12).flatmap(
    lambda rows: st.lists(
        st.lists(st.sampled_from([None, "a", "b", "c", "d", ""]), min_size=rows, max_size=rows), max_size=3
    ).map(lambda columns: (rows, columns))
)


def reachable(num_rows: int, columns: list[list[str | None]]) -> list[set[int]]:
    """Return the rows that each row reaches, by Warshall's closure of `shares a value`."""
    near = np.eye(num_rows, dtype=np.bool_)
    for column in columns:
        for one, other in itertools.product(range(num_rows), repeat=2):
            near[one, other] |= column[one] is not None and column[one] == column[other]
    for through in range(num_rows):
        near |= np.outer(near[:, through], near[through])
    return [set(np.flatnonzero(line).tolist()) for line in near]


def numbers(values: list[str | None]) -> Integers:
    return codes(pa.chunked_array([pa.array(values, pa.string())]))


@settings(deadline=None)
@given(TABLES)
def test_components_are_what_a_chain_of_shared_values_reaches(table: tuple[int, list[list[str | None]]]) -> None:
    num_rows, columns = table
    component = connected([numbers(column) for column in columns], num_rows)
    found = [set(np.flatnonzero(component == own).tolist()) for own in component]
    assert found == reachable(num_rows, columns)


def test_equal_values_have_equal_codes_in_any_chunks() -> None:
    column = pa.chunked_array([pa.array(["x", None]), pa.array(["y", "x"])])
    found = codes(column).tolist()
    assert found[0] == found[3] != found[2]
    assert found[1] == -1


@pytest.mark.parametrize("values", [[1, 2, 1], [True, False, True], [0.5, 1.5, 0.5]], ids=str)
def test_numbers_and_truth_values_have_codes(values: list[object]) -> None:
    assert codes(pa.chunked_array([pa.array(values)])).tolist() == [0, 1, 0]


def test_text_that_differs_in_case_or_space_is_different() -> None:
    assert len(set(numbers(["a", "A", " a", "007", "7", "NA", ""]).tolist())) == 7


def test_lists_cannot_be_compared() -> None:
    with pytest.raises(RecipeError, match="cannot be compared"):
        codes(pa.chunked_array([pa.array([["a"], ["b"]])]))


def test_a_column_without_any_value_joins_nobody() -> None:
    assert codes(pa.chunked_array([pa.nulls(3)])).tolist() == [-1, -1, -1]
