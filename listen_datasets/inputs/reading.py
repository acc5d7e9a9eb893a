"""A file of the user, open for reading."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from listen_datasets.inputs.opening import open_beneath, unreadable
from listen_datasets.inputs.problem import InputProblem
from listen_datasets.model import Fate
from listen_datasets.text import visible

_BUFFER = 1 << 20
_HEAD = 4096


class OpenInput:
    """A regular file of the user, open for reading.

    Attributes:
        fd: The descriptor. Its own position is left at 0 for the decoder.
        size: Bytes at the time of opening.
    """

    def __init__(self, fd: int, path: str) -> None:
        self.fd = fd
        self._path = path
        self._before = os.fstat(fd)
        self.size = self._before.st_size
        self._head: bytes | None = None

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes there, fewer only at the end of the file.

        Raises:
            InputProblem: ``input.unreadable``.
        """
        if offset >= 0 and offset + length <= _HEAD:
            # Walks look at the beginning a dozen times; a system call each takes longer than all else that they do.
            if self._head is None:
                self._head = self._pread(0, _HEAD)
            return self._head[offset : offset + length]
        return self._pread(offset, length)

    def _pread(self, offset: int, length: int) -> bytes:
        try:
            return os.pread(self.fd, length, offset)
        except OSError as error:
            raise unreadable(error, self._path) from error

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer with the bytes there and return how many there were; 0 at the end of the file.

        Raises:
            InputProblem: ``input.unreadable``.
        """
        try:
            return os.preadv(self.fd, [buffer], offset)
        except OSError as error:
            raise unreadable(error, self._path) from error

    def sha256(self) -> str:
        """Return the digest of all bytes, as hex.

        Raises:
            InputProblem: ``input.unreadable``, or ``input.changed_during_read`` if there are more or fewer than at first.
        """
        state = hashlib.sha256()
        buffer = memoryview(bytearray(min(self.size + 1, _BUFFER)))
        done = 0
        while count := self.read_into(buffer, done):
            state.update(buffer[:count])
            done += count
            if done == self.size and count < len(buffer):
                break  # there was room for more
        if done != self.size:
            reason = f"the file had {self.size:,} bytes, and {done:,} were read"
            raise InputProblem("input.changed_during_read", reason, Fate.UNREADABLE)
        return state.hexdigest()

    def check_unchanged(self) -> None:
        """Compare the file with what it was when it was opened.

        Raises:
            InputProblem: ``input.changed_during_read``.
        """
        before, after = self._before, os.fstat(self.fd)
        if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
            reason = f"{visible(self._path)} changed while it was read ({before.st_size:,} to {after.st_size:,} bytes)"
            raise InputProblem("input.changed_during_read", reason, Fate.UNREADABLE)


@contextlib.contextmanager
def opened(root: Path, relative: str) -> Iterator[OpenInput]:
    """Open a file beneath a source root, following no link on the way.

    Args:
        root: The source root; may itself be reached through links.
        relative: Path below it with ``/``, as `walk` or `safe_relative` gave it.

    Raises:
        InputProblem: ``input.missing``, ``input.link``, ``input.not_regular`` or ``input.unreadable``.
        MachineError: The process may not open more files.
    """
    fd = open_beneath(root, relative)
    try:
        file = OpenInput(fd, relative)
        if not stat.S_ISREG(file._before.st_mode):  # noqa: SLF001 - ours; saves a second fstat
            raise InputProblem("input.not_regular", f"{visible(relative)} is not a regular file")
        yield file
    finally:
        os.close(fd)
