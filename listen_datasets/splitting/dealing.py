"""Which split each group goes to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
from scipy.sparse import csr_array

from listen_datasets.assignment import Problem, assign
from listen_datasets.balance import said
from listen_datasets.errors import UsageError
from listen_datasets.metadata.shown import shown
from listen_datasets.splitting.groups import Groups
from listen_datasets.splitting.strata import Strata

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MOST_FOLDS = 1000


@dataclass(frozen=True)
class Wanted:
    """The splits that there are to be.

    Attributes:
        names: Their names.
        ratios: Share that each is to get; 0 for one that gets no new clip.
        seed: Decides between groups that are alike.
    """

    names: list[str]
    ratios: Floats
    seed: int


def group_splits(groups: Groups, kept: Integers) -> Integers:
    """Return the split of each group that its clips keep; -1 for a group without any."""
    split = np.full(groups.number, -1, dtype=np.int64)
    np.maximum.at(split, groups.group, kept)
    return split


def optimised(groups: Groups, wanted: Wanted, split: Integers, table: tuple[csr_array, Floats]) -> Integers:
    """Deal out the groups that have no split so that sizes and labels come close to what is wanted.

    Args:
        groups: All groups.
        wanted: The splits.
        split: Of each group that has one; -1 for the others.
        table: What each group holds in each stratum (groups x strata), and in all.

    Raises:
        UsageError: There are fewer groups than splits.
    """
    counts, sizes = table
    open_ = np.flatnonzero(wanted.ratios > 0)
    free = np.flatnonzero(split < 0)
    if not len(free):  # all clips have one, and a group whose clips have two counts for both
        return split
    held = np.zeros((len(open_), counts.shape[1] + 1))
    for row, k in enumerate(open_.tolist()):
        inside = np.flatnonzero(split == k)
        held[row, 0], held[row, 1:] = sizes[inside].sum(), counts[inside].sum(axis=0)
    refuse_too_few(groups, len(free), int((held[:, 0] == 0).sum()))
    dealt = split.copy()
    problem = Problem(
        csr_array(counts[free]),
        [groups.names[group] for group in free.tolist()],
        {wanted.names[k]: float(wanted.ratios[k]) for k in open_},
        wanted.seed,
        sizes[free],
        held,
    )
    dealt[free] = open_[assign(problem)]
    return dealt


def drawn(groups: Groups, wanted: Wanted, split: Integers) -> Integers:
    """Give each group without a split one by its name and the seed alone, in proportion to the ratios.

    Whoever adds the same group to a copy of the dataset, alone or with others, gives it the same split.
    """
    dealt = split.copy()
    order = np.array(sorted(np.flatnonzero(wanted.ratios > 0).tolist(), key=wanted.names.__getitem__))
    edges = np.cumsum(wanted.ratios[order])
    key = wanted.seed.to_bytes(8, "little")
    for group in np.flatnonzero(split < 0).tolist():
        number = int.from_bytes(hashlib.blake2b(groups.names[group].encode(), digest_size=8, key=key).digest(), "big")
        dealt[group] = order[min(int(np.searchsorted(edges, number / 2**64, side="right")), len(order) - 1)]
    return dealt


def each_group(groups: Groups, split: Integers, column: str, names: list[str]) -> tuple[Integers, list[str]]:
    """Make a fold of each group that has no split, in the order of their values; return their splits and all names.

    Raises:
        UsageError: There is one group, or too many.
    """
    found = groups.clips.column(column)
    ranks = np.asarray(pc.rank(found.combine_chunks(), tiebreaker="dense").to_numpy(), dtype=np.int64)
    first = np.full(groups.number, np.iinfo(np.int64).max)
    np.minimum.at(first, groups.group, ranks)
    new = [int(group) for group in np.argsort(first, kind="stable") if split[group] < 0]
    number = len(names) + len(new)
    if not 1 < number <= MOST_FOLDS:
        why = f"; {groups.largest()}" if number == 1 else ""
        raise UsageError(
            f"`{shown(column, 80)}` makes {number:,} fold{'s' * (number != 1)}; 2 to {MOST_FOLDS:,} are possible{why}",
            where="[split] leave-one-group-out",
            hint=f'group by it and give a number of folds: group-by = ["{column}"], folds = 5'
            if number > 1
            else "choose a column with several values, or group by fewer columns",
        )
    highest = max((int(name.removeprefix("fold_")) for name in names), default=0)
    dealt = split.copy()
    dealt[new] = np.arange(len(names), number)
    return dealt, [*names, *(f"fold_{highest + 1 + n}" for n in range(len(new)))]


def refuse_too_few(groups: Groups, free: int, empty: int) -> None:
    """Refuse to fill more splits than there are groups, and say which columns hold the clips together."""
    if free >= empty:
        return
    alone = [f"{name} alone gives {groups.alone(name):,}" for name in groups.relations]
    raise UsageError(
        f"{free} group{'s' * (free != 1)} of clips cannot fill {empty} splits, for no group is divided;"
        f" {groups.largest()}",
        where="[split]",
        hint=f"ask for at most {max(1, groups.number)} splits (ratios), or group by a column with more values"
        f" ({', '.join(alone)})",
    )


def with_least(
    dealt: Integers, movable: npt.NDArray[np.bool_], counts: csr_array, strata: Strata, least: tuple[int, Sequence[str]]
) -> Integers:
    """Move groups until each split has a number of clips of each stratum, small groups first.

    Args:
        dealt: The split of each group.
        movable: Groups that have had no split before.
        counts: Clips of each group in each stratum.
        strata: What makes the strata.
        least: That number, and the names of the splits that must have it.

    Raises:
        UsageError: It cannot be done; the stratum that lacks clips or groups is named.
    """
    number, names = least
    table = counts.toarray()
    for s in range(table.shape[1]):
        _refuse_scarce(table[:, s], strata.values[s], number, names)
    dealt, sizes = dealt.copy(), table.sum(axis=1)
    for _ in range(4 * table.shape[1] * len(names)):
        have = np.array([table[dealt == k].sum(axis=0) for k in range(len(names))])
        wanting = np.argwhere(have < number)
        if not len(wanting):
            return dealt
        k, s = wanting[0].tolist()
        spare = have[dealt] - table
        may = movable & (dealt != k) & (table[:, s] > 0) & ((spare >= number) | (table == 0)).all(axis=1)
        if not may.any():
            break
        candidates = np.flatnonzero(may)
        dealt[candidates[np.lexsort((candidates, sizes[candidates]))[0]]] = k
    raise UsageError(
        f"no way was found to give {names[k]} {number:,} clips with {said(strata.values[s])} without taking them from"
        " another split that needs them",
        where="[split] min-per-class",
        hint=f"ask for fewer clips of each label (min-per-class = {max(1, number // 2)}), for fewer splits, or group by a"
        " column with more values",
    )


def _refuse_scarce(clips: npt.NDArray[np.int64], stratum: Mapping[str, Any], number: int, names: Sequence[str]) -> None:
    whole, groups = int(clips.sum()), int((clips > 0).sum())
    if whole >= number * len(names) and groups >= len(names):
        return
    most = min(whole // len(names), number) if groups >= len(names) else 0
    works = f"min-per-class = {most} would do for it" if most else f"at most {groups} splits can have it"
    raise UsageError(
        f"{len(names)} splits cannot each have {number:,} clips with {said(stratum)}: there are {whole:,} in"
        f" {groups:,} group{'s' * (groups != 1)}, and no group is divided",
        where="[split] min-per-class",
        hint=f"{works}; or record it in more groups, ask for fewer splits, or leave the label out",
    )
