"""``lds log``."""

from __future__ import annotations

from pathlib import Path

import click

from listen_datasets.cli import options
from listen_datasets.cli.commands import COMMANDS
from listen_datasets.cli.console import Console
from listen_datasets.errors import ExitCode


@click.command("log", help=f"{COMMANDS['log']}\n\nOldest first. The chain of the ledger is checked on the way.")
@options.dataset_argument
@options.common_options
@click.pass_obj
def command(console: Console, dataset: Path, jobs: int | None, engine: str) -> ExitCode:  # noqa: ARG001
    """Print the ledger."""
    import msgspec  # noqa: PLC0415 - start-up time

    from listen_datasets.dataset import Dataset  # noqa: PLC0415

    known = Dataset.open(dataset).ledger()
    for entry in known.entries:
        counts = entry.counts
        findings = sum(entry.findings.values())
        console.say(
            f"{entry.n:>4}  {entry.started}  {entry.stage:<9} {entry.seconds:>8.1f} s  "
            f"{counts.get('kept', 0)} of {counts.get('inputs', 0)} kept, {findings} findings, "
            f"{len(entry.generated)} files written"
        )
    if not known.entries:
        console.note(f"nothing has been run yet\nnext: lds ingest {dataset} SOURCE")
    console.document("log", {"entries": msgspec.to_builtins(list(known.entries))})
    return ExitCode.OK
