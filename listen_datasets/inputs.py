"""The one place that finds and opens the user's files; they are never written to.

A file is reached component by component beneath its source root, each opened relative to the one before and none of
them a link, and all work is then done on the file descriptor: a path that is checked and opened later may be another
file by then.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from listen_datasets.errors import MachineError
from listen_datasets.model import Fate
from listen_datasets.text import has_control, visible

AUDIO_SUFFIXES = frozenset(
    {".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".caf", ".flac", ".ogg", ".oga", ".opus", ".mp3",
     # Forms that are refused with a way to convert them: a recording must not be passed over without a word.
     ".3gp", ".aac", ".ac3", ".amr", ".ape", ".asf", ".au", ".avi", ".dff", ".dsf", ".dts", ".flv", ".m4a", ".m4b",
     ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp4", ".mpc", ".mpeg", ".mpg", ".ra", ".rm", ".shn", ".snd", ".sph",
     ".spx", ".tak", ".tta", ".voc", ".webm", ".wma", ".wmv", ".wv"}
)  # fmt: skip
"""File name extensions of recordings, in lower case; they are compared without regard to case."""

_AUDIO_ENDINGS = tuple(AUDIO_SUFFIXES)  # str.endswith takes no set

MAX_DEPTH = 128
"""Folders that may lie in each other below a source root; deeper ones are reported as unreadable."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A FIFO without O_NONBLOCK would hang for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
_BUFFER = 1 << 20
_HEAD = 4096
_JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini"})
_FOREIGN = re.compile(r"/|~|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://|-$")

Kind = Literal["file", "folder", "link", "special", "odd_name", "refused", "unreadable"]


class InputProblem(Exception):  # noqa: N818 - it becomes a finding, not an error of lds
    """Why an input cannot be used. Caught where an input is accounted for, and kept there as a value.

    Attributes:
        code: The finding code, such as ``input.link``.
        reason: One sentence.
        fate: ``rejected``, or ``unreadable`` where a retry may help.
    """

    def __init__(self, code: str, reason: str, fate: Literal[Fate.REJECTED, Fate.UNREADABLE] = Fate.REJECTED) -> None:
        super().__init__(code, reason, fate)
        self.code = code
        self.reason = reason
        self.fate = fate


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


def is_audio(path: str) -> bool:
    """Tell whether a path has the extension of a recording, in any case."""
    return path.lower().endswith(_AUDIO_ENDINGS)


def is_junk(name: str) -> bool:
    """Tell whether a file name is hidden, or one of those that operating systems leave behind."""
    return name.startswith(".") or name.lower() in _JUNK_NAMES


# ----------------------------------------------------------------------------------------------------------------------
# Finding


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
        yield Found(_shown(prefix.rstrip("/")), "unreadable")
        return
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=_sort_key)
    for entry in entries:
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from _enter(folder, entry.name, path, (*above, here))
        else:
            yield _found(entry, path)


def _enter(parent: int, name: str, path: str, above: tuple[tuple[int, int], ...]) -> Iterator[Found]:
    try:
        folder = os.open(name, _FOLDER, dir_fd=parent)
    except OSError as error:
        _raise_if_machine(error, path)
        yield Found(_shown(path), "unreadable")
        return
    try:
        yield from _walk_folder(folder, path + "/", above)
    finally:
        os.close(folder)


def _sort_key(entry: os.DirEntry[str]) -> bytes:
    # With its slash a folder sorts where the paths of its files belong: "a-b" before "a/x".
    return os.fsencode(entry.name) + (b"/" if entry.is_dir(follow_symlinks=False) else b"")


def _found(entry: os.DirEntry[str], path: str) -> Found:
    junk = is_junk(entry.name)
    if not _is_plain(path):
        return Found(_shown(path), "odd_name", junk)
    if entry.is_file(follow_symlinks=False):
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # gone since it was listed; whoever opens it will say so
            return Found(path, "file", junk)
        stamp = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}"
        return Found(path, "file", junk, status.st_size, stamp=stamp)
    if entry.is_symlink():
        return Found(path, "link", junk, is_folder=entry.is_dir())
    return Found(path, "folder" if entry.is_dir(follow_symlinks=False) else "special", junk)


