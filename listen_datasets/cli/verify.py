"""``lds verify``."""

from __future__ import annotations

from pathlib import Path

import click

from listen_datasets.cli import options, render
from listen_datasets.cli.commands import COMMANDS
from listen_datasets.cli.console import Console
from listen_datasets.errors import ExitCode, NothingError
from listen_datasets.text import visible


@click.command(
    "verify",
    help=f"""{COMMANDS["verify"]}

    Reads the ledger and every file that it names, and compares dist with its SHA256SUMS. Whatever is changed, missing or
    strange is named, and the exit code is 6.
    """,
)
@options.dataset_argument
@options.common_options
@click.pass_obj
def command(console: Console, dataset: Path, jobs: int | None, engine: str) -> ExitCode:  # noqa: ARG001
    """Check every file."""
    from listen_datasets.dataset import Dataset  # noqa: PLC0415 - start-up time
    from listen_datasets.verification import verify  # noqa: PLC0415

    opened = Dataset.open(dataset)
    result = verify(opened.root, console.progress())
    if not result.files and not result.damage:
        raise NothingError("there is nothing to verify yet", hint=f"lds run {dataset}")
    for item in result.damage:
        console.say(f"{click.style('damaged', fg='red')} {visible(item.path)}: {visible(item.what, 300)}")
    console.say(
        f"{result.files} files ({render.size(result.bytes)}) and {result.entries} ledger lines checked: "
        + (f"{len(result.damage)} damaged" if result.damage else "every byte is what lds wrote")
    )
    fields = {"files": result.files, "bytes": result.bytes, "entries": result.entries}
    damage = [{"path": item.path, "what": item.what} for item in result.damage]
    console.document("verify", {**fields, "damage": damage})
    return ExitCode.CORRUPT if result.damage else ExitCode.OK
