"""``lds validate``."""

from __future__ import annotations

from listen_datasets.cli.stage_command import stage_command
from listen_datasets.recipe import Validate

command = stage_command(
    "validate",
    Validate,
    details="""
    Metadata rows are judged against the JSON Schema that lds.toml names, audio by thresholds on what ingest
    measured; no audio is read. A clip with an error is marked in `excluded_by` and stays in the manifest.
    """,
)
