"""Deal out indivisible groups of clips to splits so that sizes and label proportions come close to what is wanted.

The cost of an assignment is Pearson's chi-squared of its table of counts, with one added to each expected count so that
rare labels do not rule::

    sum over splits k and strata s of  weight_s (n_ks - e_ks)^2 / (e_ks + 1),   e_ks = ratio_k * n_s

All clips together are one more stratum, of weight sqrt(number of strata): the size of a split matters more than any one
label. A best assignment is as hard to find as the fullest knapsack. So groups that are alike are dealt out in
proportion; the others one by one, large ones first, to where they cost least; and then single groups move, and pairs
change places, as long as that lowers the cost.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, hstack

from listen_datasets.errors import UsageError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_EPSILON = 1e-9
"""Costs that differ by less are equal, so that no machine's last digit decides."""

_ROUNDS = 1000  # steps of improvement
_PARTNERS = 200  # groups of a split that are tried for an exchange, those that would rather move first
_ATTEMPTS = 64  # starts, where a start is cheap; among very few or very many groups single steps seldom get stuck


@dataclass(frozen=True)
class Problem:
    """What is to be dealt out.

    Attributes:
        counts: Clips of each group in each stratum (groups x strata); every group has clips.
        names: A name for each group that depends on its content alone; all are different.
        ratios: Share of the clips that each split is to get; positive, sum 1.
        seed: Decides between groups that are alike.
        sizes: Clips of each group (n groups), where clips may be in several strata; the sums of `counts` if left out.
        held: What the splits hold already (splits x (1 + strata)): clips, and clips in each stratum; nothing if left out.
    """

    counts: csr_array
    names: Sequence[str]
    ratios: Mapping[str, float]
    seed: int = 0
    sizes: Floats | None = None
    held: Floats | None = None

    def table(self) -> csr_array:
        """Return the size of each group and its clips in each stratum (groups x (1 + strata))."""
        sizes = self.counts.sum(axis=1) if self.sizes is None else self.sizes
        total = csr_array(np.asarray(sizes, dtype=np.float64).reshape(-1, 1))
        table = csr_array(hstack([total, self.counts.astype(np.float64)], format="csr"))
        table.sort_indices()
        return table

    def kept(self) -> Floats:
        """Return what the splits hold already (splits x (1 + strata))."""
        return np.zeros((len(self.ratios), self.counts.shape[1] + 1)) if self.held is None else self.held