def _is_plain(path: str) -> bool:
    if path.isascii() and path.isprintable():
        return True
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return not has_control(path)


def _shown(path: str) -> str:
    return path if _is_plain(path) else visible(path, limit=len(path))


# ----------------------------------------------------------------------------------------------------------------------
# Paths from a table


def safe_relative(text: str) -> str:
    """Return a path that a table gives, without ``.`` components and doubled slashes.

    Raises:
        InputProblem: ``metadata.unsafe_path``: it is empty or absolute, leaves the source, names a folder, a drive, a
            home, a URL or standard input, has backslashes, or holds characters that no file name should hold.
    """
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if not parts or text.endswith("/"):
        raise _unsafe(text, "names no file")
    if not _is_plain(text):
        raise _unsafe(text, "holds control characters or is not valid text")
    if _FOREIGN.match(text) or "\\" in text:
        raise _unsafe(text, "is not a path relative to the source root with / between folders")
    if ".." in parts:
        raise _unsafe(text, "leaves the source")
    return "/".join(parts)


def _unsafe(text: str, why: str) -> InputProblem:
    return InputProblem("metadata.unsafe_path", f"the path `{visible(text)}` {why}")


# ----------------------------------------------------------------------------------------------------------------------
# Opening


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
            raise _unreadable(error, self._path) from error

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer with the bytes there and return how many there were; 0 at the end of the file.

        Raises:
            InputProblem: ``input.unreadable``.
        """
        try:
            return os.preadv(self.fd, [buffer], offset)
        except OSError as error:
            raise _unreadable(error, self._path) from error

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
    fd = _open(root, relative)
    try:
        file = OpenInput(fd, relative)
        if not stat.S_ISREG(file._before.st_mode):  # noqa: SLF001 - ours; saves a second fstat
            raise InputProblem("input.not_regular", f"{visible(relative)} is not a regular file")
        yield file
    finally:
        os.close(fd)


def _open(root: Path, relative: str) -> int:
    *folders, name = relative.split("/")
    if not name or ".." in folders or name == "..":
        raise _unsafe(relative, "leaves the source or names no file")
    at = _open_one(os.fspath(root), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, None, relative)
    try:
        for folder in folders:
            below = _open_one(folder, _FOLDER, at, relative)
            os.close(at)
            at = below
        return _open_one(name, _FILE, at, relative)
    finally:
        os.close(at)


def _open_one(name: str, flags: int, parent: int | None, relative: str) -> int:
    try:
        return os.open(name, flags, dir_fd=parent)
    except OSError as error:
        _raise_if_machine(error, relative)
        raise _why_not(error, name, parent, relative) from error


def _why_not(error: OSError, name: str, parent: int | None, relative: str) -> InputProblem:
    # A link where a folder should be gives ENOTDIR on Linux, a link as the last component ELOOP.
    if error.errno in {errno.ELOOP, errno.ENOTDIR} and _is_link(name, parent):
        return InputProblem("input.link", f"{visible(relative)} is, or lies behind, a link, which is not followed")
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}:
        return InputProblem("input.missing", f"there is no file {visible(relative)}", Fate.UNREADABLE)
    if error.errno in {errno.ENXIO, errno.ENODEV}:
        return InputProblem("input.not_regular", f"{visible(relative)} is a socket or a device")
    return _unreadable(error, relative)


def _is_link(name: str, parent: int | None) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _unreadable(error: OSError, relative: str) -> InputProblem:
    reason = f"{visible(relative)} cannot be read: {error.strerror or error}"
    return InputProblem("input.unreadable", reason, Fate.UNREADABLE)


def _raise_if_machine(error: OSError, relative: str) -> None:
    if error.errno in _MACHINE:
        raise MachineError(f"cannot open files any more: {error.strerror}", where=visible(relative)) from error
