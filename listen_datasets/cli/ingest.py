"""``lds ingest``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from listen_datasets.cli.stage_command import stage_command
from listen_datasets.errors import UsageError
from listen_datasets.recipe import Ingest

if TYPE_CHECKING:
    from listen_datasets.dataset import Dataset


def _with_sources(opened: Dataset, given: Mapping[str, Any]) -> Dataset:
    """Enter sources that the recipe does not name yet, so that every later command finds the recordings."""
    from listen_datasets import config  # noqa: PLC0415 - start-up time
    from listen_datasets.sources import with_source  # noqa: PLC0415

    folders: tuple[Path, ...] = given["source"]
    metadata: tuple[Path, ...] = given["metadata"]
    if metadata and len(folders) != 1:
        raise UsageError(
            "--metadata belongs to one SOURCE", hint="give one SOURCE, or list the metadata of each in lds.toml"
        )
    before = text = (opened.root / config.RECIPE).read_text(encoding="utf-8")
    for folder in folders:
        text = with_source(opened.root, text, folder, metadata)
    return opened if text == before else opened.with_recipe(text, instead_of=before)


command = stage_command(
    "ingest",
    Ingest,
    details="""
    Every file below each SOURCE with the suffix wav, flac, ogg, oga, opus, mp3, aif, aiff or aifc, and every file that the
    metadata names, is read once: hashed, decoded to its end, measured. What is bad is listed in rejected.parquet with its
    reason, and the run goes on. A new SOURCE is entered in lds.toml; without SOURCE, those of lds.toml are read again.
    """,
    prepare=_with_sources,
    extra=(
        click.option(
            "--metadata", "-m", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Table about the recordings of SOURCE: CSV, TSV, JSON Lines or Parquet. May be repeated.",
        ),
        click.argument("source", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path)),
    ),
)  # fmt: skip
