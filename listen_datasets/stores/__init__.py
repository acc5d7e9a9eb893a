"""Stores: where the recordings of a source lie, and how one of them is opened.

A store is a frozen value that knows a place and holds nothing open, so that it can be sent to workers. Whatever the
place is, a recording arrives as a regular file descriptor (:class:`listen_datasets.inputs.OpenInput`): members of
archives and remote objects are spooled first (:mod:`listen_datasets.stores.spool`), so that everything behind this
door is the same for all of them::

    store = store_of(Path("dataset"), "recordings.tar.gz")
    for found in sorted(store.walk(), key=lambda found: found.position):
        if found.kind == "file":
            with store.opened(found.path) as file:
                head = file.read(0, 4096)

What a process has learnt about an archive it remembers by the archive's place and stamp; the store itself stays a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from listen_datasets.inputs import Found, OpenInput

if TYPE_CHECKING:
    from listen_datasets.metadata.table import MetadataTable


class Store(Protocol):
    """The recordings of a source. Implementations are frozen and picklable, and cheap to make."""

    def walk(self) -> Iterator[Found]:
        """Yield everything in the store, sorted by the bytes of its path, with a stamp where there is one.

        Opening files in the order of their positions is fastest; any order works.

        Raises:
            MachineError: The store cannot be listed.
            RecipeError: It is not what the recipe says.
        """
        ...

    def opened(self, path: str) -> AbstractContextManager[OpenInput]:
        """Open a recording that `walk` found.

        Raises:
            InputProblem: It cannot be opened, and why.
            MachineError: The process may not open more files, or has no room to spool.
        """
        ...

    def tables(self) -> Sequence[MetadataTable]:
        """Return the metadata that the layout of the store carries itself; none for plain files.

        Each table names the recordings by their path in the store in a column ``file_name``.

        Raises:
            MetadataError: A table cannot be read to its end.
        """
        ...
