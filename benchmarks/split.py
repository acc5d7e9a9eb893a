"""How close splits come to ratios and label proportions, beside scikit-learn and iterative stratification.

The tables are that of the Free Spoken Digit Dataset, if its folder is given, and made ones of uneven groups.
Peers get the groups as they can: StratifiedGroupKFold keeps groups, iterative stratification (Sechidis et al. 2011) divides
the table of groups, each with the counts of its labels as indicators. Needs scikit-learn and iterative-stratification.

    python benchmarks/split.py FSDD_RECORDINGS [--million]
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from listen_datasets.assignment import Problem, assign

Integers = npt.NDArray[np.int64]
RATIOS = {"train": 0.8, "validation": 0.1, "test": 0.1}


def digits(folder: Path) -> tuple[Integers, Integers]:
    """Return group and label of each recording: takes 0-4, 5-9, ... of a speaker are one session, a group."""
    parts = [path.stem.split("_") for path in sorted(folder.glob("*.wav"))]
    groups = [f"{speaker} {int(take) // 5 + 11 * (int(digit) // 3)}" for digit, speaker, take in parts]
    return np.unique(groups, return_inverse=True)[1], np.array([int(digit) for digit, _, _ in parts])


def skewed(groups: int, labels: int, clips: int, seed: int) -> tuple[Integers, Integers]:
    """Return group and label of clips whose groups differ in size and in labels as those of real speakers do."""
    random = np.random.default_rng(seed)
    group = np.minimum((groups * random.random(clips) ** 1.5).astype(np.int64), groups - 1)
    mix = random.gamma(0.3, 1, (groups, labels)) * (random.random(labels) ** 3 + 0.02)
    share = np.cumsum(mix, axis=1) / mix.sum(axis=1, keepdims=True)
    return group, (share[group] < random.random(clips)[:, None]).sum(axis=1).astype(np.int64)


def table(group: Integers, label: Integers) -> Integers:
    """Return the clips of each group in each label."""
    counts = np.zeros((int(group.max()) + 1, int(label.max()) + 1), dtype=np.int64)
    np.add.at(counts, (group, label), 1)
    filled: Integers = counts[counts.sum(axis=1) > 0]
    return filled


def ours(counts: Integers) -> Integers:
    """Return the split of each group that lds finds."""
    return assign(Problem(csr_array(counts), [f"group {n}" for n in range(len(counts))], RATIOS))


def scikit(counts: Integers) -> Integers:
    """Return that of scikit-learn: two of ten folds are validation and test."""
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415 - a peer

    group, label = (np.repeat(index, counts[counts > 0]) for index in np.nonzero(counts))
    split = np.zeros(len(counts), dtype=np.int64)
    folds = StratifiedGroupKFold(10, shuffle=True, random_state=0).split(label, label, group)
    for fold, (_, held) in enumerate(folds):
        split[np.unique(group[held])] = {0: 1, 1: 2}.get(fold, 0)
    return split


def iterative(counts: Integers) -> Integers:
    """Return that of iterative stratification over groups, likewise."""
    from iterstrat.ml_stratifiers import MultilabelStratifiedKFold  # noqa: PLC0415 - a peer

    split = np.zeros(len(counts), dtype=np.int64)
    has = (counts > 0).astype(int)
    folds = MultilabelStratifiedKFold(10, shuffle=True, random_state=0).split(has, has)
    for fold, (_, held) in enumerate(folds):
        split[held] = {0: 1, 1: 2}.get(fold, 0)
    return split


def measured(counts: Integers, split: Integers) -> tuple[float, float, int]:
    """Return how far shares of splits are off, and shares of a label in a split, at most; and the label that it is."""
    inside = np.array([counts[split == k].sum(axis=0) for k in range(3)], dtype=np.float64)
    sizes = inside.sum(axis=1)
    distance = np.abs(sizes / sizes.sum() - list(RATIOS.values())).max()
    off = np.abs(inside / np.maximum(sizes, 1)[:, None] - counts.sum(axis=0) / counts.sum())
    return float(distance), float(off.max()), int(off.max(axis=0).argmax())


def tables(folder: Path | None) -> Iterator[tuple[str, Integers]]:
    """Yield label tables by name."""
    if folder is not None:
        yield "FSDD, sessions", table(*digits(folder))
    for groups, labels, clips in ((40, 8, 2_000), (300, 20, 10_000), (3_000, 50, 50_000)):
        yield f"made, {groups} groups, {labels} labels", table(*skewed(groups, labels, clips, groups))


def planted(folder: Path) -> None:
    """Plant copies of 5 % of the recordings in the folders of other speakers; print how many pairs straddle splits."""
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415 - a peer

    from listen_datasets import components  # noqa: PLC0415

    parts = [path.stem.split("_") for path in sorted(folder.glob("*.wav"))]
    random = np.random.default_rng(0)
    copied = random.choice(len(parts), len(parts) // 20, replace=False)
    sound = np.concatenate([np.arange(len(parts)), copied])
    label = np.array([int(part[0]) for part in parts])[sound]
    group = np.arange(len(sound))  # nobody but who compares sounds knows that two files are one
    united = components.connected([sound], len(sound))
    found = {"lds": ours(table(united, label))[united]}
    split = np.zeros(len(group), dtype=np.int64)
    for fold, (_, held) in enumerate(StratifiedGroupKFold(10, shuffle=True, random_state=0).split(label, label, group)):
        split[held] = {0: 1, 1: 2}.get(fold, 0)
    found["StratifiedGroupKFold"] = split
    for way, splits in found.items():
        straddling = int((splits[copied] != splits[len(parts) :]).sum())
        print(f"{len(copied)} planted copies: {straddling} pairs straddle splits of {way}")


def million() -> None:
    """Print what a million clips take."""
    group, label = skewed(100_000, 200, 1_000_000, 1)
    counts = csr_array((np.ones(len(group)), (group, label)), shape=(100_000, 200))
    counts.sum_duplicates()
    counts = counts[np.flatnonzero(counts.sum(axis=1) > 0)]
    before = os.times()
    assign(Problem(counts, [f"group {n}" for n in range(counts.shape[0])], RATIOS))
    after = os.times()
    print(f"1,000,000 clips: {after.user + after.system - before.user - before.system:.1f} s of CPU,"
          f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB with the table")  # fmt: skip


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fsdd", type=Path, nargs="?")
    parser.add_argument("--million", action="store_true")
    given = parser.parse_args()
    ways: dict[str, Callable[[Integers], Integers]] = {
        "lds": ours, "StratifiedGroupKFold": scikit, "iterative": iterative,
    }  # fmt: skip
    print(f"{'table':<32} {'by':<22} {'ratios off':>10} {'label off':>10}  worst label")
    for name, counts in tables(given.fsdd):
        for way, split in ways.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of classes with fewer members than folds
                distance, label, worst = measured(counts, split(counts))
            print(f"{name:<32} {way:<22} {distance:>10.4f} {label:>10.4f}  {worst}")
    if given.fsdd is not None:
        planted(given.fsdd)
    if given.million:
        million()
    return 0


if __name__ == "__main__":
    sys.exit(main())
