"""Where the tables lie that a recipe names."""

from __future__ import annotations

import glob
from pathlib import Path

from listen_datasets.errors import MetadataError

_PATTERN = frozenset("*?[")


def matching(root: Path, name: str) -> list[Path]:
    """Return the table of a name, or those that a pattern such as ``../audio/**/metadata.csv`` fits.

    Args:
        root: The folder that the name is relative to.
        name: The name or the pattern; a file of just this name is no pattern.

    Raises:
        MetadataError: No table fits the pattern.
    """
    if not _PATTERN & set(name) or (root / name).exists():
        return [root / name]
    found = sorted(glob.glob(name, root_dir=root, recursive=True))  # noqa: PTH207 - its order and its `..` are plain
    if not found:
        raise MetadataError("no table fits the pattern", where=name, hint="patterns are relative to the dataset")
    return [root / path for path in found]
