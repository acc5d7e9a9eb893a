"""Groups that tell more than they should: a class that one speaker alone speaks is known by the speaker."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.recipe import Recipe, Validate
from listen_datasets.roles import Column, roles_of


def check(table: pa.Table, _config: Validate, recipe: Recipe) -> list[Finding]:
    """Return ``group.single``, once a column, and ``label.one_group``, once a class and column."""
    roles = roles_of(table, recipe)
    findings: list[Finding] = []
    for group in roles.groups:
        findings += _single(table, group)
        if roles.label is not None and roles.label != group:
            findings += _of_one_group(table, roles.label, group)
    return findings


def _single(table: pa.Table, group: Column) -> Iterator[Finding]:
    counts = pc.value_counts(table.column(group.arrival).drop_null()).field("counts")
    single, several = (pc.sum(compare(counts, 1)).as_py() or 0 for compare in (pc.equal, pc.greater))
    if single:
        yield catalogue.finding(
            "group.single",
            f"{single:,} of {single + several:,} groups by `{shown(group.name, 80)}` have one clip alone.",
            field=pointer(group.name),
            evidence={"value": single, "groups": single + several},
        )


def _of_one_group(table: pa.Table, label: Column, group: Column) -> Iterator[Finding]:
    pairs = pa.table({"label": table.column(label.arrival), "group": table.column(group.arrival)}).drop_null()
    if len(pc.unique(pairs.column("group"))) < 2:
        return
    spread = pairs.group_by("label").aggregate([("group", "count_distinct"), ("group", "count"), ("group", "min")])
    for row in sorted(spread.to_pylist(), key=lambda row: str(row["label"])):
        if row["group_count_distinct"] == 1 and row["group_count"] > 1:
            value, only = shown(str(row["label"]), 80), shown(str(row["group_min"]), 80)
            yield catalogue.finding(
                "label.one_group",
                f"All {row['group_count']:,} clips of the class `{value}` belong to one `{shown(group.name, 80)}`: `{only}`.",
                field=pointer(label.name),
                value=value,
                evidence={"value": 1, "threshold": 2, "clips": row["group_count"]},
            )
