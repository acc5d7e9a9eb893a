"""Bytes from anywhere as a regular file descriptor: in memory if they are few, else in a file without a name."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from listen_datasets.errors import MachineError
from listen_datasets.inputs import InputProblem, OpenInput
from listen_datasets.model import Fate
from listen_datasets.text import visible

MAX_IN_MEMORY = 32 << 20
"""Bytes up to which a recording is kept in memory."""

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM})
_AT_ONCE = 1 << 30
_BUFFER = 1 << 20


def free_bytes() -> int:
    """Return how many bytes have room where files without a name lie."""
    status = os.statvfs(tempfile.gettempdir())
    return status.f_bavail * status.f_frsize


class Spool:
    """A copy of bytes that grows, and vanishes when it is closed or when the process ends.

    Attributes:
        fd: The descriptor behind it; another one after the copy has outgrown the memory that it may take.
        size: Bytes written so far.
    """

    def __init__(self, path: str, *, in_memory: int = MAX_IN_MEMORY) -> None:
        """Make an empty one.

        Args:
            path: What messages call it.
            in_memory: Bytes up to which it is kept in memory.
        """
        self._path = path
        self._in_memory = in_memory
        self._is_file = False
        self.size = 0
        with self._room():
            self.fd = os.memfd_create("recording", os.MFD_CLOEXEC)

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            MachineError: There is no room for them.
        """
        view = memoryview(data)
        with self._room():
            self._prepare(len(view))
            while view:
                written = os.write(self.fd, view)
                view = view[written:]
                self.size += written

    def copy(self, source: int, offset: int, length: int) -> None:
        """Append a range of an open file without taking it through this program.

        Raises:
            InputProblem: ``input.unreadable``: the file has fewer bytes.
            MachineError: There is no room for them.
        """
        with self._room():
            self._prepare(length)
        while length:
            copied = self._copy_some(source, offset, length)
            if not copied:
                reason = f"{length:,} bytes less than expected could be read of {visible(self._path)}"
                raise InputProblem("input.unreadable", reason, Fate.UNREADABLE)
            offset, length = offset + copied, length - copied

    def _copy_some(self, source: int, offset: int, length: int) -> int:
        try:
            copied = os.sendfile(self.fd, source, offset, min(length, _AT_ONCE))
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise _no_room(error, self._path) from error
            # A file system that cannot hand over pages, or a disk that fails: reading tells which.
            return self._read_some(source, offset, length)
        self.size += copied
        return copied

    def _read_some(self, source: int, offset: int, length: int) -> int:
        try:
            data = os.pread(source, min(length, _BUFFER), offset)
        except OSError as error:
            reason = f"{visible(self._path)} cannot be read: {error.strerror or error}"
            raise InputProblem("input.unreadable", reason, Fate.UNREADABLE) from error
        self.write(data)
        return len(data)

    def clear(self) -> None:
        """Take back what was written so far."""
        with self._room():
            os.ftruncate(self.fd, 0)
            os.lseek(self.fd, 0, os.SEEK_SET)
        self.size = 0

    def opened(self) -> OpenInput:
        """Return what was written so far as an input; it ends with the spool."""
        os.lseek(self.fd, 0, os.SEEK_SET)
        return OpenInput(self.fd, self._path)

    def close(self) -> None:
        """Give it up."""
        os.close(self.fd)

    def _prepare(self, more: int) -> None:
        """Move from memory to a nameless file once there is too much for memory."""
        if self._is_file or self.size + more <= self._in_memory:
            return
        with tempfile.TemporaryFile(prefix="lds-", buffering=0) as file:
            held = 0
            while held < self.size:
                held += os.sendfile(file.fileno(), self.fd, held, self.size - held)
            larger = os.dup(file.fileno())
        os.close(self.fd)
        self.fd, self._is_file = larger, True

    @contextlib.contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _no_room(error, self._path) from error


@dataclass(frozen=True)
class Copy:
    """A file without a name.

    Attributes:
        process: Number of the process that holds it open.
        fd: Its descriptor there.
        identity: Device, number and size of the file: another process may have these numbers by now.
    """

    process: int
    fd: int
    identity: tuple[int, int, int]

    @classmethod
    def held(cls, fd: int) -> Copy:
        """Take over a descriptor, which is closed when nobody in this process needs this object any more."""
        copy = cls(os.getpid(), fd, _identity(fd))
        weakref.finalize(copy, os.close, fd)
        return copy

    def descriptor(self) -> int | None:
        """Return a new descriptor; None if it cannot be had here."""
        try:
            fd = os.open(f"/proc/{self.process}/fd/{self.fd}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        if _identity(fd) == self.identity:
            return fd
        os.close(fd)
        return None


def _identity(fd: int) -> tuple[int, int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino, status.st_size


def _no_room(error: OSError, path: str) -> MachineError:
    why = "there is no room to unpack it" if error.errno in _NO_ROOM else error.strerror or str(error)
    return MachineError(
        f"a recording cannot be spooled: {why}", where=visible(path), hint="point TMPDIR to a larger disk"
    )


@contextlib.contextmanager
def spooled(pieces: Iterable[bytes], path: str) -> Iterator[OpenInput]:
    """Open a copy of bytes that vanishes when it is closed, or when the process ends.

    Args:
        pieces: The bytes, piece by piece; what they raise passes through.
        path: What messages call it.

    Raises:
        MachineError: There is no room for it.
    """
    with contextlib.closing(Spool(path)) as spool:
        for piece in pieces:
            spool.write(piece)
        yield spool.opened()


@contextlib.contextmanager
def spooled_range(source: int, offset: int, length: int, path: str) -> Iterator[OpenInput]:
    """Open a copy of a range of an open file; the bytes do not pass through this program.

    Args:
        source: Descriptor of the file; its position does not matter and does not change.
        offset: Where the range begins.
        length: Its bytes.
        path: What messages call it.

    Raises:
        InputProblem: ``input.unreadable``: the file ends before the range does.
        MachineError: There is no room for it.
    """
    with contextlib.closing(Spool(path)) as spool:
        spool.copy(source, offset, length)
        yield spool.opened()
