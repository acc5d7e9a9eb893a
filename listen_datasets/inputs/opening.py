"""Open files and folders beneath a root, component by component, following no link."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from listen_datasets.errors import MachineError
from listen_datasets.inputs.names import unsafe
from listen_datasets.inputs.problem import InputProblem
from listen_datasets.model import Fate
from listen_datasets.text import visible

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags that open a folder and no link to one."""

# A FIFO without O_NONBLOCK would hang for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


def open_beneath(root: Path, relative: str) -> int:
    """Return a descriptor of what lies at a path below a root.

    Raises:
        InputProblem: ``metadata.unsafe_path``, ``input.missing``, ``input.link``, ``input.not_regular`` or
            ``input.unreadable``.
        MachineError: The process may not open more files.
    """
    *folders, name = relative.split("/")
    if not all(folders) or not name or ".." in folders or name == "..":
        raise unsafe(relative, "leaves the source or names no file")
    # The root may itself be reached through links. What comes after it is the last component, so no link there is followed.
    if not folders:
        return _open_one(f"{root}/{name}", _FILE, None, relative)
    at = _open_one(f"{root}/{folders[0]}", FOLDER, None, relative)
    try:
        for folder in folders[1:]:
            below = _open_one(folder, FOLDER, at, relative)
            os.close(at)
            at = below
        return _open_one(name, _FILE, at, relative)
    finally:
        os.close(at)


def _open_one(name: str, flags: int, parent: int | None, relative: str) -> int:
    try:
        return os.open(name, flags, dir_fd=parent)
    except OSError as error:
        raise_if_machine(error, relative)
        raise _why_not(error, name, parent, relative) from error


def _why_not(error: OSError, name: str, parent: int | None, relative: str) -> InputProblem:
    # A link where a folder should be gives ENOTDIR on Linux, a link as the last component ELOOP.
    if error.errno in {errno.ELOOP, errno.ENOTDIR} and _is_link(name, parent):
        return InputProblem("input.link", f"{visible(relative)} is, or lies behind, a link, which is not followed")
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}:
        return InputProblem("input.missing", f"there is no file {visible(relative)}", Fate.UNREADABLE)
    if error.errno in {errno.ENXIO, errno.ENODEV}:
        return InputProblem("input.not_regular", f"{visible(relative)} is a socket or a device")
    return unreadable(error, relative)


def _is_link(name: str, parent: int | None) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except OSError:
        return False


def unreadable(error: OSError, relative: str) -> InputProblem:
    """Return the problem that the system would not read a file."""
    reason = f"{visible(relative)} cannot be read: {error.strerror or error}"
    return InputProblem("input.unreadable", reason, Fate.UNREADABLE)


def raise_if_machine(error: OSError, relative: str) -> None:
    """Raise if it is not the file that is at fault.

    Raises:
        MachineError: The process may not open more files.
    """
    if error.errno in _MACHINE:
        raise MachineError(f"cannot open files any more: {error.strerror}", where=visible(relative)) from error
