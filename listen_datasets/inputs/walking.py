"""What lies below a source root, in an order that is the same everywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from listen_datasets.errors import MachineError
from listen_datasets.inputs.names import is_junk, is_plain, shown
from listen_datasets.inputs.opening import FOLDER, raise_if_machine
from listen_datasets.inputs.problem import InputProblem
from listen_datasets.text import visible

MAX_DEPTH = 128
"""Folders that may lie in each other below a source root; deeper ones are reported as unreadable."""

Kind = Literal["file", "folder", "link", "special", "odd_name", "refused", "unreadable"]


class Found(msgspec.Struct, frozen=True):
    """Something that lies in a source.

    Attributes:
        path: Relative to the source root, with ``/``; escaped where `kind` is ``odd_name``.
        kind: ``file`` is regular; ``link`` is not followed; ``special`` is a FIFO, socket or device; ``odd_name`` is a
            file whose path is not UTF-8 or holds control characters; ``refused`` is a file of which `problem` says why
            it must not be read; ``unreadable`` is a folder or an archive that cannot be listed, or not to its end;
            ``folder`` is a hidden folder, which is not entered (others are not reported).
        junk: What operating systems and editors leave behind: to be counted, not to be rejected.
        bytes: Size of a file; null for anything else.
        is_folder: Whether a link leads to a folder.
        stamp: What changes when the content does, as far as can be told without reading it (size and time of a file,
            entity tag of an object); null if there is no such thing.
        position: Where it lies in an archive: members are read fastest in this order. 0 where order does not matter.
        problem: Code, reason and fate of what is ``refused`` or ``unreadable``, where the kind does not say it all.
    """

    path: str
    kind: Kind
    junk: bool = False
    bytes: int | None = None
    is_folder: bool = False
    stamp: str | None = None
    position: int = 0
    problem: InputProblem | None = None


def walk(root: Path) -> Iterator[Found]:
    """Yield everything below a source root, sorted by the bytes of its path; links are reported and not followed.

    Raises:
        MachineError: The root itself cannot be listed, or the process may not open more files.
    """
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise MachineError(f"the source cannot be listed: {error.strerror}", where=visible(str(root))) from error
    try:
        yield from _walk_folder(folder, "", ())
    finally:
        os.close(folder)


def _walk_folder(folder: int, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[Found]:
    status = os.fstat(folder)
    here = (status.st_dev, status.st_ino)
    # Links are not followed, but a bind mount can make a folder its own ancestor.
    if here in above or len(above) >= MAX_DEPTH:
        yield Found(shown(prefix.rstrip("/")), "unreadable")
        return
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=_sort_key)
    for entry in entries:
        path = prefix + entry.name
        if _is_folder(entry) and not entry.name.startswith("."):
            yield from _enter(folder, entry.name, path, (*above, here))
        else:
            yield _found(entry, path)


def _enter(parent: int, name: str, path: str, above: tuple[tuple[int, int], ...]) -> Iterator[Found]:
    try:
        folder = os.open(name, FOLDER, dir_fd=parent)
    except OSError as error:
        raise_if_machine(error, path)
        yield Found(shown(path), "unreadable")
        return
    try:
        yield from _walk_folder(folder, path + "/", above)
    finally:
        os.close(folder)


def _sort_key(entry: os.DirEntry[str]) -> bytes:
    # With its slash a folder sorts where the paths of its files belong: "a-b" before "a/x".
    name = entry.name.encode(errors="surrogateescape")
    return name + b"/" if _is_folder(entry) else name


def _is_folder(entry: os.DirEntry[str], *, is_link: bool = False) -> bool:
    """Tell whether it is a folder, or whether a link leads to one; not if the system would not say."""
    try:
        return entry.is_dir(follow_symlinks=is_link)
    except OSError:
        return False


def _found(entry: os.DirEntry[str], path: str) -> Found:
    junk = is_junk(entry.name)
    if not is_plain(path):
        return Found(shown(path), "odd_name", junk)
    try:
        if entry.is_file(follow_symlinks=False):
            status = entry.stat(follow_symlinks=False)
            stamp = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}"
            return Found(path, "file", junk, status.st_size, stamp=stamp)
    except OSError:  # gone since it was listed, or in a folder that must not be searched; whoever opens it will say so
        return Found(path, "file", junk)
    if entry.is_symlink():
        return Found(path, "link", junk, is_folder=_is_folder(entry, is_link=True))
    return Found(path, "folder" if _is_folder(entry) else "special", junk)
