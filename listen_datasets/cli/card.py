"""``lds card``."""

from __future__ import annotations

from listen_datasets.cli.stage_command import stage_command
from listen_datasets.recipe import Card

command = stage_command(
    "card",
    Card,
    details="""
    Writes README.md, DATASHEET.md, croissant.json, provenance.intoto.json and SHA256SUMS. Every number is computed from
    what was written; what nobody has answered is printed as such.
    """,
)
