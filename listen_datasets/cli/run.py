"""``lds run``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from listen_datasets.cli import options, render
from listen_datasets.cli.commands import COMMANDS
from listen_datasets.cli.console import Console
from listen_datasets.cli.stage_command import exit_code
from listen_datasets.errors import ExitCode, worst

if TYPE_CHECKING:
    from listen_datasets.dataset import Applied


@click.command(
    "run",
    help=f"""{COMMANDS["run"]}

    Runs every stage as lds.toml says. A stage whose inputs, settings and outputs are unchanged (compared by content, never
    by time) is skipped and said so. Findings do not stop the run: clips with errors are kept out of dist, and the exit code
    is 1 at the end.
    """,
)
@options.dataset_argument
@options.common_options
@options.stage_options
@click.pass_obj
def command(console: Console, /, dataset: Path, **given: Any) -> ExitCode:  # noqa: ANN401 - Click's values
    """Run all stages."""
    from listen_datasets import stages  # noqa: PLC0415 - start-up time
    from listen_datasets.dataset import Dataset  # noqa: PLC0415

    # All of them before the first one runs: no hour of work is lost to a stage that cannot be imported.
    job = [stages.find(name) for name in stages.ORDER]
    executor = options.executor(given["engine"], given["jobs"], given["timeout"])
    done: list[Applied] = []
    try:
        with Dataset.open(dataset).locked(timeout=given["lock_timeout"]) as opened:
            for stage in job:
                applied = opened.apply(stage, executor=executor, progress=console.progress(), force=given["force"])
                done.append(applied)
                render.applied(console, applied)
    finally:
        console.document("run", {"stages": {item.entry.stage: render.as_fields(item) for item in done}})
    console.say()
    console.say(f"{render.counts(done[-1].counts)}")
    console.say(f"card: {dataset / 'dist' / 'README.md'}")
    console.note(f"next: lds verify {shlex.quote(str(dataset))}")
    return worst(exit_code(applied, given["fail_on"]) for applied in done)
