"""``lds run``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from listen_datasets.cli import options, render, reporting
from listen_datasets.cli.commands import COMMANDS
from listen_datasets.cli.console import Console
from listen_datasets.cli.stage_command import exit_code
from listen_datasets.errors import ExitCode, NothingError, worst

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
@options.report_options
@options.stage_options
@click.pass_obj
def command(console: Console, /, dataset: Path, **given: Any) -> ExitCode:  # noqa: ANN401 - Click's values
    """Run all stages."""
    from listen_datasets import stages  # noqa: PLC0415 - start-up time
    from listen_datasets.dataset import Dataset  # noqa: PLC0415

    # All of them before the first one runs: no hour of work is lost to a stage that cannot be imported.
    job = [stages.find(name) for name in stages.ORDER]
    executor = options.executor(given["engine"], given["jobs"], given["timeout"])
    known = reporting.known(given["baseline"], stages.ORDER)
    opened = Dataset.open(dataset)
    done: list[Applied] = []
    shown: list[Applied] = []
    fields: dict[str, Any] = {}
    try:
        with opened.locked(timeout=given["lock_timeout"]) as held:
            for stage in job:
                applied = held.apply(stage, executor=executor, progress=console.progress(), force=given["force"])
                fresh, compared = reporting.fresh(applied, known.get(stage.name))
                done.append(applied)
                shown.append(fresh)
                fields[stage.name] = render.as_fields(applied, compared)
                if given["format"] == "text":
                    render.applied(console, fresh, compared)
    except NothingError as error:
        if not given["allow_empty"]:
            raise
        console.note(f"nothing to do: {error.message}")
    finally:
        # A run that stopped half-way says what it found until then.
        if done:
            reporting.say(console, opened, "run", shown, given["format"], given["output"])
        console.document("run", {"stages": fields})
    if given["format"] == "text" and len(done) == len(job):
        _say_end(console, dataset, done[-1])
    return worst(
        exit_code(applied, given["fail_on"], fresh, allow_empty=given["allow_empty"])
        for applied, fresh in zip(done, shown, strict=True)
    )


def _say_end(console: Console, dataset: Path, last: Applied) -> None:
    console.say()
    console.say(f"{render.counts(last.counts)}")
    console.say(f"card: {dataset / 'dist' / 'README.md'}")
    console.note(f"next: lds verify {shlex.quote(str(dataset))}")
