"""Where words go: results to standard output, everything else to standard error, colour and bars to terminals only."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import click

from listen_datasets.text import visible, wrapped

if TYPE_CHECKING:
    from listen_datasets.progress import Progress

_OURS = re.compile(r"(\n|\x1b\[[0-9;]*m)")

_NARROWEST = 40

SCHEMA_VERSION = 1
"""Version of every ``--json`` document; fields may be added without a new one."""


@dataclass
class Console:
    """How this call of ``lds`` speaks. The options ``--json`` and ``--quiet`` set it while they are parsed."""

    json: bool = False
    quiet: bool = False

    def say(self, text: str = "") -> None:
        """Print a line of the result for people, as wide as their terminal; nothing with ``--json``."""
        if not self.json:
            shown = _harmless(text)
            if sys.stdout is not None and sys.stdout.isatty():  # a pipe gets whole lines
                shown = wrapped(shown, _width(sys.stdout))
            click.echo(shown, color=None if _may_colour(sys.stdout) else False)

    def file(self, text: str) -> None:
        """Print the content of a file, to the letter; nothing with ``--json``."""
        if not self.json:
            click.echo(text, nl=False)

    def note(self, text: str) -> None:
        """Print a line that is not the result; nothing with ``--quiet``."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Print a line that must be seen; if nothing can be printed, the exit code still tells."""
        with contextlib.suppress(OSError):
            click.echo(_harmless(text), err=True, color=None if _may_colour(sys.stderr) else False)

    def document(self, command: str, fields: Mapping[str, Any]) -> None:
        """Print the one document of ``--json``."""
        if self.json:
            whole = {"schema_version": SCHEMA_VERSION, "command": command, **fields}
            click.echo(json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=2))

    def progress(self) -> Progress:
        """Return bars on standard error if that is a terminal, else nothing."""
        from listen_datasets.progress import Silent, Terminal  # noqa: PLC0415 - start-up time

        is_shown = not self.quiet and sys.stderr is not None and sys.stderr.isatty()
        return Terminal(sys.stderr) if is_shown else Silent()


def _harmless(text: str) -> str:
    """Return text that can colour its lines, and steer a terminal in no other way."""
    return "".join(
        part if number % 2 else visible(part, limit=len(part)) for number, part in enumerate(_OURS.split(text))
    )


def _width(stream: TextIO) -> int:
    """Return the columns of a terminal: what the user says in COLUMNS, else what it says itself, else 80."""
    said = os.environ.get("COLUMNS", "")
    found = int(said) if said.isascii() and said.isdigit() else 0
    if not found:
        with contextlib.suppress(OSError):
            found = os.get_terminal_size(stream.fileno()).columns
    return max(_NARROWEST, found or 80)


def _may_colour(stream: Any) -> bool:  # noqa: ANN401 - any text stream
    return not os.environ.get("NO_COLOR") and stream is not None and stream.isatty()
