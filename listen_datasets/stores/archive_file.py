"""The file that an archive is: where it lies, what says that it is still the same one, and its descriptor."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from listen_datasets import inputs
from listen_datasets.inputs import OpenInput

HEAD = 1024
"""Bytes of the beginning that say what a file is."""


class ArchiveFile(Protocol):
    """A file that holds an archive. Implementations are frozen and picklable."""

    @property
    def name(self) -> str:
        """Return its file name, for messages and for what is reported of the archive as a whole."""
        ...

    @property
    def size(self) -> int | None:
        """Return its bytes, if that is known before it is read."""
        ...

    def head(self) -> bytes:
        """Return its first bytes, 1,024 at most.

        Raises:
            InputProblem: It cannot be read.
        """
        ...

    def stamp(self) -> str:
        """Return what changes when the file does.

        Raises:
            InputProblem: The file cannot be found.
        """
        ...

    def descriptor(self) -> int:
        """Return a new descriptor of the regular file; whoever asks closes it.

        Raises:
            InputProblem: It cannot be opened.
            MachineError: The process may not open more files, or has no room for a copy.
        """
        ...


@dataclass(frozen=True)
class LocalFile:
    """A file of this machine.

    Attributes:
        path: Where it lies; may be reached through links, as the user named it.
    """

    path: Path

    @property
    def name(self) -> str:
        """Return its file name."""
        return self.path.name

    @property
    def size(self) -> int:
        """Return its bytes."""
        return self.path.stat().st_size

    def head(self) -> bytes:
        """Return its first bytes."""
        with self._opened() as file:
            return file.read(0, HEAD)

    def stamp(self) -> str:
        """Return size, time and number of the file."""
        try:
            return stamp_of(os.stat(self.path))  # noqa: PTH116 - for each member
        except OSError:
            return self._opened_stamp()

    def _opened_stamp(self) -> str:
        """Let the one function that opens inputs say what is wrong."""
        with self._opened() as file:
            return stamp_of(os.fstat(file.fd))

    def descriptor(self) -> int:
        """Return a new descriptor of the file."""
        with self._opened() as file:
            return os.dup(file.fd)

    def _opened(self) -> AbstractContextManager[OpenInput]:
        path = self.path.resolve()
        return inputs.opened(path.parent, path.name)


def stamp_of(status: os.stat_result) -> str:
    """Return what changes when a local file does."""
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}"
