"""One copy of an archive for all processes of a run, instead of one that each of them fetches or unpacks for itself.

The copy is a file without a name that the process that made it holds open, and that others of this machine open through
it: the kernel takes it back when that process ends, however it ends. Who cannot open it, such as a worker on another
machine, fetches and unpacks the archive for itself; what is read is the same.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, replace

from listen_datasets.errors import MachineError
from listen_datasets.inputs import InputProblem
from listen_datasets.stores import Store
from listen_datasets.stores.archive_file import ArchiveFile, LocalFile
from listen_datasets.stores.content import Packed, method_of
from listen_datasets.stores.spool import Copy, Spool, free_bytes
from listen_datasets.stores.tar import Tar
from listen_datasets.stores.zip import Zip

_PIECE = 1 << 20
_REMEMBERED = 8


@dataclass(frozen=True)
class Shared:
    """An archive of which there is a copy; an :class:`listen_datasets.stores.archive_file.ArchiveFile`.

    Attributes:
        file: The archive as it lies there, perhaps far away or compressed.
        copy: What it is without compression.
        made_of: Stamp of the archive that the copy was made of.
    """

    file: ArchiveFile
    copy: Copy
    made_of: str

    @property
    def name(self) -> str:
        """Return the name of the archive."""
        return self.file.name

    @property
    def size(self) -> int | None:
        """Return the bytes of the archive as it lies there."""
        return self.file.size

    def head(self) -> bytes:
        """Return the first bytes of the archive as it lies there."""
        return self.file.head()

    def stamp(self) -> str:
        """Return what changes when the archive does."""
        return self.file.stamp()

    def descriptor(self) -> int:
        """Return a descriptor of the copy, or of the archive where there is no copy of it as it is now."""
        fd = self.copy.descriptor() if self.file.stamp() == self.made_of else None
        return self.file.descriptor() if fd is None else fd


def shared(store: Store, *, most: int | None = None) -> Store:
    """Return a store of the same recordings that costs other processes no more than opening a file.

    The copy is made once a process, and stays until it ends or some others were made since.

    Args:
        store: Any store; one that costs no more than that already is returned as it is, and so is one that cannot be
            read to its end, or for whose copy there is no room.
        most: Bytes that the copy of a compressed archive may take; half of the room that is left if None.
    """
    if not isinstance(store, Tar | Zip):
        return store
    try:
        return _shared(store, store.file.stamp(), most)
    except (InputProblem, MachineError):
        # Whoever lists the archive says what is wrong with it.
        return store


@functools.lru_cache(_REMEMBERED)
def _shared(store: Tar | Zip, stamp: str, most: int | None) -> Store:
    fd = store.file.descriptor()
    method = method_of(fd) if isinstance(store, Tar) else None
    if method is not None:
        unpacked = _unpacked(Packed(fd, method, most=store.limits.bytes), free_bytes() // 2 if most is None else most)
        return store if unpacked is None else _with(store, unpacked, stamp)
    if isinstance(store.file, LocalFile):
        os.close(fd)
        return store
    return _with(store, fd, stamp)


def _with(store: Tar | Zip, fd: int, stamp: str) -> Store:
    copy = Copy.held(fd)
    return replace(store, file=Shared(store.file, copy, stamp)) if store.file.stamp() == stamp else store


def _unpacked(content: Packed, most: int) -> int | None:
    """Return a descriptor of what comes out; None if that is more than it may be."""
    spool = Spool("the archive")
    try:
        while spool.size <= most and (piece := content.at(spool.size, _PIECE)):
            spool.write(piece)
    except BaseException:
        spool.close()
        raise
    if spool.size <= most:
        return spool.fd
    spool.close()
    return None
