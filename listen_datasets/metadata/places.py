"""Where the tables lie that a recipe names, and how one is read that is no file of this machine."""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from listen_datasets.errors import MetadataError
from listen_datasets.executors import Executor
from listen_datasets.metadata.reading import apart, table_of
from listen_datasets.metadata.table import MetadataTable

if TYPE_CHECKING:
    from listen_datasets.stores import Store

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


def matching_members(store: Store, pattern: str, name: str) -> list[str]:
    """Return the table of a path in a store, or those that a pattern fits.

    Args:
        store: Where the recordings of a source lie, and the tables among them.
        pattern: The path or the pattern, relative to the root of the store; a table of just this path is no pattern.
        name: What the recipe says, for messages.

    Raises:
        MetadataError: No table fits the pattern, or one that does must not be opened.
        MachineError: The store cannot be listed.
    """
    found = {item.path: item for item in store.walk() if item.kind != "folder"}
    if not _PATTERN & set(pattern) or pattern in found:
        places = [pattern]
    else:
        parts = pattern.split("/")
        places = [path for path, item in found.items() if not item.junk and _fits(path.split("/"), parts)]
    if not places:
        raise MetadataError("no table fits the pattern", where=name, hint="patterns are relative to the dataset")
    for place in places:
        problem = found[place].problem if place in found else None
        if problem is not None:
            raise MetadataError(problem.reason, where=name)
    return sorted(places)


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Tell whether a pattern fits a path, component by component; ``**`` stands for any number of them."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def read_member(store: Store, path: str, *, name: str, executor: Executor | None = None) -> MetadataTable:
    """Read a table that lies in a store, as :func:`listen_datasets.metadata.read` reads one of this machine.

    Args:
        store: The store.
        path: The table.
        name: How findings and errors call it.
        executor: What reads Parquet and workbooks; one process with limited memory if left out.

    Raises:
        MetadataError: It cannot be opened, or not be read to its end as what its suffix says.
        NothingError: There is no row in it.
        MachineError: The machine failed while reading.
    """
    suffix = PurePosixPath(path).suffix
    return apart(_member, (store, path, name), suffix=suffix, name=name, executor=executor)


def _member(task: tuple[Store, str, str]) -> MetadataTable:
    store, path, name = task
    return table_of(store.opened(path), PurePosixPath(path).suffix, name=name)
