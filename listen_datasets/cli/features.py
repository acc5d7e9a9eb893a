"""``lds features``."""

from __future__ import annotations

from listen_datasets.cli.stage_command import stage_command
from listen_datasets.recipe import Features

command = stage_command(
    "features",
    Features,
    details="""
    Each extractor writes DATASET/features/NAME. Their parameters are set in lds.toml, such as [features.log-mel].
    """,
    spelling={"extractors": "extractor"},
)
