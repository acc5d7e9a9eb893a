"""Members of archives as inputs: whose names can be trusted, which of them share one, and how much may be in there."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass

from listen_datasets.inputs import InputProblem, is_junk
from listen_datasets.text import has_control, visible

ARCHIVE_SUFFIXES = frozenset(
    {".7z", ".bz2", ".gz", ".lz4", ".rar", ".tar", ".tbz2", ".tgz", ".txz", ".tzst", ".xz", ".zip", ".zst"}
)
"""File name extensions of archives, in lower case."""

_LONGEST_NAME = 4096  # bytes of a path, on Linux
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Limits:
    """How much may be in an archive. What is counted is what comes out, not what headers say.

    Attributes:
        members: Members of all kinds.
        bytes: Bytes of all members together.
    """

    members: int = 1_000_000
    bytes: int = 1 << 40


DEFAULT = Limits()


@dataclass(frozen=True)
class Member:
    """A name in an archive, judged.

    Attributes:
        path: As a path relative to the archive, without ``.`` components; escaped if it cannot be one.
        problem: Why it cannot be one; None if it can.
        junk: Whether it, or a folder on its way, is hidden or left behind by an operating system.
    """

    path: str
    problem: InputProblem | None = None
    junk: bool = False


def judged(name: bytes) -> Member:
    """Judge the name of a member.

    Args:
        name: As it stands in the archive, folders separated by ``/``.

    Returns:
        The name with ``input.odd_name`` if it is not UTF-8 or holds control characters, ``input.unsafe_name`` if it is
        absolute, longer than any path, leaves the archive, or could do so on another system.
    """
    if len(name) > _LONGEST_NAME:
        # Not kept as it is: a small archive can hold gigabytes of names.
        shown = visible(name.decode("utf-8", "surrogateescape"))
        return Member(shown, InputProblem("input.unsafe_name", f"its name has {len(name):,} bytes, more than any path"))
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return _odd(name.decode("utf-8", "surrogateescape"))
    if has_control(text):
        return _odd(text)
    parts = [part for part in text.split("/") if part not in {"", "."}]
    path = "/".join(parts)
    if not parts or text.startswith("/") or ".." in parts or "\\" in text or _DRIVE.match(path):
        reason = f"the name {visible(text)} is empty, absolute, leaves the archive or names a drive"
        return Member(visible(text, limit=len(text)), InputProblem("input.unsafe_name", reason))
    return Member(path, junk=any(is_junk(part) for part in parts))


def _odd(text: str) -> Member:
    reason = "its name is not UTF-8 or holds control characters"
    return Member(visible(text, limit=len(text)), InputProblem("input.odd_name", reason))


def nested(path: str) -> InputProblem | None:
    """Return the problem of a member that is an archive by its name; None if it is none."""
    if os.path.splitext(path)[1].lower() not in ARCHIVE_SUFFIXES:  # noqa: PTH122 - a million times
        return None
    return InputProblem(
        "input.nested_archive", "an archive inside an archive is not read, so its recordings are not known"
    )


class Names:
    """Finds the names that several members share, or share but for case or Unicode normal form.

    A file system may keep one of such members only, and a table cannot say which one it means.
    """

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._shared: set[str] = set()

    def add(self, path: str) -> None:
        """Take note of a member."""
        key = _folded(path)
        if key in self._seen:
            self._shared.add(key)
        else:
            self._seen.add(key)

    def problem(self, path: str) -> InputProblem | None:
        """Return the problem of a name that several members share; None if one member has it."""
        if not self._shared or _folded(path) not in self._shared:
            return None
        reason = "another member of the archive has this name, or one that differs only by case or Unicode form"
        return InputProblem("input.duplicate_member", reason)


def _folded(path: str) -> str:
    key = path.lower() if path.isascii() else unicodedata.normalize("NFC", path.casefold())
    return path if key == path else key
