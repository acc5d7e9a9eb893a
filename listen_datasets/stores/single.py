"""One file from far away as a source of one recording."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from listen_datasets.errors import MachineError
from listen_datasets.inputs import Found, InputProblem, OpenInput
from listen_datasets.model import Fate
from listen_datasets.stores.archive_file import ArchiveFile
from listen_datasets.text import visible

if TYPE_CHECKING:
    from listen_datasets.metadata.table import MetadataTable


@dataclass(frozen=True)
class Single:
    """A source that is one recording; see :class:`listen_datasets.stores.Store`.

    Attributes:
        file: Where it lies.
    """

    file: ArchiveFile

    def walk(self) -> Iterator[Found]:
        """Yield the recording under the name of its file."""
        try:
            return iter((Found(self.file.name, "file", bytes=self.file.size, stamp=self.file.stamp()),))
        except InputProblem as problem:
            raise MachineError(f"the source cannot be listed: {problem.reason}", where=self.file.name) from problem

    @contextlib.contextmanager
    def opened(self, path: str) -> Iterator[OpenInput]:
        """Open a copy of the recording."""
        if path != self.file.name:
            raise InputProblem("input.missing", f"there is no {visible(path)} in the source", Fate.UNREADABLE)
        fd = self.file.descriptor()
        try:
            os.lseek(fd, 0, os.SEEK_SET)
            yield OpenInput(fd, path)
        finally:
            os.close(fd)

    def tables(self) -> Sequence[MetadataTable]:
        """Return nothing: a recording says nothing about itself."""
        return ()
