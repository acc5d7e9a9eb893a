"""Where findings are, as somebody sees it who stands in the folder that holds dataset and recordings, such as a checkout."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets.errors import LdsError
from listen_datasets.intake.named import called, named
from listen_datasets.model import Finding
from listen_datasets.recipe import Recipe
from listen_datasets.reports import Located
from listen_datasets.sources import local_folder, store


def located(
    findings: Iterable[Finding], manifest: pa.Table, recipe: Recipe, root: Path, here: Path
) -> Iterator[Located]:
    """Yield findings with the files that they are about.

    Args:
        findings: The findings.
        manifest: The clips, which tell sources of one path apart.
        recipe: Names sources and tables.
        root: The dataset.
        here: Where the report is read: files elsewhere are not named.
    """
    folders = {source.name: local_folder(root, source.path) for source in recipe.source}
    tables = _tables(recipe, root, {name: folder for name, folder in folders.items() if folder is not None})
    asked = list(findings)
    sources = _sources(manifest, [item.clip_id for item in asked if item.clip_id is not None])
    only = next(iter(folders)) if len(folders) == 1 else None
    for finding in asked:
        path = None if finding.path is None else tables.get(finding.path)
        folder = folders.get(sources.get(finding.clip_id or "", only) or "")
        if path is None and finding.path is not None and finding.line is None and folder is not None:
            path = folder / finding.path
        yield Located(finding, None if path is None else _relative(path, here))


def _tables(recipe: Recipe, root: Path, folders: Mapping[str, Path]) -> dict[str, Path]:
    """Return the tables on this machine by what findings call them; none if one of them is gone."""
    try:
        found = list(named(root, recipe, lambda source: store(root, source), folders))
    except LdsError:
        return {}
    return {name: Path(item.path) for item, name in zip(found, called(found), strict=True) if item.store is None}


def _sources(manifest: pa.Table, clips: list[str]) -> dict[str, str]:
    rows = manifest.select(["clip_id", "source"]).filter(pc.is_in(manifest["clip_id"], pa.array(clips, pa.string())))
    return dict(zip(rows["clip_id"].to_pylist(), rows["source"].to_pylist(), strict=True))


def _relative(path: Path, here: Path) -> str | None:
    text = PurePosixPath(os.path.relpath(path, here)).as_posix()
    return None if text.startswith("../") else text
