"""``lds schema``."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from listen_datasets.cli import options, render, schema_file
from listen_datasets.cli.commands import COMMANDS
from listen_datasets.cli.console import Console
from listen_datasets.errors import ExitCode, NothingError, UsageError

if TYPE_CHECKING:
    from listen_datasets.intake.named import Named
    from listen_datasets.metadata import MetadataTable


@click.group(
    "schema",
    help=f"""{COMMANDS["schema"]}

    A schema says what every row of the metadata must have; `lds ingest` takes the types of columns from it, and
    `lds validate` judges the rows.
    """,
)
def command() -> None:
    """Gather the commands about schemas."""


command.add_command(schema_file.check)
command.add_command(schema_file.show)


@command.command(
    "infer",
    help="""Propose a JSON Schema from the metadata itself.

    Reads the tables that DATASET/lds.toml names, or the tables given, and prints a schema to be read and edited:
    types, vocabularies, shapes, what every row has, each with its reason. All rows are valid by it. What could be a name
    stays text, such as 007. The exit code is 1 if rows could not be read.
    """,
)
@click.argument("places", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DATASET|TABLE...")
@options.common_options
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the schema to a file; to standard output if left out.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@click.pass_obj
def infer(
    console: Console,
    *,
    places: tuple[Path, ...],
    output: Path | None,
    force: bool,
    jobs: int | None,  # noqa: ARG001 - every command takes it
    engine: str,
) -> ExitCode:
    """Propose a schema."""
    from listen_datasets.schema import inference  # noqa: PLC0415 - start-up time

    if output is not None:
        _check_free(output, force=force)
    tables = _tables(places, engine)
    schema = inference.infer(tables)
    if output is None:
        console.file(inference.as_text(schema))
    else:
        _write(output, inference.as_text(schema), replace=force)
        console.say(f"wrote {output}")
    _say_findings(console, tables)
    console.document(
        "schema infer", {**_fields(tables), "output": None if output is None else str(output), "schema": schema}
    )
    rows = sum(map(len, tables))
    console.note(
        f"{len(schema['properties'])} columns inferred from {rows:,} rows; read and edit what $comment says was guessed"
    )
    has_errors = any(finding.severity == "error" for table in tables for finding in table.findings)
    return ExitCode.FINDINGS if has_errors else ExitCode.OK


def _tables(places: Sequence[Path], engine: str) -> list[MetadataTable]:
    """Read the tables that were named, or those of the dataset that was."""
    from listen_datasets import registry  # noqa: PLC0415 - start-up time
    from listen_datasets.intake.named import Named  # noqa: PLC0415

    folders = [place for place in places if place.is_dir()]
    if folders and len(places) > 1:
        hint = "name one dataset, or tables alone"
        raise UsageError("a dataset and something else were named", where=str(folders[0]), hint=hint)
    found = _of_dataset(folders[0]) if folders else [Named("", path, None) for path in places]
    times = Counter(item.path.name for item in found)
    executor = registry.find("executors", engine)() if engine == "serial" else None
    return [item.read(item.path.name if times[item.path.name] == 1 else str(item.path), executor) for item in found]


def _of_dataset(root: Path) -> list[Named]:
    from listen_datasets.dataset import Dataset  # noqa: PLC0415 - start-up time
    from listen_datasets.intake.named import named  # noqa: PLC0415
    from listen_datasets.sources import local_folder, store  # noqa: PLC0415

    recipe = Dataset.open(root).recipe
    if not any(source.metadata for source in recipe.source):
        hint = f"name the table itself: lds schema infer TABLE, or read it in: lds ingest {root} --metadata TABLE"
        raise NothingError("lds.toml names no metadata table", where=str(root), hint=hint)
    folders = {source.name: local_folder(root, source.path) for source in recipe.source}
    roots = {name: folder for name, folder in folders.items() if folder is not None}
    # A table of several sources is one table here.
    found = named(root, recipe, lambda source: store(root, source), roots)
    return list({(item.path, item.store): item for item in found}.values())


def _check_free(output: Path, *, force: bool) -> None:
    if output.is_symlink() or (output.exists() and not output.is_file()):
        hint = "name a file, or leave --output out and redirect standard output"
        raise UsageError(f"{output.name} is no regular file", where=str(output), hint=hint)
    if output.exists() and not force:
        hint = f"choose another name, or replace it: lds schema infer ... --output {shlex.quote(str(output))} --force"
        raise UsageError(f"{output.name} is there already", where=str(output), hint=hint)


def _write(output: Path, text: str, *, replace: bool) -> None:
    from listen_datasets.storage import Disk, write_bytes  # noqa: PLC0415 - start-up time

    write_bytes(Disk(), output, text.encode(), replace=replace)


def _say_findings(console: Console, tables: Sequence[MetadataTable]) -> None:
    found = [finding for table in tables for finding in table.findings]
    for line in render.findings(found, Counter(finding.code for finding in found)):
        console.warn(line)


def _fields(tables: Sequence[MetadataTable]) -> dict[str, Any]:
    import msgspec  # noqa: PLC0415 - start-up time

    return {
        "tables": [
            {"name": table.name, "rows": len(table), "refused": len(table.refused), "sha256": table.sha256}
            for table in tables
        ],
        "findings": [msgspec.to_builtins(finding) for table in tables for finding in table.findings],
    }
