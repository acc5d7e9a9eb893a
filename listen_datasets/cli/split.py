"""``lds split``."""

from __future__ import annotations

from listen_datasets.cli.stage_command import stage_command
from listen_datasets.recipe import Split

command = stage_command(
    "split",
    Split,
    details="""
    No value of a --group-by column, no duplicate and no two copies of the same samples ever lie in two splits. That is
    checked again after the fact and written to DATASET/split_report.json.
    """,
)
