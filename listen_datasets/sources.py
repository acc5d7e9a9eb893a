"""Sources in ``lds.toml``: a new one is added behind the text as it is, so that comments and layout stay."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from listen_datasets import commit, config
from listen_datasets.errors import UsageError
from listen_datasets.template import toml_value
from listen_datasets.text import has_control, visible
from listen_datasets.verification import OWNED_FOLDERS

_LONGEST_NAME = 80


def with_source(root: Path, text: str, folder: Path, metadata: Sequence[Path]) -> str:
    """Return the text of ``lds.toml`` with one more source, or as it is if it names that source already.

    Args:
        root: The dataset.
        text: Its ``lds.toml``.
        folder: The folder of recordings.
        metadata: Tables about them.

    Raises:
        UsageError: The folder and the dataset lie in each other, the source is there with other metadata, or a path
            cannot stand in a text file.
        RecipeError: The text is no recipe.
    """
    recipe = config.parse(text)
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
            return text
    name = _free_name(folder.resolve().name, {source.name for source in recipe.source})
    return text.rstrip("\n") + "\n\n" + block(name, _relative(root, folder), tables)


def check_apart(root: Path, folder: Path) -> None:
    """Refuse a dataset inside its own source: outputs must never lie among inputs.

    Raises:
        UsageError: The dataset is the source or lies in it, or the source is one of the dataset's own folders.
    """
    outside, inside = folder.resolve(), root.resolve()
    if any(outside.is_relative_to(inside / name) for name in (*OWNED_FOLDERS, commit.PRIVATE)):
        raise UsageError("the source lies in a folder that lds writes to", where=str(folder), hint="move it elsewhere")
    if inside.is_relative_to(outside):
        raise UsageError(
            "the dataset lies inside its source, where its own files would be taken for recordings",
            where=str(folder),
            hint="make the dataset in another folder",
        )


def check_disjoint(roots: Mapping[str, Path]) -> None:
    """Refuse sources that lie in each other: a file would be two inputs.

    Args:
        roots: The folder of every source by its name.

    Raises:
        UsageError: Two of them overlap.
    """
    for (name, root), (other, folder) in itertools.permutations(roots.items(), 2):
        if root.resolve().is_relative_to(folder.resolve()):
            raise UsageError(
                f"the source {name!r} lies in the source {other!r}, so its files would count twice",
                where=config.RECIPE,
                hint="keep one of the two",
            )


def block(name: str, path: str, metadata: Sequence[str]) -> str:
    """Return a ``[[source]]`` as TOML."""
    lines = ["[[source]]", f"name = {toml_value(name)}", f"path = {toml_value(path)}"]
    if metadata:
        lines.append(f"metadata = {toml_value(list(metadata))}")
    return "\n".join(lines) + "\n"


def slug(text: str) -> str:
    """Return a name for machines made of the name of a folder; empty if nothing of it can be used.

    >>> slug("Field Recordings (2024)")
    'field-recordings-2024'
    """
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:_LONGEST_NAME]


def _relative(root: Path, path: Path) -> str:
    text = Path(os.path.relpath(path.resolve(), root.resolve())).as_posix()
    if has_control(text) or text != text.encode(errors="replace").decode():
        raise UsageError(
            "a path that is not UTF-8 or holds control characters cannot stand in lds.toml",
            where=visible(text),
            hint="rename the folder or file",
        )
    return text


def _free_name(text: str, taken: set[str]) -> str:
    first = slug(text) or "source"
    name, number = first, 2
    while name in taken:
        name, number = f"{first}-{number}", number + 1
    return name
