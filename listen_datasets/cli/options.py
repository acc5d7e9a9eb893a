"""Options that commands share, and flags derived from a section of the recipe."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from listen_datasets.cli import reporting
from listen_datasets.cli.console import Console

if TYPE_CHECKING:
    from listen_datasets.config import Flag
    from listen_datasets.executors import Executor
    from listen_datasets.recipe import Section

F = TypeVar("F", bound=Callable[..., Any])

_METAVARS = {"shares": "NAME=SHARE,...", "levels": "CODE=LEVEL,..."}
FAIL_ON = ("error", "warning", "note", "never")


class Seconds(click.FloatRange):
    """A time that can be waited for: from `min` to a million seconds, 11 days."""

    def __init__(self, min: float) -> None:  # noqa: A002 - Click's name
        super().__init__(min=min, max=1_000_000)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        """Return the number of seconds; NaN is less than nothing and more than nothing, so no bound holds it."""
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value!r} is no number of seconds", param, ctx)
        return seconds


def dataset_argument(function: F) -> F:
    """Add DATASET, the first argument of every command."""
    kind = click.Path(file_okay=False, path_type=Path)
    return click.argument("dataset", type=kind, metavar="DATASET")(function)


def place_argument(function: F) -> F:
    """Add DATASET, which may be a file or another place."""
    return click.argument("dataset", type=click.Path(path_type=Path), metavar="DATASET")(function)


def common_options(function: F) -> F:
    """Add what every command has: ``--json``, ``--quiet``, ``--jobs``, ``--engine``."""
    for decorate in reversed(
        [
            click.option("--json", is_flag=True, is_eager=True, expose_value=False, callback=_set("json"),
                         help="Print one JSON document."),
            click.option("--quiet", "-q", is_flag=True, is_eager=True, expose_value=False, callback=_set("quiet"),
                         help="Print no progress and no remarks."),
            click.option("--jobs", "-j", type=click.IntRange(1, 1024), default=None, metavar="N",
                         help="Worker processes; as many as processors if left out."),
            click.option("--engine", type=click.Choice(["local", "serial"]), default="local", show_default=True,
                         help="Work in processes of this machine, or in this process alone."),
        ]
    ):  # fmt: skip
        function = decorate(function)
    return function


def stage_options(function: F) -> F:
    """Add what every command that runs a stage has."""
    for decorate in reversed(
        [
            click.option("--fail-on", type=click.Choice(FAIL_ON), default="error", show_default=True,
                         help="Least severity of a finding that makes the exit code 1."),
            click.option("--allow-empty", is_flag=True,
                         help="Exit with 0 rather than 5 if there is no recording or no clip; the dataset stays as it is."),
            click.option("--force", is_flag=True, help="Run even if nothing has changed."),
            click.option("--timeout", type=Seconds(min=1), metavar="S",
                         help="Seconds that a recording, or another task of a worker, may take; if left out 20 for a "
                         "recording and 1 more for each 50 kB, 900 for other tasks."),
            click.option("--lock-timeout", type=Seconds(min=0), default=0.0, show_default=True, metavar="S",
                         help="Seconds to wait while another run holds the dataset."),
        ]
    ):  # fmt: skip
        function = decorate(function)
    return function


def report_options(function: F) -> F:
    """Add how the findings of a stage are spelled."""
    for decorate in reversed(
        [
            click.option("--format", type=click.Choice(reporting.FORMATS), default="text", show_default=True,
                         callback=_spoken, help="How standard output is given the findings; json is the same as --json."),
            click.option("--baseline", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                         help="Findings that are known: a document of --json. Others alone are shown, and fail."),
            click.option("--output", type=reporting.OutputType(), multiple=True, metavar="FORMAT:FILE",
                         help="Write a report to a file, such as sarif:findings.sarif. May be repeated."),
        ]
    ):  # fmt: skip
        function = decorate(function)
    return function


def section_options(section: type[Section], spelling: Mapping[str, str] | None = None) -> Callable[[F], F]:
    """Derive an option from every key of a section.

    Args:
        section: The section's struct.
        spelling: Other names of flags, by key: the singular where a key of a list is a plural.
    """
    from listen_datasets import config  # noqa: PLC0415 - start-up time

    def decorate(function: F) -> F:
        for flag in reversed(list(config.flags(section))):
            function = _option(flag, (spelling or {}).get(flag.key, flag.key))(function)
        return function

    return decorate


def executor(engine: str, jobs: int | None, timeout: float | None) -> Executor:
    """Return what maps over tasks."""
    from listen_datasets import registry  # noqa: PLC0415 - start-up time

    kind = registry.find("executors", engine)
    if engine == "serial":
        serial: Executor = kind()
        return serial
    local: Executor = kind(timeout=timeout) if jobs is None else kind(workers=jobs, timeout=timeout)
    return local


def _set(name: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def callback(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - Click's
        if value:
            setattr(context.find_object(Console), name, value)

    return callback


def _spoken(context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value == "json":
        context.find_object(Console).json = True  # type: ignore[union-attr]
    return value


def _option(flag: Flag, name: str) -> Callable[[F], F]:
    text = f"{flag.help} {_default(flag)}".strip()
    if flag.kind == "switch":
        return click.option(f"--{name}/--no-{name}", flag.field, default=None, help=text)
    return click.option(
        f"--{name}", flag.field, type=_type(flag), multiple=flag.many, default=None, help=text,
        callback=_given if flag.many else None, metavar=_METAVARS.get(flag.kind),
    )  # fmt: skip


def _given(_context: click.Context, _parameter: click.Parameter, value: tuple[Any, ...]) -> list[Any] | None:
    """Tell "not given" from "given": an option that may be repeated is an empty tuple when it is not."""
    return list(value) or None


def _default(flag: Flag) -> str:
    if flag.kind == "shares":
        return f"[default: {','.join(f'{key}={value:g}' for key, value in flag.default.items())}]"
    if flag.kind == "switch":
        return f"[default: {'yes' if flag.default else 'no'}]"
    if flag.many:
        return (
            f"May be repeated. [default: {', '.join(map(str, flag.default))}]" if flag.default else "May be repeated."
        )
    return f"[default: {flag.default}]" if flag.default not in (None, "", {}) else ""


def _type(flag: Flag) -> click.ParamType[Any]:
    match flag.kind:
        case "choice":
            return click.Choice(flag.choices)
        case "integer":
            return click.INT
        case "number":
            return click.FLOAT
        case "shares":
            return Shares()
        case "levels":
            return Levels(flag.choices)
        case _:
            return click.STRING


class Levels(click.ParamType[dict[str, str]]):
    """Finding codes with severities: ``audio.clipped=warning,label.rare=error``."""

    name = "levels"

    def __init__(self, choices: tuple[str, ...]) -> None:
        self._choices = choices

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:  # noqa: ANN401
        """Return the severities by code."""
        if isinstance(value, dict):
            return value
        levels: dict[str, str] = {}
        for code, level in _pairs(str(value)):
            if code in levels or level not in self._choices:
                self.fail(f"{value!r} is not of the form CODE={'|'.join(self._choices)},...", param, ctx)
            levels[code] = level
        return levels


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(","):
        name, _, value = part.partition("=")
        yield name.strip(), value.strip()


class Shares(click.ParamType[dict[str, float]]):
    """Names with numbers: ``train=0.8,validation=0.1,test=0.1``."""

    name = "shares"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, float]:  # noqa: ANN401
        """Return the numbers by name."""
        if isinstance(value, dict):
            return value
        shares: dict[str, float] = {}
        for name, number in _pairs(str(value)):
            if not number or name in shares:
                self.fail(f"{value!r} is not of the form train=0.8,validation=0.1,test=0.1", param, ctx)
            shares[name] = float(click.FLOAT(number, param, ctx))
        return shares
