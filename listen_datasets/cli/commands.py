"""The list of commands. Each is one module, imported when it is asked for: ``lds --help`` pays for none of them."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping

import click

COMMANDS: Mapping[str, str] = {
    "init": "Write lds.toml and a metadata schema to edit.",
    "schema": "Propose, check or show a JSON Schema for the metadata.",
    "ingest": "Read recordings and their metadata into the manifest.",
    "validate": "Judge metadata and audio; mark what must not be published.",
    "dedup": "Mark clips whose bytes, samples or sound another clip has.",
    "features": "Compute columns of numbers beside the manifest.",
    "split": "Assign clips to train, validation and test without leakage.",
    "shard": "Write the clips to Parquet shards in DATASET/dist.",
    "card": "Write card, datasheet, Croissant and provenance in DATASET/dist.",
    "run": "Do all of the above that is not up to date.",
    "status": "Show which stages have run and which must run again.",
    "log": "Show the ledger: what was run, and what came of it.",
    "verify": "Check every file of the dataset against the ledger.",
    "explain": "Say what a finding code means, why it matters and what to do.",
}
"""Name to summary, in the order of the job. The module of a command has its name and holds it as ``command``."""


class Commands(click.Group):
    """A group that imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """Return the names in the order of the job."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"listen_datasets.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"commands: {', '.join(COMMANDS)}"
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
