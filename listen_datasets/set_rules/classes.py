"""Classes that are too small to be split, or much smaller than others."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.limits import spelled
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.recipe import Recipe, Validate
from listen_datasets.roles import Column, roles_of


def check(table: pa.Table, config: Validate, recipe: Recipe) -> list[Finding]:
    """Return ``label.rare`` and ``label.short``, once a class, and ``label.imbalance``."""
    roles = roles_of(table, recipe)
    if roles.label is None:
        return []
    counted = pc.value_counts(table.column(roles.label.arrival).drop_null())
    pairs = zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
    counts = {str(value): count for value, count in pairs}
    if len(counts) * 2 > sum(counts.values()):  # texts or ids rather than classes
        return []
    return [
        *_rare(counts, config.min_class_clips, roles.label),
        *_short(table, config.min_class_duration, roles.label),
        *_imbalance(counts, config, roles.label),
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


def _short(table: pa.Table, least: float, label: Column) -> Iterator[Finding]:
    pairs = pa.table({"label": table.column(label.arrival), "duration": table.column("duration")}).drop_null()
    lasts = pairs.group_by("label", use_threads=False).aggregate([("duration", "sum")])
    short = lasts.filter(pc.less(lasts.column("duration_sum"), least)).to_pylist()
    for row in sorted(short, key=lambda row: str(row["label"])):
        lasting, threshold = spelled(row["duration_sum"], least, "s")
        yield catalogue.finding(
            "label.short",
            f"All clips of the class `{shown(row['label'], 80)}` together last {lasting}; expected at least {threshold}.",
            field=pointer(label.name),
            value=shown(row["label"]),
            evidence={"value": row["duration_sum"], "threshold": least},
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
