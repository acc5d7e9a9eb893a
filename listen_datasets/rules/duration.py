"""Clips that are shorter or longer than the recipe allows."""

from __future__ import annotations

import pyarrow as pa

from listen_datasets.limits import Limit, broken
from listen_datasets.model import Finding
from listen_datasets.recipe import Validate


def check(table: pa.Table, config: Validate) -> list[Finding]:
    """Return ``clip.too_short`` and ``clip.too_long``."""
    shortest = Limit(
        code="clip.too_short",
        column="duration",
        bound="at least",
        threshold=config.min_duration,
        says="The clip lasts {}",
        unit="s",
    )
    longest = Limit(
        code="clip.too_long",
        column="duration",
        bound="at most",
        threshold=config.max_duration,
        says="The clip lasts {}",
        unit="s",
    )
    return [*broken(table, shortest), *broken(table, longest)]
