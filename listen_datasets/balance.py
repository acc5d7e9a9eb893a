"""How close the splits came to the shares and the label proportions that were wanted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from listen_datasets import catalogue
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LARGEST_DEVIATION = 0.05
"""How far the share of a split may be from the one wanted before it is worth a warning."""

_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Who got how much.

    Attributes:
        ratios: Share that each split was to get; None for one that got what it got.
        clips: Clips in each split.
        seconds: Sound in each split.
        strata: What makes each stratum: values by column.
        counts: Clips of each split in each stratum (splits x strata).
        amounts: The same in what is balanced, clips or seconds; `counts` if left out.
        by: What ratios and proportions are measured in.
    """

    ratios: Mapping[str, float | None]
    clips: Sequence[int]
    seconds: Sequence[float]
    strata: Sequence[Mapping[str, Any]] = ()
    counts: Integers = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    amounts: Floats | None = None
    by: Literal["clips", "seconds"] = "clips"

    def shares(self) -> dict[str, dict[str, float | int | None]]:
        """Return, for each split, the share wanted and got, its clips and its seconds."""
        sizes = self._sizes()
        whole = math.fsum(sizes) or 1.0
        return {
            name: {
                "wanted": None if ratio is None else round(ratio, _DIGITS),
                "got": round(sizes[k] / whole, _DIGITS),
                "clips": int(self.clips[k]),
                "seconds": round(self.seconds[k], _DIGITS),
            }
            for k, (name, ratio) in enumerate(self.ratios.items())
        }

    def distance(self) -> float | None:
        """Return how far the share of a split is from the one wanted, at most; None if nothing was wanted."""
        off = [abs(share["got"] - share["wanted"]) for share in self.shares().values() if share["wanted"] is not None]  # type: ignore[operator]
        return round(max(off), _DIGITS) if off else None

    def proportions(self) -> list[dict[str, Any]]:
        """Return, for each stratum, its share of everything (wanted) and of each split (got)."""
        wanted, got = self._proportions()
        return [
            {
                "stratum": dict(self.strata[s]),
                "clips": int(self.counts[:, s].sum()),
                "wanted": round(float(wanted[s]), _DIGITS),
                "got": {name: round(float(got[k, s]), _DIGITS) for k, name in enumerate(self.ratios)},
            }
            for s in range(len(self.strata))
        ]

    def worst(self) -> dict[str, Any] | None:
        """Return the stratum and the split where the proportion is farthest from the one wanted."""
        if not self.strata:
            return None
        wanted, got = self._proportions()
        off = np.round(np.abs(got - wanted), _DIGITS)
        k, s = divmod(int(off.argmax()), len(self.strata))
        return {
            "stratum": dict(self.strata[s]),
            "split": list(self.ratios)[k],
            "wanted": round(float(wanted[s]), _DIGITS),
            "got": round(float(got[k, s]), _DIGITS),
        }

    def findings(self, largest_group: str) -> Iterator[Finding]:
        """Yield what a person should look at: shares that are far off, and strata that a split lacks.

        Args:
            largest_group: What the largest group is and how much it holds, in words.
        """
        for name, share in self.shares().items():
            if share["wanted"] is not None and abs(share["got"] - share["wanted"]) > LARGEST_DEVIATION:  # type: ignore[operator]
                yield _ratio_off(name, share, self.by, largest_group)
        for s in np.flatnonzero((self.counts == 0).any(axis=0)):
            yield self._missing(int(s))

    def _sizes(self) -> list[float]:
        return [float(size) for size in (self.clips if self.by == "clips" else self.seconds)]

    def _proportions(self) -> tuple[Floats, Floats]:
        amounts = self.counts if self.amounts is None else self.amounts
        sizes = np.array(self._sizes())
        whole = math.fsum(sizes.tolist()) or 1.0
        return amounts.sum(axis=0) / whole, amounts / np.where(sizes > 0, sizes, 1.0)[:, None]

    def _missing(self, s: int) -> Finding:
        lacking = [name for k, name in enumerate(self.ratios) if not self.counts[k, s]]
        clips = int(self.counts[:, s].sum())
        stratum = self.strata[s]
        column = next(iter(stratum)) if len(stratum) == 1 else None
        only = None if column is None else stratum[column]
        return catalogue.finding(
            "split.label_missing",
            f"No clip with {said(stratum)} is in {' or '.join(lacking)}; there are {clips:,} in all.",
            field=None if column is None else pointer(column),
            value=None if only is None else shown(only),
            hint="record it in more groups, or leave the label out",
            evidence={"clips": clips, "splits_without": ", ".join(lacking)},
        )


def said(values: Mapping[str, Any]) -> str:
    """Return values of columns in words, such as ``label = dog, site empty``."""
    return ", ".join(
        f"{shown(name, 80)} empty" if value is None else f"{shown(name, 80)} = {shown(value, 80)}"
        for name, value in values.items()
    )


def total_seconds(durations: Floats, split: Integers, splits: int) -> list[float]:
    """Return the sound in each split, in seconds, the same for any order of the clips."""
    return [math.fsum(durations[split == k]) for k in range(splits)]


def effective(sizes: npt.NDArray[Any]) -> float:
    """Return how many equally large groups are worth as much as groups of these sizes.

    Kish's effective sample size, ``(sum n)^2 / sum n^2`` (L. Kish, Survey Sampling, Wiley 1965, section 8.2): as many
    independent observations as there are groups if all are equally large, and hardly more than one if one of them is
    nearly everything.
    """
    numbers = sizes.astype(np.float64)
    squares = float((numbers**2).sum())
    return round(float(numbers.sum()) ** 2 / squares, 2) if squares else 0.0


def _ratio_off(name: str, share: Mapping[str, Any], by: str, largest_group: str) -> Finding:
    return catalogue.finding(
        "split.ratio_off",
        f"{name} got {share['got']:.1%} of the {by}, {share['wanted']:.1%} were wanted; {largest_group}.",
        value=name,
        hint="choose ratios that whole groups can meet, or group by a column that has more values",
        evidence={"wanted": share["wanted"], "got": share["got"], "clips": share["clips"]},
    )
