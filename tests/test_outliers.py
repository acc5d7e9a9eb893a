from __future__ import annotations

import numpy as np
import pytest

from listen_datasets.outliers import LEAST, deviations

RANDOM = np.random.default_rng(7)


def test_of_normal_numbers_they_are_standard_deviations() -> None:
    values = RANDOM.normal(5.0, 2.0, 100_000)
    found = deviations(values, least=1e-9)

    assert np.allclose(found, (values - 5.0) / 2.0, atol=0.1)


def test_outliers_do_not_move_what_is_usual() -> None:
    values = RANDOM.normal(0.0, 1.0, 1000)
    spoilt = np.concatenate([values, np.full(200, 1e6)])

    found = deviations(spoilt, least=0.1)
    assert np.abs(found[:1000]).max() < 5.0
    assert found[-1] > 1e5


@pytest.mark.parametrize("least", [0.1, 1.0])
def test_where_most_are_equal_a_least_spread_is_believed(least: float) -> None:
    found = deviations(np.array([5.0] * 50 + [6.0]), least=least)

    assert found[0] == 0.0
    assert found[-1] == pytest.approx(0.6745 / least)


def test_a_few_numbers_tell_nothing_and_what_is_missing_counts_as_none() -> None:
    few = np.array([1.0] * (LEAST - 1) + [np.nan])

    assert np.isnan(deviations(few, least=1.0)).all()
    found = deviations(np.array([1.0] * LEAST + [np.nan]), least=1.0)
    assert np.isnan(found).tolist() == [False] * LEAST + [True]
