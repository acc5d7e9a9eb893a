"""The store that most sources are: a folder of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from listen_datasets import inputs
from listen_datasets.inputs import Found, OpenInput

if TYPE_CHECKING:
    from listen_datasets.metadata.table import MetadataTable


@dataclass(frozen=True)
class Folder:
    """A folder of this machine; see :class:`listen_datasets.stores.Store`.

    Attributes:
        root: The folder; may itself be reached through links, but nothing below it is.
    """

    root: Path

    def walk(self) -> Iterator[Found]:
        """Yield everything below the folder; links are reported and not followed."""
        return inputs.walk(self.root)

    def opened(self, path: str) -> AbstractContextManager[OpenInput]:
        """Open a file beneath the folder, following no link on the way."""
        return inputs.opened(self.root, path)

    def tables(self) -> Sequence[MetadataTable]:
        """Return nothing: tables beside the recordings are named in the recipe."""
        return ()
