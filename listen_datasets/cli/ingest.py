"""``lds ingest``."""

from __future__ import annotations

from collections.abc import Mapping
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

    locations: tuple[str, ...] = given["source"]
    metadata: tuple[str, ...] = given["metadata"]
    if metadata and len(locations) != 1:
        raise UsageError(
            "--metadata belongs to one SOURCE", hint="give one SOURCE, or list the metadata of each in lds.toml"
        )
    before = text = (opened.root / config.RECIPE).read_text(encoding="utf-8")
    for location in locations:
        text = with_source(opened.root, text, location, metadata)
    return opened if text == before else opened.with_recipe(text, instead_of=before)


command = stage_command(
    "ingest",
    Ingest,
    details="""
    SOURCE is a folder, an archive (tar, zip), a URL (https://, s3://, gs://, hf://), or a published dataset
    (hf-parquet:DIR, webdataset:DIR, lhotse:DIR, audiofolder:DIR). Every recording in it, and every file that the metadata
    names, is read once: hashed, decoded to its end, measured. What is bad is listed in rejected.parquet with its reason, and
    the run goes on. A new SOURCE is entered in lds.toml; without SOURCE, those of lds.toml are read again.

    A second run measures only what is new or changed, which the content decides. An interrupted run goes on where it was.
    """,
    prepare=_with_sources,
    extra=(
        click.option(
            "--metadata", "-m", multiple=True, metavar="FILE",
            help="Table about the recordings of SOURCE: CSV, TSV, JSON, JSON Lines, Parquet or XLSX; or a pattern such as "
            "'audio/**/metadata.csv'. May be repeated.",
        ),
        click.argument("source", nargs=-1),
    ),
)  # fmt: skip
