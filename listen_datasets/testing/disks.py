"""Disks that count, refuse, kill or lose power at the n-th operation; pass one wherever a :class:`Disk` is an argument.

Loop n from 1 to the number of operations that a :class:`CountingDisk` saw, and look at what is left.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from listen_datasets.storage import Disk

T = TypeVar("T")

Survives = Literal["everything", "names", "flushed"]
"""What a power cut leaves: all that was written, all names but only flushed bytes, or flushed names and bytes only."""


class PowerCut(BaseException):
    """The power went out. Nothing may catch it and carry on."""


class CountingDisk(Disk):
    """Works, and remembers every operation as text such as ``rename dist/README.md``."""

    def __init__(self, root: Path | None = None) -> None:
        super().__init__(root)
        self.operations: list[str] = []

    def perform(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        """Remember the operation, then do it."""

        def watched() -> T:
            self.operations.append(f"{operation} {self._shown(path)}")
            self.before(len(self.operations))
            return call()

        return super().perform(operation, path, watched)

    def before(self, number: int) -> None:
        """Do nothing; subclasses do something before the operation of this number, counted from 1."""


class FailingDisk(CountingDisk):
    """Refuses the n-th operation with an error number such as ``errno.ENOSPC``."""

    def __init__(self, n: int, number: int, root: Path | None = None) -> None:
        super().__init__(root)
        self.n = n
        self.number = number

    def before(self, number: int) -> None:
        """Refuse."""
        if number == self.n:
            raise OSError(self.number, os.strerror(self.number))


class _TearingDisk(CountingDisk):
    """Ends at the n-th operation; if that is a write, half of its bytes get through."""

    def __init__(self, n: int, root: Path | None = None) -> None:
        super().__init__(root)
        self.n = n

    def write(self, descriptor: int, path: Path, data: memoryview) -> None:
        """Write, or tear."""
        self._tear(descriptor, data)
        super().write(descriptor, path, data)

    def append(self, descriptor: int, path: Path, line: bytes) -> None:
        """Append, or tear."""
        self._tear(descriptor, memoryview(line))
        super().append(descriptor, path, line)

    def _tear(self, descriptor: int, data: memoryview) -> None:
        if len(self.operations) + 1 == self.n:
            os.write(descriptor, data[: len(data) // 2])


class KillingDisk(_TearingDisk):
    """Kills this very process at the n-th operation, as ``kill -9`` would."""

    def before(self, number: int) -> None:
        """Kill."""
        if number == self.n:
            os.kill(os.getpid(), signal.SIGKILL)


class PowerCutDisk(_TearingDisk):
    """Raises :class:`PowerCut` at the n-th operation and at every one after it.

    Args:
        n: Number of the operation, from 1.
        root: A small folder that all operations are in. After the cut it is changed to what has survived.
        survives: What that is; a correct program can live with each.
    """

    def __init__(self, n: int, root: Path, survives: Survives = "everything") -> None:
        super().__init__(n, root)
        self._survives = survives
        self._platter = _Platter(root)
        self._is_dark = False

    def before(self, number: int) -> None:
        """Cut, once."""
        if number == self.n:
            self._is_dark = True
            self._platter.restore(self._survives)
        if self._is_dark:
            raise PowerCut

    def create(self, path: Path) -> int:
        """Create, with no byte flushed."""
        descriptor = super().create(path)
        self._platter.hold(descriptor, b"")
        return descriptor

    def open_append(self, path: Path) -> int:
        """Open, with no byte flushed if the file is new."""
        descriptor = super().open_append(path)
        self._platter.hold(descriptor, b"")
        return descriptor

    def fsync(self, descriptor: int, path: Path) -> None:
        """Flush the bytes of a file."""
        super().fsync(descriptor, path)
        self._platter.flush_bytes(descriptor)

    def fsync_directory(self, path: Path) -> None:
        """Flush the names in a folder."""
        super().fsync_directory(path)
        self._platter.flush_names(path)


class _Platter:
    """What the device holds for certain: names by folder, bytes by file (inode number)."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: dict[Path, int | None] = {}
        self._bytes: dict[int, bytes] = {}
        self._open: list[int] = []
        for path in sorted(root.rglob("*")):
            self._names[path] = None if path.is_dir() else self._hold_file(path)

    def hold(self, descriptor: int, data: bytes) -> int:
        """Remember the bytes of a file not seen before. It stays open, so that no other gets its inode number."""
        inode = os.fstat(descriptor).st_ino
        if inode not in self._bytes:
            self._bytes[inode] = data
            self._open.append(os.dup(descriptor))
        return inode

    def flush_bytes(self, descriptor: int) -> None:
        self._bytes[os.fstat(descriptor).st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()

    def flush_names(self, folder: Path) -> None:
        there = set(folder.iterdir())
        gone = {path for path in self._names if path.parent == folder} - there
        for path in [path for path in self._names if gone & {path, *path.parents}]:
            del self._names[path]
        for path in there:
            self._names[path] = None if path.is_dir() else path.stat().st_ino

    def restore(self, survives: Survives) -> None:
        if survives == "names":
            for path in self._root.rglob("*"):
                if path.is_file():
                    path.write_bytes(self._bytes[path.stat().st_ino])
        elif survives == "flushed":
            for path in self._root.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            for path, inode in sorted(self._names.items()):
                if path.parent.is_dir():
                    path.mkdir() if inode is None else path.write_bytes(self._bytes[inode])
        for descriptor in self._open:
            os.close(descriptor)

    def _hold_file(self, path: Path) -> int:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return self.hold(descriptor, path.read_bytes())
        finally:
            os.close(descriptor)
