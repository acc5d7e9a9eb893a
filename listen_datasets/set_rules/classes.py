"""Classes that are too small to be split, or much smaller than others."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from listen_datasets import catalogue
from listen_datasets.classes import label_of, sizes
from listen_datasets.limits import spelled
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.recipe import Recipe, Validate
from listen_datasets.roles import Column


def check(table: pa.Table, config: Validate, recipe: Recipe) -> list[Finding]:
    """Return ``label.rare`` and ``label.short``, once a class, and ``label.imbalance``."""
    label = label_of(table, recipe)
    if label is None:
        return []
    found = {value: size for (value,), size in sizes(table, label.arrival).items()}
    counts = {value: size.clips for value, size in found.items()}
    return [
        *_rare(counts, config.min_class_clips, label),
        *_short({value: size.seconds for value, size in found.items()}, config.min_class_duration, label),
        *_imbalance(counts, config, label),
    ]


def _rare(counts: dict[str, int], least: int, label: Column) -> Iterator[Finding]:
    for value in sorted(value for value, count in counts.items() if count < least):
        yield catalogue.finding(
            "label.rare",
            f"Clips of the class `{shown(value, 80)}`: {counts[value]:,}; expected at least {least:,}.",
            field=pointer(label.name),
            value=shown(value),
            evidence={"value": counts[value], "threshold": least},
        )


def _short(seconds: dict[str, float], least: float, label: Column) -> Iterator[Finding]:
    for value in sorted(value for value, lasts in seconds.items() if lasts < least):
        lasting, threshold = spelled(seconds[value], least, "s")
        yield catalogue.finding(
            "label.short",
            f"All clips of the class `{shown(value, 80)}` together last {lasting}; expected at least {threshold}.",
            field=pointer(label.name),
            value=shown(value),
            evidence={"value": seconds[value], "threshold": least},
        )


def _imbalance(counts: dict[str, int], config: Validate, label: Column) -> Iterator[Finding]:
    if not counts:
        return
    least, most = (choose(counts, key=lambda value: (counts[value], value)) for choose in (min, max))
    ratio = counts[most] / counts[least]
    if ratio > config.max_class_imbalance:
        yield catalogue.finding(
            "label.imbalance",
            f"`{shown(most, 80)}` has {ratio:,.0f} times the clips of `{shown(least, 80)}` ({counts[most]:,} and "
            f"{counts[least]:,}); expected at most {config.max_class_imbalance:g} times.",
            field=pointer(label.name),
            value=shown(least),
            evidence={"value": round(ratio, 3), "threshold": config.max_class_imbalance},
        )
