"""The command of a stage: open the dataset, apply the stage, say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from listen_datasets.cli import options, render, reporting
from listen_datasets.cli.commands import COMMANDS
from listen_datasets.cli.console import Console
from listen_datasets.errors import ExitCode, NothingError, worst

if TYPE_CHECKING:
    from listen_datasets.dataset import Applied, Dataset
    from listen_datasets.model import Counts, Finding
    from listen_datasets.recipe import Section

_CALL = ("jobs", "engine", "timeout", "lock_timeout", "force", "fail_on", "allow_empty", "format", "output")
"""How a stage is called, which neither recipe nor ledger know."""

_RANK = {"note": 0, "warning": 1, "error": 2}


def stage_command(
    name: str,
    section: type[Section],
    *,
    details: str,
    spelling: Mapping[str, str] | None = None,
    prepare: Callable[[Dataset, Mapping[str, Any]], Dataset] | None = None,
    extra: Iterable[Callable[[Any], Any]] = (),
) -> click.Command:
    """Make the command of a stage.

    Args:
        name: The stage.
        section: Its section of the recipe: every key becomes a flag.
        details: The help text below the summary.
        spelling: Other names of flags, by key.
        prepare: Called with the dataset and the values of `extra`; returns the dataset to use.
        extra: Further options and arguments, as decorators.
    """

    @click.pass_obj
    def callback(console: Console, /, dataset: Path, **given: Any) -> ExitCode:  # noqa: ANN401 - Click's values
        from listen_datasets import config, stages  # noqa: PLC0415 - start-up time
        from listen_datasets.dataset import Dataset  # noqa: PLC0415

        settings = {flag.field: given.pop(flag.field) for flag in config.flags(section)}
        call = {key: given.pop(key) for key in _CALL}
        opened = Dataset.open(dataset)
        if prepare is not None:
            opened = prepare(opened, given)
        said = getattr(opened.recipe, name)
        wanted = config.merged(said, settings)
        try:
            applied = opened.apply(
                stages.find(name),
                wanted,
                executor=options.executor(call["engine"], call["jobs"], call["timeout"]),
                progress=console.progress(),
                lock_timeout=call["lock_timeout"],
                force=call["force"],
            )
        except NothingError as error:
            if not call["allow_empty"]:
                raise
            return _nothing(console, name, error)
        code = _said(console, opened, applied, call, dataset)
        if call["format"] == "text" and not console.json:
            for line in render.for_once(
                name, *(config.deciding(section, config.builtins(one)) for one in (said, wanted))
            ):
                console.note(line)
            if code is not ExitCode.NOTHING:
                console.note(render.next_step(name, dataset, code))
        return code

    callback.__doc__ = f"{COMMANDS[name]}\n\n{details}"
    command: Callable[..., Any] = callback
    for decorate in (
        options.common_options, options.report_options, options.stage_options, options.section_options(section, spelling),
        *extra, options.dataset_argument,
    ):  # fmt: skip
        command = decorate(command)
    return click.command(name, help=callback.__doc__)(command)


def _said(console: Console, opened: Dataset, applied: Applied, call: Mapping[str, Any], dataset: Path) -> ExitCode:
    """Say what came of a stage, in every way that is wanted, and return the exit code."""
    name = applied.entry.stage
    if call["format"] == "text":
        render.applied(console, applied)
    reporting.say(console, opened, name, [applied], call["format"], call["output"])
    console.document(name, render.as_fields(applied))
    code = exit_code(applied, call["fail_on"], allow_empty=call["allow_empty"])
    if code is ExitCode.NOTHING:
        console.warn(render.nothing(name, dataset))
    return code


def _nothing(console: Console, name: str, error: NothingError) -> ExitCode:
    """Say that there was nothing to do, which the user allows."""
    console.note(f"nothing to do: {error.message}")
    console.document(name, {"nothing": error.message})
    return ExitCode.OK


def exit_code(applied: Applied, fail_on: str, *, allow_empty: bool = False) -> ExitCode:
    """Return the code that says what a stage found.

    Args:
        applied: What came of it.
        fail_on: The least severity that the user minds, or never.
        allow_empty: The user does not mind that a stage after ingest had no clip to work on.
    """
    codes = [ExitCode.OK]
    if not (allow_empty or applied.entry.stage == "ingest" or _clips(applied.counts)):
        codes.append(ExitCode.NOTHING)
    if any_at_least(applied.findings, fail_on):
        codes.append(ExitCode.FINDINGS)
    unreadable = applied.counts.unreadable if applied.entry.stage == "ingest" else 0
    if unreadable or "features.unreadable" in applied.entry.findings:
        codes.append(ExitCode.INCOMPLETE)
    return worst(codes)


def _clips(counts: Counts) -> int:
    return counts.kept + counts.duplicate + counts.excluded


def any_at_least(findings: Iterable[Finding], fail_on: str) -> bool:
    """Tell whether a finding is as severe as the user minds."""
    return fail_on != "never" and any(_RANK[finding.severity] >= _RANK[fail_on] for finding in findings)
