"""The file that an archive is: where it lies, what says that it is still the same one, and its descriptor.

Members of archives of all kinds are opened in one frame: find it, copy it, and see that the file is still the same one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from listen_datasets import inputs
from listen_datasets.errors import MachineError
from listen_datasets.inputs import Found, InputProblem, OpenInput
from listen_datasets.model import Fate
from listen_datasets.paths import real
from listen_datasets.text import visible

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
        path = real(self.path)
        return inputs.opened(path.parent, path.name)


def stamp_of(status: os.stat_result) -> str:
    """Return what changes when a local file does."""
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}"


def listed(file: ArchiveFile, found: Callable[[str], Iterator[Found]]) -> Iterator[Found]:
    """Return what an archive is found to hold.

    Args:
        file: Its file.
        found: Lists the archive with the stamp that it gets.

    Raises:
        MachineError: The file cannot be read at all.
    """
    try:
        return found(file.stamp())
    except InputProblem as problem:
        raise MachineError(f"the archive cannot be listed: {problem.reason}", where=file.name) from problem


@contextlib.contextmanager
def opened_member(
    file: ArchiveFile, path: str, copy: Callable[[str], AbstractContextManager[OpenInput] | None]
) -> Iterator[OpenInput]:
    """Open a copy of a member: in memory, or in a file without a name if it is large.

    Args:
        file: The file of the archive.
        path: The member.
        copy: Opens the copy out of the archive with the stamp that it gets; gives None if there is no such member.

    Raises:
        InputProblem: ``input.missing``, ``input.changed_during_read``, or what `copy` raises.
        MachineError: There is no room for the copy.
    """
    stamp = file.stamp()
    opening = copy(stamp)
    if opening is None:
        raise InputProblem("input.missing", f"there is no member {visible(path)} in the archive", Fate.UNREADABLE)
    with opening as member:
        if file.stamp() != stamp:
            reason = f"the archive changed while {visible(path)} was read"
            raise InputProblem("input.changed_during_read", reason, Fate.UNREADABLE)
        yield member
