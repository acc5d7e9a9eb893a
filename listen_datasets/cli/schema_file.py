"""``lds schema check`` and ``lds schema show``: what can be told about a schema without a table."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from listen_datasets.cli import options, render
from listen_datasets.cli.console import Console
from listen_datasets.errors import ExitCode, NothingError, SchemaError
from listen_datasets.text import visible

if TYPE_CHECKING:
    from listen_datasets.schema.outline import Outline

_HEAD = ("column", "type", "required", "allowed", "description")
_MOST = 50  # warnings that are printed
_NARROW = 8  # the least width of a cell of prose


def _place_argument(function: Any) -> Any:  # noqa: ANN401 - Click's decorators
    kind = click.Path(path_type=Path)
    return click.argument("place", type=kind, default=Path(), metavar="[DATASET|FILE]")(function)


@click.command(
    "check",
    help="""Say whether a schema can be used, and what in it looks like a slip.

    Checks the schema that DATASET/lds.toml names, or FILE; that of the working directory if nothing is named. The exit code
    is 2 if the schema cannot be used; warnings do not change it.
    """,
)
@_place_argument
@options.common_options
@click.pass_obj
def check(console: Console, *, place: Path, jobs: int | None, engine: str) -> ExitCode:  # noqa: ARG001
    """Check a schema."""
    import msgspec  # noqa: PLC0415 - start-up time

    from listen_datasets.schema import MetadataSchema, lint  # noqa: PLC0415

    path = _schema_of(place)
    about = {"file": str(path), "usable": False, "dialect": None, "columns": [], "required": []}
    try:
        schema = MetadataSchema.load(path)
    except SchemaError as error:
        fields = {"message": str(error.args[0]), "pointer": _pointer(error), "hint": error.hint}
        console.document("schema check", {**about, "unchecked": [], "error": fields, "warnings": []})
        raise
    columns, found, open_ = schema.outline(), lint.advice(schema.checked), lint.unchecked(schema.checked)
    about |= {
        "usable": True,
        "dialect": schema.checked.dialect.uri,
        "columns": [column.name for column in columns],
        "required": [column.name for column in columns if column.required],
    }
    count, required = len(columns), sum(column.required for column in columns)
    console.say(f"{visible(path.name)} can be used")
    console.say(f"  {about['dialect']}: {count} column{'s' * (count != 1)}, {required} of them required")
    for what in open_:
        console.say(f"  not checked: {visible(what, 200)}")
    for item in found[:_MOST]:
        console.say(f"  {render.coloured('warning')} #{visible(item.pointer, 200)}: {visible(item.message, 300)}")
        console.say(f"    try: {visible(item.hint, 300)}")
    if len(found) > _MOST:
        console.say(f"  ... and {len(found) - _MOST} more warnings; --json has all of them")
    warnings = msgspec.to_builtins(found)
    console.document("schema check", {**about, "unchecked": open_, "error": None, "warnings": warnings})
    if not found:
        console.note("nothing in it looks like a slip")
    return ExitCode.OK


@click.command(
    "show",
    help="""Print the columns of a schema as a table.

    Reads the schema that DATASET/lds.toml names, or FILE; that of the working directory if nothing is named. Columns of a
    schema that it refers to are among them. Without a type, a column may hold anything.
    """,
)
@_place_argument
@options.common_options
@click.pass_obj
def show(console: Console, *, place: Path, jobs: int | None, engine: str) -> ExitCode:  # noqa: ARG001
    """Print the columns of a schema."""
    import msgspec  # noqa: PLC0415 - start-up time

    from listen_datasets.schema import MetadataSchema  # noqa: PLC0415

    path = _schema_of(place)
    schema = MetadataSchema.load(path)
    columns = schema.outline()
    for line in _table(columns):
        console.say(line)
    fields = {"file": str(path), "dialect": schema.checked.dialect.uri, "columns": msgspec.to_builtins(columns)}
    console.document("schema show", fields)
    if not columns:
        console.note("the schema names no column")
    return ExitCode.OK


def _schema_of(place: Path) -> Path:
    """Return the file of a schema: the one that was named, or that of the dataset that was."""
    from listen_datasets.dataset import Dataset  # noqa: PLC0415 - start-up time

    if not place.is_dir():
        return place
    path = place / Dataset.open(place).recipe.metadata_schema
    if not path.exists():
        hint = f"propose one from the metadata: lds schema infer {shlex.quote(str(place))} --output {shlex.quote(str(path))}"
        raise NothingError("the dataset has no metadata schema", where=str(path), hint=hint)
    return path


def _pointer(error: SchemaError) -> str | None:
    _, sign, pointer = (error.where or "").partition("#")
    return pointer if sign else None


def _table(columns: Sequence[Outline]) -> Iterator[str]:
    """Yield the lines of the table; what is allowed and the description share what is left of the width."""
    rows = [_HEAD, *(_cells(column) for column in columns)] if columns else []
    widths = [max((len(cells[number]) for cells in rows), default=0) for number in range(len(_HEAD))]
    rest = render.width() - sum(widths[:3]) - 2 * (len(_HEAD) - 1)
    widths[3] = max(_NARROW, min(widths[3], rest // 2))
    widths[4] = max(2 * _NARROW, rest - widths[3])
    for cells in rows:
        wrapped = [
            textwrap.wrap(cell, width, break_on_hyphens=False) for cell, width in zip(cells, widths, strict=True)
        ]
        for parts in zip_longest(*wrapped, fillvalue=""):
            line = "  ".join(f"{part:<{width}}" for part, width in zip(parts, widths, strict=True)).rstrip()
            yield click.style(line, bold=True) if cells is _HEAD else line


def _cells(column: Outline) -> tuple[str, str, str, str, str]:
    return (
        visible(column.name, 40),
        " or ".join(column.types) or "any",
        "yes" if column.required else "",
        "; ".join(column.allowed),
        visible(column.description or "", 300),
    )
