"""Classes that a technical fact gives away: a model learns that dogs are MP3, and nothing about dogs.

For each class and each fact the best rule of one condition is looked for (the codec is MP3; the clip lasts at most 1.2 s) and
held against the class by the correlation of the two, phi (Yule 1912; also Matthews 1975). It is 1 if the fact alone tells
the class from all others. Ten clips inside and ten outside of a class are too many for chance to part them so well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.arrays import whole
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.recipe import Recipe, Validate
from listen_datasets.roles import roles_of

LEAST = 10
"""Clips that a class and the rest of the dataset must have."""

_KINDS = {
    "container": "container", "codec": "codec", "sample_rate": "sample rate (Hz)", "num_channels": "number of channels",
    "bits_per_sample": "bits of a sample",
}  # fmt: skip
_AMOUNTS = {
    "loudness_lufs": "loudness (LUFS)", "duration": "duration (s)", "leading_silence": "leading silence (s)",
    "bandwidth_hz": "bandwidth (Hz)", "cutoff_hz": "cutoff (Hz)", "noise_floor_dbfs": "noise floor (dBFS)",
}  # fmt: skip

Rows = npt.NDArray[np.int64]


class Condition(NamedTuple):
    """A condition on one fact, and how well it tells a class.

    Attributes:
        phi: Correlation with the class, from -1 to 1.
        fact: Column of the manifest.
        says: What the fact is then, such as ``is mp3``.
        inside: How many clips of the class it holds for.
        outside: How many others.
    """

    phi: float
    fact: str
    says: str
    inside: int
    outside: int


def check(table: pa.Table, config: Validate, recipe: Recipe) -> list[Finding]:
    """Return ``label.shortcut`` for each class that a fact tells better than allowed, with the fact that does best."""
    roles = roles_of(table, recipe)
    if roles.label is None:
        return []
    label, known = roles.label, pc.is_valid(table.column(roles.label.arrival))
    labels = table.column(label.arrival).filter(known)
    classes = _classes(labels)
    best: dict[str, Condition] = {}
    for fact in (name for name in (*_KINDS, *_AMOUNTS) if name in table.column_names):
        for value, condition in _conditions(fact, table.column(fact).filter(known), classes):
            best[value] = max(condition, best.get(value, condition))
    return [
        _finding(value, label.name, best[value], len(members), len(labels) - len(members), config.max_shortcut)
        for value, members in classes.items()
        if value in best and best[value].phi > config.max_shortcut
    ]


def _classes(labels: pa.ChunkedArray) -> dict[str, Rows]:
    """Return the rows of each class, in the order of their names; not of those that are too small, or nearly all."""
    encoded = whole(labels.cast(pa.string())).dictionary_encode()
    names, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)
    groups = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes, minlength=len(names)))[:-1])
    members = dict(zip(names, groups, strict=False))
    return {name: members[name] for name in sorted(names) if LEAST <= len(members[name]) <= len(labels) - LEAST}


def _conditions(fact: str, column: pa.ChunkedArray, classes: Mapping[str, Rows]) -> Iterator[tuple[str, Condition]]:
    """Yield what a fact says about each class; what is worked out from it, several times its column, ends with this."""
    judge = (_Kinds if fact in _KINDS else _Amounts)(fact, column)
    for value, members in classes.items():
        for condition in judge.conditions(members, len(column) - len(members)):
            yield value, condition


class _Kinds:
    """A fact of few values: each is a condition."""

    def __init__(self, fact: str, column: pa.ChunkedArray) -> None:
        encoded = whole(column).dictionary_encode()
        self._fact = fact
        self._values = encoded.dictionary.to_pylist()
        self._codes = encoded.indices.fill_null(len(self._values)).to_numpy(zero_copy_only=False)
        self._clips = np.bincount(self._codes, minlength=len(self._values) + 1)

    def conditions(self, members: Rows, others: int) -> Iterator[Condition]:
        """Yield what each value says about a class, given the rows of its clips and the number of others."""
        inside = np.bincount(self._codes[members], minlength=len(self._clips))
        outside = self._clips - inside
        phi = _phi(inside, outside, len(members), others)
        for code, value in enumerate(self._values):
            yield Condition(float(phi[code]), self._fact, f"is {value}", int(inside[code]), int(outside[code]))


class _Amounts:
    """A fact that is measured: a condition is a limit between two values.

    The clips are put in order once, for all classes. Of a class only the limits at its own clips are tried: one that
    lets more of the others in and no more of the class tells it worse (phi falls as long as it is above 0).
    """

    def __init__(self, fact: str, column: pa.ChunkedArray) -> None:
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        order = np.argsort(values)[: len(values) - np.count_nonzero(np.isnan(values))]  # NaN is the largest
        ordered = values[order]
        is_new = np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(ordered)]
        self._fact = fact
        self._values = ordered[is_new]
        self._step = np.full(len(values), -1, np.int32)  # of each clip: which of the values it has
        self._step[order] = np.cumsum(is_new, dtype=np.int32) - 1
        self._below = np.append(np.flatnonzero(is_new), len(ordered))  # clips below each value, and all

    def conditions(self, members: Rows, others: int) -> Iterator[Condition]:
        """Yield the best lower and the best upper limit, given the rows of a class and the number of other clips."""
        step = self._step[members]
        steps, clips = np.unique(step[step >= 0], return_counts=True)
        upto = np.cumsum(clips)
        below = ("at most", steps < len(self._values) - 1, upto, self._below[steps + 1])
        above = ("at least", steps > 0, clips.sum() - upto + clips, self._below[-1] - self._below[steps])
        for word, is_limit, inside, hits in (below, above):
            if not is_limit.any():
                continue
            phi = np.where(is_limit, _phi(inside, hits - inside, len(members), others), -1.0)
            at = int(np.argmax(phi))
            says = f"is {word} {self._values[steps[at]]:.4g}"
            yield Condition(float(phi[at]), self._fact, says, int(inside[at]), int(hits[at] - inside[at]))


def _phi(
    inside: npt.NDArray[np.int64], outside: npt.NDArray[np.int64], size: int, others: int
) -> npt.NDArray[np.float64]:
    """Return the correlation of conditions (n) with a class; 0 for one that always or never holds.

    Args:
        inside: Clips of the class that each condition (n) holds for.
        outside: Other clips that it holds for (n).
        size: Clips of the class.
        others: Other clips.
    """
    hits = inside + outside
    spread = np.sqrt(hits.astype(np.float64) * (size + others - hits) * size * others)
    covariance = inside.astype(np.float64) * (others - outside) - outside.astype(np.float64) * (size - inside)
    phi = np.zeros(len(hits))
    np.divide(covariance, spread, out=phi, where=spread > 0)
    return phi


def _finding(value: str, label: str, best: Condition, size: int, others: int, most: float) -> Finding:
    what = {**_KINDS, **_AMOUNTS}[best.fact]
    return catalogue.finding(
        "label.shortcut",
        f"The class `{shown(value, 80)}` is known by its {what}: it {best.says} for {best.inside:,} of its {size:,} clips and "
        f"for {best.outside:,} of {others:,} others.",
        field=pointer(label),
        value=shown(value),
        evidence={
            "value": round(best.phi, 4),
            "threshold": most,
            "fact": best.fact,
            "inside": best.inside,
            "outside": best.outside,
        },
    )
