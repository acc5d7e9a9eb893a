"""``lds init``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from listen_datasets.cli import options
from listen_datasets.cli.commands import COMMANDS
from listen_datasets.cli.console import Console
from listen_datasets.errors import ExitCode, UsageError
from listen_datasets.paths import real

PROFILES = ("speech", "music", "sound-event")

_OPEN_SCHEMA = r"""{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "A row of the metadata",
  "description": "Say here what every row must have; see https://json-schema.org. Columns not named here may hold anything. \"allOf\": [{\"$ref\": \"https://listen-datasets.example/schemas/1/metadata/core.schema.json\"}] would declare what rows about recordings share: file_name, start, duration, license and others.",
  "type": "object",
  "properties": {}
}
"""


@click.command(
    "init",
    help=f"""{COMMANDS["init"]}

    Every key of lds.toml stands there with its meaning and default. With a profile, the metadata schema asks for what
    such datasets need, and the thresholds of validate are theirs; without, the schema accepts everything until you
    edit it.
    """,
)
@options.dataset_argument
@options.common_options
@click.option("--profile", type=click.Choice(PROFILES), help="Metadata schema and thresholds to begin with.")
@click.option("--name", help="Name of the dataset; the folder's name if left out.")
@click.option("--license", "licence", metavar="SPDX", help="Licence of the clips, such as CC-BY-4.0.")
@click.option("--label", metavar="COLUMN", help="Column of the metadata that holds the label.")
@click.option("--group-by", multiple=True, metavar="COLUMN", help="Columns that must not straddle splits.")
@click.option("--stratify-by", multiple=True, metavar="COLUMN", help="Columns whose proportions each split keeps.")
@click.pass_obj
def command(  # noqa: PLR0913 - one parameter an option
    console: Console,
    *,
    dataset: Path,
    profile: str | None,
    name: str | None,
    licence: str | None,
    label: str | None,
    group_by: tuple[str, ...],
    stratify_by: tuple[str, ...],
    jobs: int | None,  # noqa: ARG001 - every command takes it
    engine: str,  # noqa: ARG001
) -> ExitCode:
    """Write the first files of a dataset."""
    from listen_datasets import template  # noqa: PLC0415 - start-up time
    from listen_datasets.dataset import Dataset  # noqa: PLC0415
    from listen_datasets.tables import schemas_folder  # noqa: PLC0415

    about: dict[str, Any] = {"name": name or _name(dataset), "license": licence, "label": label}
    split: dict[str, Any] = {"group-by": list(group_by), "stratify-by": list(stratify_by)}
    values: dict[str, dict[str, Any]] = {
        "dataset": {key: value for key, value in about.items() if value is not None},
        "split": {key: value for key, value in split.items() if value},
    }
    schema = _OPEN_SCHEMA.encode()
    if profile is not None:
        values["validate"] = {"profile": profile}
        schema = (schemas_folder() / "metadata" / f"{profile}.schema.json").read_bytes()
    files = {"metadata.schema.json": schema, "lds.toml": template.recipe_text(values).encode()}
    Dataset.create(dataset, files)
    for file in sorted(files):
        console.say(f"wrote {dataset / file}")
    console.document("init", {"files": sorted(files)})
    console.note(f"next: edit lds.toml, then lds ingest {shlex.quote(str(dataset))} SOURCE --metadata FILE")
    return ExitCode.OK


def _name(dataset: Path) -> str:
    from listen_datasets.sources import slug  # noqa: PLC0415 - start-up time

    name = slug(real(dataset).name)
    if not name:
        raise UsageError(f"no name can be made from {dataset.name!r}", hint="give one: --name my-dataset")
    return name
