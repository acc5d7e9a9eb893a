"""Classes that a technical fact gives away: a model learns that dogs are MP3, and nothing about dogs.

For each class and each fact the best rule of one condition is looked for (the codec is MP3; the clip lasts at most 1.2 s) and
held against the class by the correlation of the two, phi (Yule 1912; also Matthews 1975). It is 1 if the fact alone tells
the class from all others. Ten clips inside and ten outside of a class are too many for chance to part them so well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
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

Mask = npt.NDArray[np.bool_]


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
    known = table.filter(pc.is_valid(table.column(roles.label.arrival)))
    labels = known.column(roles.label.arrival).cast(pa.string()).to_numpy(zero_copy_only=False)
    findings = []
    for value in sorted(set(labels.tolist())):
        is_inside: Mask = labels == value
        size = int(is_inside.sum())
        if min(size, len(labels) - size) < LEAST:
            continue
        best = max(_conditions(known, is_inside), default=None)
        if best is not None and best.phi > config.max_shortcut:
            findings.append(_finding(value, roles.label.name, best, size, len(labels) - size, config.max_shortcut))
    return findings


def _conditions(table: pa.Table, is_inside: Mask) -> Iterator[Condition]:
    for fact in _KINDS:
        yield from _kinds(fact, table.column(fact), is_inside)
    for fact in _AMOUNTS:
        if fact in table.column_names:
            yield from _amounts(fact, table.column(fact).cast(pa.float64()).to_numpy(zero_copy_only=False), is_inside)


def _kinds(fact: str, column: pa.ChunkedArray, is_inside: Mask) -> Iterator[Condition]:
    encoded = column.combine_chunks().dictionary_encode()
    codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    inside = np.bincount(codes[is_inside], minlength=len(encoded.dictionary) + 1)
    outside = np.bincount(codes[~is_inside], minlength=len(encoded.dictionary) + 1)
    phi = _phi(inside, outside, int(inside.sum()), int(outside.sum()))
    for code, value in enumerate(encoded.dictionary.to_pylist()):
        yield Condition(float(phi[code]), fact, f"is {value}", int(inside[code]), int(outside[code]))


def _amounts(fact: str, values: npt.NDArray[np.float64], is_inside: Mask) -> Iterator[Condition]:
    """Yield the best lower and the best upper limit."""
    measured = ~np.isnan(values)
    order = np.argsort(values[measured], kind="stable")
    ordered, member = values[measured][order], is_inside[measured][order]
    ends = np.flatnonzero(ordered[1:] > ordered[:-1])  # a limit lies between two values
    if not len(ends):
        return
    below, others_below = np.cumsum(member, dtype=np.int64)[ends], np.cumsum(~member, dtype=np.int64)[ends]
    size, others = int(is_inside.sum()), int((~is_inside).sum())
    above, others_above = int(member.sum()) - below, int((~member).sum()) - others_below
    for phi, word, limits, inside, outside in (
        (_phi(below, others_below, size, others), "at most", ordered[ends], below, others_below),
        (_phi(above, others_above, size, others), "at least", ordered[ends + 1], above, others_above),
    ):
        at = int(np.argmax(phi))
        yield Condition(float(phi[at]), fact, f"is {word} {limits[at]:.4g}", int(inside[at]), int(outside[at]))


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
