"""``lds shard``."""

from __future__ import annotations

from listen_datasets.cli.stage_command import stage_command
from listen_datasets.recipe import Shard

command = stage_command(
    "shard",
    Shard,
    details="""
    Every clip that is kept goes to DATASET/dist/data as it is, with its metadata and what was measured, in Parquet that
    `datasets.load_dataset` reads as Audio.
    """,
    spelling={"class-labels": "class-label"},
)
