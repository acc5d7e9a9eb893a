"""How close the splits came to the shares and the label proportions that were wanted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Balance:
    """Who got how much.

    Attributes:
        ratios: Share of the clips that each split was to get.
        counts: Clips of each split in each stratum (splits x strata).
        seconds: Sound in each split.
        stratify_by: The columns that make a stratum; none means that there is a single stratum.
        strata: The values of each stratum, one for each of these columns.
    """

    ratios: Mapping[str, float]
    counts: Integers
    seconds: Sequence[float]
    stratify_by: Sequence[str]
    strata: Sequence[tuple[Any, ...]]

    def shares(self) -> dict[str, dict[str, float | int]]:
        """Return, for each split, the share wanted and got, its clips and its seconds."""
        clips = self.counts.sum(axis=1)
        return {
            name: {
                "wanted": round(ratio, _DIGITS),
                "got": round(int(clips[k]) / max(1, int(clips.sum())), _DIGITS),
                "clips": int(clips[k]),
                "seconds": round(self.seconds[k], _DIGITS),
            }
            for k, (name, ratio) in enumerate(self.ratios.items())
        }

    def proportions(self) -> list[dict[str, Any]]:
        """Return, for each stratum, its share of all clips (wanted) and of the clips of each split (got)."""
        if not self.stratify_by:
            return []
        wanted, got = self._proportions()
        return [
            {
                "stratum": self._named(s),
                "clips": int(self.counts[:, s].sum()),
                "wanted": round(float(wanted[s]), _DIGITS),
                "got": {name: round(float(got[k, s]), _DIGITS) for k, name in enumerate(self.ratios)},
            }
            for s in range(len(self.strata))
        ]

    def worst(self) -> dict[str, Any] | None:
        """Return the stratum and the split where the proportion is farthest from the one wanted."""
        if not self.stratify_by:
            return None
        wanted, got = self._proportions()
        off = np.round(np.abs(got - wanted), _DIGITS)
        k, s = divmod(int(off.argmax()), len(self.strata))
        return {
            "stratum": self._named(s),
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
            if abs(share["got"] - share["wanted"]) > LARGEST_DEVIATION:
                yield _ratio_off(name, share, largest_group)
        if self.stratify_by:
            for s in np.flatnonzero((self.counts == 0).any(axis=0)):
                yield self._missing(int(s))

    def _proportions(self) -> tuple[Floats, Floats]:
        clips = self.counts.sum(axis=1, keepdims=True)
        return self.counts.sum(axis=0) / max(1, int(clips.sum())), self.counts / np.maximum(clips, 1)

    def _named(self, s: int) -> dict[str, Any]:
        return dict(zip(self.stratify_by, self.strata[s], strict=True))

    def _missing(self, s: int) -> Finding:
        lacking = [name for k, name in enumerate(self.ratios) if not self.counts[k, s]]
        clips = int(self.counts[:, s].sum())
        only = self.strata[s][0] if len(self.stratify_by) == 1 else None
        return catalogue.finding(
            "split.label_missing",
            f"No clip with {said(self._named(s))} is in {' or '.join(lacking)}; there are {clips:,} in all.",
            field=pointer(self.stratify_by[0]) if len(self.stratify_by) == 1 else None,
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


def _ratio_off(name: str, share: Mapping[str, float], largest_group: str) -> Finding:
    return catalogue.finding(
        "split.ratio_off",
        f"{name} got {share['got']:.1%} of the clips, {share['wanted']:.1%} were wanted; {largest_group}.",
        value=name,
        hint="choose ratios that whole groups can meet, or group by a column that has more values",
        evidence={"wanted": share["wanted"], "got": share["got"], "clips": share["clips"]},
    )
