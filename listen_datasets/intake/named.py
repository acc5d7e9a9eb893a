"""The tables that a recipe names: files of this machine, or members of a source that is no folder.

A table in an archive, or among objects in the cloud, is named like one in a folder, by a path that goes through the
source: ``takes.zip/metadata.csv``, ``s3://bucket/takes/*/metadata.jsonl``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from listen_datasets.executors import Executor
from listen_datasets.metadata import MetadataTable, read
from listen_datasets.metadata.places import matching, matching_members, read_member
from listen_datasets.paths import real
from listen_datasets.recipe import Recipe, Source
from listen_datasets.sources import path_inside
from listen_datasets.stores import Store


@dataclass(frozen=True)
class Named:
    """A table that a recipe names.

    Attributes:
        source: Name of its source.
        path: Where it lies.
        place: Its path below the root of the source; None if it lies elsewhere.
        store: What opens it; None if it is a file of this machine.
    """

    source: str
    path: Path | PurePosixPath
    place: str | None
    store: Store | None = None

    def read(self, name: str, executor: Executor | None = None) -> MetadataTable:
        """Read it.

        Args:
            name: How findings and errors call it.
            executor: What reads Parquet and workbooks; one process with limited memory if left out.

        Raises:
            MetadataError: It cannot be read to its end.
            NothingError: There is no row in it.
            MachineError: The machine failed while reading.
        """
        if self.store is None:
            return read(Path(self.path), name=name, executor=executor)
        return read_member(self.store, str(self.path), name=name, executor=executor)


def named(root: Path, recipe: Recipe, store: Callable[[Source], Store], roots: Mapping[str, Path]) -> Iterator[Named]:
    """Yield the tables that a recipe names, those that its patterns fit among them.

    Args:
        root: The dataset.
        recipe: The recipe.
        store: Gives where the recordings of a source lie; asked only where a table lies among them.
        roots: Folder of each source that is a folder of this machine, by its name.

    Raises:
        MetadataError: No table fits a pattern.
        MachineError: A source cannot be listed.
    """
    for source in recipe.source:
        folder = roots.get(source.name)
        for name in source.metadata:
            inside = None if folder else path_inside(root, source.path, name)
            if inside is None:
                yield from (Named(source.name, path, _below(path, folder)) for path in matching(root, name))
                continue
            there = store(source)
            for place in matching_members(there, inside, name):
                yield Named(source.name, PurePosixPath(place), place, there)


def called(found: Sequence[Named]) -> list[str]:
    """Return how findings call each table (n): by the name of its file, unless another one has that too."""
    times = Counter(item.path.name for item in found)
    return [
        item.path.name
        if times[item.path.name] == 1
        else f"{item.source}/{item.place or f'{item.path.parent.name}/{item.path.name}'}"
        for item in found
    ]


def _below(path: Path, root: Path | None) -> str | None:
    """Return where a table lies below the root of a source; None if it lies elsewhere."""
    if root is None:
        return None
    resolved = real(path.parent) / path.name
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else None
