"""One writer a dataset: a kernel lock on ``.lds/lock``, freed by the kernel when its holder dies.

The file stays for ever. While the lock is held its text names the holder, for people and for one check: before a
commit the holder reads it again (:meth:`Lock.still_mine`). No lock ever expires by time. Readers need none.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from listen_datasets.errors import LockedError
from listen_datasets.storage import Disk, make_folder

NAME = ".lds/lock"
_POLL_SECONDS = 0.05
_READ_LIMIT = 4096


@dataclass(frozen=True)
class Lock:
    """A lock that is held.

    Attributes:
        path: The lock file.
        run: Id of the run that holds it.
        descriptor: The open file that the kernel's lock belongs to.
    """

    path: Path
    run: str
    descriptor: int

    def still_mine(self) -> bool:
        """Tell whether the lock file is still the one that was locked, and names this run."""
        try:
            same = os.path.samestat(self.path.lstat(), os.fstat(self.descriptor))
        except OSError:
            return False
        return same and _holder(self.descriptor).get("run") == self.run


@contextlib.contextmanager
def locked(disk: Disk, root: Path, run: str, *, timeout: float = 0.0) -> Iterator[Lock]:
    """Hold the dataset for one run.

    Args:
        disk: What makes the lock file.
        root: The dataset, an existing folder.
        run: Id of the run.
        timeout: How many seconds to wait for another run to end.

    Raises:
        LockedError: Another run holds it; the message names the holder.
        MachineError: The lock file cannot be made.
    """
    path = root / NAME
    make_folder(disk, path.parent)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = disk.perform("open", path, lambda: os.open(path, flags, 0o666))
    try:
        _acquire(disk, path, descriptor, timeout)
        _name_holder(disk, path, descriptor, run)
        try:
            yield Lock(path, run, descriptor)
        finally:
            disk.perform("empty", path, lambda: os.ftruncate(descriptor, 0))
    finally:
        os.close(descriptor)


def _acquire(disk: Disk, path: Path, descriptor: int, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not disk.perform("lock", path, lambda: _try(descriptor)):
        if time.monotonic() >= deadline:
            holder = _holder(descriptor)
            who = ", ".join(f"{key} {holder[key]}" for key in ("run", "pid", "host") if key in holder)
            raise LockedError(
                f"another run holds the dataset ({who or 'it does not say which'})",
                where=NAME,
                hint="wait until it has ended, or give --lock-timeout SECONDS",
            )
        time.sleep(_POLL_SECONDS)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def _name_holder(disk: Disk, path: Path, descriptor: int, run: str) -> None:
    text = json.dumps({"run": run, "pid": os.getpid(), "host": socket.gethostname()}) + "\n"
    disk.perform("empty", path, lambda: os.ftruncate(descriptor, 0))
    disk.perform("write", path, lambda: os.pwrite(descriptor, text.encode(), 0))


def _holder(descriptor: int) -> dict[str, object]:
    """Read the holder's name; one that is just being written, or not ours, reads as nobody."""
    try:
        document = json.loads(os.pread(descriptor, _READ_LIMIT, 0))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
