"""Sources in ``lds.toml``: a new one is added behind the text as it is, so that comments and layout stay."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from listen_datasets import config
from listen_datasets.errors import UsageError
from listen_datasets.recipe import Recipe


def with_source(root: Path, recipe: Recipe, folder: Path, metadata: Sequence[Path]) -> str | None:
    """Return the text of ``lds.toml`` with one more source, or None if it names that source already.

    Args:
        root: The dataset.
        recipe: What its ``lds.toml`` says now.
        folder: The folder of recordings.
        metadata: Tables about them.

    Raises:
        UsageError: The folder and the dataset lie in each other, or the source is there with other metadata.
    """
    check_apart(root, folder)
    tables = tuple(_relative(root, path) for path in metadata)
    for source in recipe.source:
        if (root / source.path).resolve() == folder.resolve():
            if tables and tables != source.metadata:
                raise UsageError(
                    f"the source {source.name!r} is in lds.toml with other metadata",
                    where=config.RECIPE,
                    hint="edit `metadata` of that [[source]]",
                )
            return None
    text = (root / config.RECIPE).read_text(encoding="utf-8")
    name = _free_name(folder.resolve().name, {source.name for source in recipe.source})
    return text.rstrip("\n") + "\n\n" + block(name, _relative(root, folder), tables)


def check_apart(root: Path, folder: Path) -> None:
    """Refuse a dataset inside its own source: outputs must never lie among inputs.

    Raises:
        UsageError: The dataset is the source, or lies in it.
    """
    if root.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            "the dataset lies inside its source, where its own files would be taken for recordings",
            where=str(folder),
            hint="make the dataset in another folder",
        )


def block(name: str, path: str, metadata: Sequence[str]) -> str:
    """Return a ``[[source]]`` as TOML."""
    lines = ["[[source]]", f"name = {json.dumps(name)}", f"path = {json.dumps(path, ensure_ascii=False)}"]
    if metadata:
        lines.append(f"metadata = [{', '.join(json.dumps(table, ensure_ascii=False) for table in metadata)}]")
    return "\n".join(lines) + "\n"


def _relative(root: Path, path: Path) -> str:
    return Path(os.path.relpath(path.resolve(), root.resolve())).as_posix()


def _free_name(text: str, taken: set[str]) -> str:
    slug = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._") or "source"
    name, number = slug, 2
    while name in taken:
        name, number = f"{slug}-{number}", number + 1
    return name
