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
    from listen_datasets.baseline import Known
    from listen_datasets.dataset import Applied, Dataset
    from listen_datasets.ledger import Entry
    from listen_datasets.model import Counts
    from listen_datasets.recipe import Section

_CALL = ("jobs", "engine", "timeout", "lock_timeout", "force", "fail_on", "allow_empty", "format", "output", "baseline")
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
    instead: Callable[[Console, Path, Mapping[str, Any], Mapping[str, Any]], ExitCode | None] | None = None,
) -> click.Command:
    """Make the command of a stage.

    Args:
        name: The stage.
        section: Its section of the recipe: every key becomes a flag.
        details: The help text below the summary.
        spelling: Other names of flags, by key.
        prepare: Called with the dataset and the values of `extra`; returns the dataset to use.
        extra: Further options and arguments, as decorators.
        instead: Called before the dataset is opened, with its place, the section's options and all others; what it returns,
            unless None, is the exit code, and nothing else is done. The place may then be a file or anything else.
    """

    @click.pass_obj
    def callback(console: Console, /, dataset: Path, **given: Any) -> ExitCode:  # noqa: ANN401 - Click's values
        from listen_datasets import config, stages  # noqa: PLC0415 - start-up time
        from listen_datasets.dataset import Dataset  # noqa: PLC0415

        settings = {flag.field: given.pop(flag.field) for flag in config.flags(section)}
        call = {key: given.pop(key) for key in _CALL}
        if instead is not None and (code := instead(console, dataset, settings, {**call, **given})) is not None:
            return code
        known = reporting.known(call["baseline"], [name]).get(name)
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
        code = _said(console, opened, applied, known, call)
        if call["format"] == "text" and not console.json:
            for line in render.for_once(name, config.changed(said, wanted)):
                console.note(line)
            if code is not ExitCode.NOTHING:
                console.note(render.next_step(name, dataset, code))
        return code

    callback.__doc__ = f"{COMMANDS[name]}\n\n{details}"
    command: Callable[..., Any] = callback
    for decorate in (
        options.common_options, options.report_options, options.stage_options, options.section_options(section, spelling),
        *extra, options.dataset_argument if instead is None else options.place_argument,
    ):  # fmt: skip
        command = decorate(command)
    return click.command(name, help=callback.__doc__)(command)


def _said(
    console: Console, opened: Dataset, applied: Applied, known: Known | None, call: Mapping[str, Any]
) -> ExitCode:
    """Say what came of a stage, in every way that is wanted, and return the exit code."""
    name = applied.entry.stage
    shown, compared = reporting.fresh(applied, known)
    if call["format"] == "text":
        render.applied(console, shown, compared)
    reporting.say(console, opened, name, [shown], call["format"], call["output"])
    console.document(name, render.as_fields(applied, compared))
    code = exit_code(applied, call["fail_on"], shown, allow_empty=call["allow_empty"])
    if code is ExitCode.NOTHING:
        console.warn(render.nothing(name, opened.root))
    return code


def _nothing(console: Console, name: str, error: NothingError) -> ExitCode:
    """Say that there was nothing to do, which the user allows."""
    console.note(f"nothing to do: {error.message}")
    console.document(name, {"nothing": error.message})
    return ExitCode.OK


def exit_code(applied: Applied, fail_on: str, shown: Applied | None = None, *, allow_empty: bool = False) -> ExitCode:
    """Return the code that says what a stage found.

    Args:
        applied: What the stage did.
        fail_on: Least severity that the user minds, or never.
        shown: The same with the findings alone that count, if not all do.
        allow_empty: The user does not mind that a stage after ingest had no clip to work on.
    """
    codes = [ExitCode.OK]
    if not (allow_empty or applied.entry.stage == "ingest" or _clips(applied.counts)):
        codes.append(ExitCode.NOTHING)
    if any_at_least((shown or applied).entry, fail_on):
        codes.append(ExitCode.FINDINGS)
    unreadable = applied.counts.unreadable if applied.entry.stage == "ingest" else 0
    if unreadable or "features.unreadable" in applied.entry.findings:
        codes.append(ExitCode.INCOMPLETE)
    return worst(codes)


def _clips(counts: Counts) -> int:
    return counts.kept + counts.duplicate + counts.excluded


def any_at_least(entry: Entry, fail_on: str) -> bool:
    """Tell whether a stage found anything as severe as the user minds; not all that it found is stored."""
    from listen_datasets import catalogue  # noqa: PLC0415 - start-up time

    levels = entry.config.get("levels")
    return fail_on != "never" and any(
        number and _RANK[catalogue.severity(code, levels)] >= _RANK[fail_on] for code, number in entry.findings.items()
    )
