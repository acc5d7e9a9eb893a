"""Clips under several licences: whoever uses the whole must heed all of them, and sometimes cannot."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue, licences
from listen_datasets.errors import RecipeError
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.publication import LICENSE, licensed
from listen_datasets.recipe import Recipe, Validate

_LISTED = 5


def check(table: pa.Table, _config: Validate, recipe: Recipe) -> list[Finding]:
    """Return ``license.conflict`` for each pair that excludes each other, or ``license.mixed``."""
    try:
        texts = licensed(table, recipe).column(LICENSE)
    except RecipeError:  # the column holds no text: for the shards to refuse
        return []
    counted = pc.value_counts(texts.drop_null()).to_pylist()
    summary = licences.summary({item["values"]: item["counts"] for item in counted})
    known = [item for item in summary.licences if item.is_spdx]
    if len(known) < 2:
        return []
    numbers = {item.name: item.clips for item in known}
    conflicts = [
        catalogue.finding(
            "license.conflict",
            f"Nothing can be made from all clips: {shown(one, 80)} ({numbers[one]:,} clips) and {shown(other, 80)} "
            f"({numbers[other]:,}) cannot both be satisfied.",
            field=pointer(LICENSE),
            value=shown(other),
            evidence={"clips": numbers[one], "others": numbers[other]},
        )
        for one, other in summary.conflicts
    ]
    if conflicts:
        return conflicts
    listed = ", ".join(f"{shown(item.name or '', 80)} ({item.clips:,})" for item in known[:_LISTED])
    more = ", ..." if len(known) > _LISTED else ""
    return [
        catalogue.finding(
            "license.mixed",
            f"There are {len(known)} licences, by number of clips: {listed}{more}; commercial use: {summary.commercial_use}.",
            field=pointer(LICENSE),
            evidence={"value": len(known)},
        )
    ]