def assign(problem: Problem) -> Integers:
    """Return the split of each group, as its position in the ratios; each split that holds nothing gets at least one.

    The result depends on the content of the problem alone: not on the order of the groups, nor on any hash seed.

    Raises:
        UsageError: There are fewer groups than splits.
    """
    groups = len(problem.names)
    held = problem.kept()
    empty = int((held[:, 0] == 0).sum())
    if groups < empty:
        message = f"{groups} groups cannot fill {empty} splits, and no group is divided"
        raise UsageError(message, hint="ask for fewer splits, or group by a column that has more values")
    counts = problem.table()
    best, lowest = np.zeros(groups, dtype=np.int64), np.inf
    for attempt in range(max(1, min(_ATTEMPTS, 4 + 2 * groups, 4000 // max(1, groups)))):
        order = _order(problem, attempt)
        state = _State.dealt(csr_array(counts[order]), np.array(list(problem.ratios.values())), held)
        state.fill_empty()
        state.improve()
        cost = state.cost()
        if cost < lowest - _EPSILON:
            best[order], lowest = state.split, cost
    return best


def cost(problem: Problem, split: Integers) -> float:
    """Return the cost of an assignment (see the module's text): 0 if every proportion is as wanted."""
    return _State(problem.table(), np.array(list(problem.ratios.values())), split, problem.kept()).cost()


def _order(problem: Problem, attempt: int) -> Integers:
    """Return the groups as the seed has them; in the first attempt, large ones first by powers of two."""
    key = problem.seed.to_bytes(8, "little") + attempt.to_bytes(2, "little")
    drawn = [hashlib.blake2b(name.encode(), digest_size=16, key=key).digest() for name in problem.names]
    sizes = [0 if attempt else int(size).bit_length() for size in problem.counts.sum(axis=1)]
    return np.array(sorted(range(len(drawn)), key=lambda group: (-sizes[group], drawn[group])), dtype=np.int64)


class _State:
    """An assignment that is being made.

    Args:
        counts: Groups x (1 + strata); the first column is the size of the group.
        ratios: One for each split.
        split: The split of each group; -1 if it has none yet.
        held: What the splits hold beside them (splits x (1 + strata)).
    """

    def __init__(self, counts: csr_array, ratios: Floats, split: Integers, held: Floats) -> None:
        self.counts = counts
        self.squares = counts**2
        self.split = split.copy()
        # What a split holds already keeps it from being empty, like a group that never moves.
        self.groups = np.bincount(split[split >= 0], minlength=len(ratios)) + (held[:, 0] > 0)
        expected = np.outer(ratios, counts.sum(axis=0) + held.sum(axis=0))
        self.price = 1.0 / (expected + 1.0)
        self.price[:, 0] *= np.sqrt(max(1, counts.shape[1] - 1))
        self.deviation = held - expected
        for k in range(len(ratios)):
            self.deviation[k] += counts[np.flatnonzero(split == k)].sum(axis=0)

    @classmethod
    def dealt(cls, counts: csr_array, ratios: Floats, held: Floats) -> _State:
        """Deal out the groups in the order of their rows."""
        state = cls(counts, ratios, _in_proportion(counts, ratios, dealt=not held.any()), held)
        for group in np.flatnonzero(state.split < 0).tolist():
            columns, clips = state._row(group)
            price, deviation = state.price[:, columns], state.deviation[:, columns]
            state._put(group, _first_lowest((price * clips * (clips + 2 * deviation)).sum(axis=1)))
        return state

    def cost(self) -> float:
        return float((self.price * self.deviation**2).sum())

    def fill_empty(self) -> None:
        """Give each empty split the group that costs least to move there."""
        for k in np.flatnonzero(self.groups == 0).tolist():
            leaving, joining = self._changes()
            change = np.where(self.groups[self.split] > 1, leaving + joining[:, k], np.inf)
            self._put(_first_lowest(change), k)

    def improve(self) -> None:
        """Move groups and exchange pairs while that lowers the cost; bounded."""
        for _ in range(_ROUNDS):
            leaving, joining = self._changes()
            if not (self._move(leaving, joining) or self._exchange(leaving, joining)):
                return

    def _changes(self) -> tuple[Floats, Floats]:
        """Return what it changes in the cost if a group leaves its split (groups), or joins another (groups x splits)."""
        linear = 2 * (self.counts @ (self.price * self.deviation).T)
        square = self.squares @ self.price.T
        at = (np.arange(len(self.split)), self.split)
        joining = square + linear
        leaving = square[at] - linear[at]
        joining[at] = np.inf
        return leaving, joining

    def _move(self, leaving: Floats, joining: Floats) -> bool:
        change = leaving[:, None] + joining
        change[self.groups[self.split] <= 1] = np.inf
        group, k = divmod(_first_lowest(change.ravel()), joining.shape[1])
        if change[group, k] >= -_EPSILON:
            return False
        self._put(group, k)
        return True

    def _exchange(self, leaving: Floats, joining: Floats) -> bool:
        splits = joining.shape[1]
        for k in range(splits):
            for other in range(k + 1, splits):
                ours = self._eager(k, leaving + joining[:, other])
                theirs = self._eager(other, leaving + joining[:, k])
                change = (leaving + joining[:, other])[ours][:, None] + (leaving + joining[:, k])[theirs]
                weighted = self.counts[ours].multiply(self.price[k] + self.price[other])
                change -= 2 * (csr_array(weighted) @ self.counts[theirs].T).toarray()
                row, column = divmod(_first_lowest(change.ravel()), len(theirs))
                if change[row, column] < -_EPSILON:
                    self._put(int(ours[row]), other)
                    self._put(int(theirs[column]), k)
                    return True
        return False

    def _eager(self, k: int, change: Floats) -> Integers:
        members = np.flatnonzero(self.split == k)
        return members[np.argsort(_rounded(change[members]), kind="stable")[:_PARTNERS]]

    def _row(self, group: int) -> tuple[Integers, Floats]:
        span = slice(self.counts.indptr[group], self.counts.indptr[group + 1])
        return self.counts.indices[span], self.counts.data[span]

    def _put(self, group: int, k: int) -> None:
        columns, clips = self._row(group)
        before = self.split[group]
        if before >= 0:
            self.deviation[before, columns] -= clips
            self.groups[before] -= 1
        self.deviation[k, columns] += clips
        self.groups[k] += 1
        self.split[group] = k


def _in_proportion(counts: csr_array, ratios: Floats, *, dealt: bool) -> Integers:
    """Return a split for as many groups of each kind as can be dealt out exactly; -1 for the rest, or for all."""
    if not dealt:
        return np.full(counts.shape[0], -1, dtype=np.int64)
    alike: defaultdict[bytes, list[int]] = defaultdict(list)
    bounds = counts.indptr.tolist()
    for group, (first, last) in enumerate(itertools.pairwise(bounds)):
        alike[counts.indices[first:last].tobytes() + counts.data[first:last].tobytes()].append(group)
    split = np.full(len(bounds) - 1, -1, dtype=np.int64)
    for groups in alike.values():
        exact = np.repeat(np.arange(len(ratios)), np.floor(len(groups) * ratios + _EPSILON).astype(np.int64))
        split[groups[: len(exact)]] = exact
    return split


def _rounded(values: Floats) -> Floats:
    return np.round(values / _EPSILON) * _EPSILON


def _first_lowest(values: Floats) -> int:
    return int(np.flatnonzero(values <= values.min() + _EPSILON)[0])
