"""``lds explain``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from listen_datasets.cli import options, render
from listen_datasets.cli.commands import COMMANDS
from listen_datasets.cli.console import Console
from listen_datasets.errors import ExitCode

if TYPE_CHECKING:
    from listen_datasets.catalogue import Entry


@click.command(
    "explain",
    help=f"""{COMMANDS["explain"]}

    CODE is a finding code, such as audio.clipped, or the beginning of several, such as audio. Without one all codes are
    listed.
    """,
)
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@options.common_options
@click.pass_obj
def command(console: Console, *, codes: tuple[str, ...], jobs: int | None, engine: str) -> ExitCode:  # noqa: ARG001
    """Say what codes mean."""
    import msgspec  # noqa: PLC0415 - start-up time

    from listen_datasets import catalogue  # noqa: PLC0415

    asked = {code: catalogue.entry(code) for code in catalogue.matching(codes)}
    if set(asked) == set(codes):
        for number, (code, entry) in enumerate(asked.items()):
            console.say("\n" * bool(number) + "\n".join(_whole(code, entry)))
    else:
        for line in _list(asked):
            console.say(line)
    console.document("explain", {"codes": msgspec.to_builtins(asked)})
    return ExitCode.OK


def _whole(code: str, entry: Entry) -> Iterator[str]:
    yield f"{click.style(code, bold=True)}  {render.coloured(entry.severity)}, reported by lds {entry.stage}"
    for name, text in (("what", entry.meaning), ("why", entry.why), ("fix", entry.fix)):
        yield textwrap.fill(
            text, render.width(), initial_indent=f"  {name:<5}", subsequent_indent=" " * 7, break_on_hyphens=False
        )


def _list(asked: Mapping[str, Entry]) -> Iterator[str]:
    width = max(map(len, asked))
    for code, entry in asked.items():
        padding = " " * (len("warning") - len(entry.severity))
        meaning = textwrap.shorten(entry.meaning, max(20, render.width() - width - 11), placeholder=" ...")
        yield f"{code:<{width}}  {render.coloured(entry.severity)}{padding}  {meaning}"
