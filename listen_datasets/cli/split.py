"""``lds split``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from listen_datasets.cli import split_audit
from listen_datasets.cli.console import Console
from listen_datasets.cli.stage_command import stage_command
from listen_datasets.errors import ExitCode
from listen_datasets.recipe import Split


def _instead(console: Console, place: Path, settings: Mapping[str, Any], call: Mapping[str, Any]) -> ExitCode | None:
    return split_audit.audit(console, place, settings, call) if call["audit"] else None


command = stage_command(
    "split",
    Split,
    details="""
    No value of a --group-by column, no duplicate and no two copies of the same samples ever lie in two splits. That is
    checked again after the fact and written to DATASET/split_report.json. Clips that have a split keep it when others are
    added; --assignment anew assigns all again.

    With --audit nothing is written, and DATASET may be a table with a column `split` (or --official COLUMN) or any place
    with recordings that `lds ingest` reads: pairs of related clips in two splits are findings, and the exit code is 1.
    """,
    instead=_instead,
    extra=[click.option("--audit", is_flag=True, help="Look for leakage in splits that somebody else made.")],
)
