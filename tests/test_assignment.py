from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from listen_datasets.assignment import Problem, assign, cost
from listen_datasets.errors import UsageError

Counts = npt.NDArray[np.int64]

USUAL = {"train": 0.8, "validation": 0.1, "test": 0.1}


def problem(counts: Counts, ratios: Mapping[str, float] = USUAL, seed: int = 0) -> Problem:
    return Problem(csr_array(counts), [f"group {number}" for number in range(len(counts))], ratios, seed)


def uneven(seed: int, groups: int, strata: int) -> Counts:
    """Return counts of groups whose sizes and labels differ as those of real speakers do."""
    random = np.random.default_rng(seed)
    rates = random.gamma(1, 1, (groups, strata)) * random.gamma(1, 20, (groups, 1)) / strata
    counts: Counts = random.poisson(rates).astype(np.int64)
    counts[counts.sum(axis=1) == 0, 0] = 1
    return counts


def by_hand(counts: Counts, ratios: Mapping[str, float], split: tuple[int, ...]) -> float:
    """Return the cost, written out from its definition."""
    strata = counts.shape[1]
    total = 0.0
    for k, ratio in enumerate(ratios.values()):
        inside = counts[np.array(split) == k]
        for s in range(strata):
            expected = ratio * counts[:, s].sum()
            total += (inside[:, s].sum() - expected) ** 2 / (expected + 1)
        expected = ratio * counts.sum()
        total += strata**0.5 * (inside.sum() - expected) ** 2 / (expected + 1)
    return total


@pytest.mark.parametrize("seed", range(8))
def test_a_small_problem_is_solved_as_well_as_by_trying_everything(seed: int) -> None:
    counts = uneven(seed, groups=6, strata=1 + seed % 4)
    tried = [split for split in itertools.product(range(3), repeat=6) if len(set(split)) == 3]
    best = min(by_hand(counts, USUAL, split) for split in tried)
    asked = problem(counts)
    assert cost(asked, assign(asked)) == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_cost_is_the_one_defined(seed: int) -> None:
    counts = uneven(seed, groups=7, strata=3)
    split = tuple(np.random.default_rng(seed).integers(0, 3, 7).tolist())
    assert cost(problem(counts), np.array(split)) == pytest.approx(by_hand(counts, USUAL, split))


@pytest.mark.parametrize("seed", range(3))
def test_neither_a_move_nor_an_exchange_would_be_better(seed: int) -> None:
    asked = problem(uneven(seed, groups=30, strata=4))
    found = assign(asked)
    tried = [np.where(np.arange(30) == group, k, found) for group in range(30) for k in range(3)]
    for one, other in itertools.combinations(range(30), 2):
        exchanged = found.copy()
        exchanged[[one, other]] = found[[other, one]]
        tried.append(exchanged)
    assert cost(asked, found) <= min(cost(asked, split) for split in tried) + 1e-9


def test_six_equal_speakers_go_four_one_one() -> None:
    split = assign(problem(np.full((6, 10), 50)))
    assert np.bincount(split).tolist() == [4, 1, 1]


def test_single_clips_meet_ratios_and_proportions_to_the_clip() -> None:
    labels = np.random.default_rng(0).integers(0, 7, 1000)
    split = assign(problem(np.eye(7, dtype=np.int64)[labels]))
    assert np.bincount(split).tolist() == [800, 100, 100]
    table = np.array([np.bincount(labels[split == k], minlength=7) for k in range(3)])
    wanted = np.outer(list(USUAL.values()), np.bincount(labels))
    assert np.abs(table - wanted).max() <= 1


def test_many_groups_come_within_a_thousandth() -> None:
    counts = uneven(3, groups=2000, strata=10)
    split = assign(problem(counts))
    got = np.array([counts[split == k].sum(axis=0) for k in range(3)]) / counts.sum(axis=0)
    assert np.abs(got - np.array(list(USUAL.values()))[:, None]).max() < 1e-3


SMALL = st.integers(3, 9).flatmap(
    lambda groups: st.tuples(st.just(groups), st.integers(1, 4), st.integers(0, 10_000), st.permutations(range(groups)))
)


@settings(max_examples=20, deadline=None)
@given(SMALL, st.integers(0, 2**63 - 1))
def test_the_order_of_the_groups_does_not_matter(case: tuple[int, int, int, list[int]], seed: int) -> None:
    groups, strata, content, order = case
    counts = uneven(content, groups, strata)
    one = problem(counts, seed=seed)
    other = Problem(csr_array(counts[order]), [one.names[group] for group in order], USUAL, seed)
    assert assign(other).tolist() == assign(one)[order].tolist()


@settings(max_examples=20, deadline=None)
@given(SMALL)
def test_every_split_gets_a_group(case: tuple[int, int, int, list[int]]) -> None:
    groups, strata, content, _ = case
    counts = uneven(content, groups, strata)
    counts[0] *= 1000  # one group alone is far more than train should have
    assert set(assign(problem(counts)).tolist()) == {0, 1, 2}


def test_another_seed_chooses_other_groups_among_equals() -> None:
    counts = np.full((12, 3), 5)
    found = {tuple(assign(problem(counts, seed=seed)).tolist()) for seed in range(5)}
    assert len(found) > 3
    assert {tuple(np.bincount(split).tolist()) for split in found} == {(10, 1, 1)}


def test_fewer_groups_than_splits_are_refused() -> None:
    with pytest.raises(UsageError, match="2 groups cannot fill 3 splits"):
        assign(problem(np.ones((2, 1), dtype=np.int64)))
