"""``lds status``."""

from __future__ import annotations

from pathlib import Path

import click

from listen_datasets.cli import options, render
from listen_datasets.cli.commands import COMMANDS
from listen_datasets.cli.console import Console
from listen_datasets.errors import ExitCode

_WORDS = {None: "never run", True: "must run again", False: "up to date"}


@click.command(
    "status", help=f"{COMMANDS['status']}\n\nCompares by content: reads and hashes recordings, changes nothing."
)
@options.dataset_argument
@options.common_options
@click.pass_obj
def command(console: Console, dataset: Path, jobs: int | None, engine: str) -> ExitCode:  # noqa: ARG001
    """Show the state of every stage."""
    from listen_datasets import stages  # noqa: PLC0415 - start-up time
    from listen_datasets.contents import latest_entries  # noqa: PLC0415
    from listen_datasets.dataset import Dataset  # noqa: PLC0415
    from listen_datasets.stage import fates  # noqa: PLC0415

    opened = Dataset.open(dataset)
    known = opened.ledger()
    latest = latest_entries(known)
    states = {name: _WORDS[opened.is_stale(stages.find(name), known)] for name in stages.ORDER}
    for name, state in states.items():
        when = f"  {latest[name].started}" if name in latest else ""
        console.say(f"{name:<10} {state:<15}{when}")
    counts = fates(opened.manifest, opened.rejected)
    console.say(render.counts(counts))
    fields = {"stages": states, "counts": {name: getattr(counts, name) for name in counts.__struct_fields__}}
    console.document("status", fields)
    pending = next((name for name, state in states.items() if state != "up to date"), None)
    console.note(f"next: lds {pending} {dataset}" if pending else f"next: lds verify {dataset}")
    return ExitCode.OK
