"""``lds dedup``."""

from __future__ import annotations

from listen_datasets.cli.stage_command import stage_command
from listen_datasets.recipe import Dedup

command = stage_command(
    "dedup",
    Dedup,
    details="""
    Clips with the same bytes or the same decoded samples as another are marked in `duplicate_of` and stay in the
    manifest. Near duplicates (re-encoded, resampled, cut) are not searched.
    """,
)
