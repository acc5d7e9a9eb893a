"""The program: parses, runs one command, and turns whatever happens into words and an exit code.

This is the one translator of errors. Click runs with ``standalone_mode=False``, so it never invents a code.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import platform
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from listen_datasets import __version__
from listen_datasets.cli.commands import Commands
from listen_datasets.cli.console import Console
from listen_datasets.errors import ExitCode, LdsError, Terminated
from listen_datasets.text import visible


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="lds", message="%(prog)s %(version)s")
def program() -> None:
    """Turn a folder of recordings and a table about them into a published audio dataset that others can trust.

    DATASET is a folder and the first argument of every command. Start with `lds init DATASET`.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``lds`` and end the process with its exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    # The inputs of a large dataset are millions of tuples that stay; by default they are looked through again and again.
    gc.set_threshold(100_000, 20, 20)
    _choose_memory_pool()
    code = run(list(sys.argv[1:] if arguments is None else arguments))
    if code is ExitCode.SIGPIPE:
        # Nobody reads any more: the interpreter's own flush at exit would fail and print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(int(code))


def _choose_memory_pool() -> None:
    """Let Arrow take its memory from jemalloc, unless the caller has chosen: it gives back what a table no longer needs.

    A manifest of a million rows takes 1.3 GB with Arrow's usual mimalloc and less than 1 GB with jemalloc, which not every
    build of Arrow has; those for x86-64 Linux do. Arrow looks at the variable when it is imported.
    """
    if sys.platform == "linux" and platform.machine() == "x86_64":
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")


def run(arguments: Sequence[str]) -> ExitCode:
    """Run one command line and return its exit code; nothing is raised."""
    # Asked for here too, because a command line that cannot be parsed ends before its options are looked at.
    console = Console(json="--json" in arguments)
    code, reason = _attempt(arguments, console)
    if console.json:
        console.warn(json.dumps({"message_type": "exit", "code": int(code), "reason": reason}, ensure_ascii=False))
    return code


def _attempt(arguments: Sequence[str], console: Console) -> tuple[ExitCode, str]:
    try:
        result = program.main(list(arguments), prog_name="lds", standalone_mode=False, obj=console)
        if sys.stdout is not None:  # as it is if the caller has closed it
            sys.stdout.flush()  # inside: a full disk behind standard output must not look like success
    except LdsError as error:
        return _explain(console, error)
    except click.exceptions.NoArgsIsHelpError as error:
        console.warn(error.format_message())
        return ExitCode.USAGE, "no command"
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        usage = context.command_path if context else "lds"
        console.warn(f"error: {error.format_message()}\n  try: {usage} --help")
        return ExitCode.USAGE, error.format_message()
    except (KeyboardInterrupt, click.Abort):
        console.warn("interrupted; what was committed is safe, and the same command goes on from there")
        return ExitCode.SIGINT, "interrupted"
    except (BrokenPipeError, SystemExit):  # Click turns the one into the other, with the code 1
        return ExitCode.SIGPIPE, "nobody reads the output"
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "unknown")
        console.warn(
            f"error: the machine failed: {error.strerror} ({name})\n  try: free space or permissions, then run it again"
        )
        return ExitCode.ENVIRONMENT, name
    except Exception:  # noqa: BLE001 - the last resort: a bug must be reported, never look like success
        return _report_bug(console)
    code = result if isinstance(result, ExitCode) else ExitCode.OK
    return code, code.name.lower()


def _explain(console: Console, error: LdsError) -> tuple[ExitCode, str]:
    if error.exit_code is ExitCode.INTERNAL:
        return _report_bug(console)
    said = {"error": error.message, "  where": error.where, "  try": error.hint}
    # A line each, whatever they quote: a line that begins with :: is a command for a CI service.
    console.warn("\n".join(f"{word}: {visible(text, len(text))}" for word, text in said.items() if text))
    return error.exit_code, error.message


def _report_bug(console: Console) -> tuple[ExitCode, str]:
    problem = sys.exc_info()[1]
    console.warn(traceback.format_exc())
    console.warn(
        f"error: this is a bug in lds {__version__} (Python {platform.python_version()}, {platform.system()})\n"
        "  try: report it with the lines above; the dataset is as it was before the command"
    )
    return ExitCode.INTERNAL, f"{type(problem).__name__}: {problem}"


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated("terminated", hint="run the same command again; what was committed is safe")
