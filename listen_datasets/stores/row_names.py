"""Paths for recordings that have none of their own: made of whatever a publisher wrote down, safe, and each there once."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from listen_datasets.inputs import InputProblem, safe_relative

_LONGEST = 255  # bytes of a name that every file system stores
_LONGEST_PATH = 1024
_SEPARATORS = re.compile(r"[/\\]")


class RowNames:
    """Gives every recording of a store a path that no other one has.

    The first with a name keeps it; later ones get a number. So the path of a recording depends only on those before it,
    and stays when others are appended.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """Begin with the paths that are taken already."""
        self._taken = set(taken)
        self._repeats: dict[str, int] = {}

    def path(self, folder: str, name: str | None, row: int) -> str:
        """Return the path of a recording.

        Args:
            folder: Where it lies in the store; empty for the root.
            name: What the publisher calls it: may be absent, absolute, hostile, or the name of others too.
            row: Its number, which it is called by if the name is of no use.
        """
        safe = f"{row:06d}" if name is None else _safe(name) or f"{row:06d}"
        wanted = f"{folder}/{safe}" if folder else safe
        found = wanted
        if found in self._taken:
            stem, suffix = posixpath.splitext(wanted)
            number = self._repeats.get(wanted, 2)
            while (found := f"{stem}~{number}{suffix}") in self._taken:
                number += 1
            self._repeats[wanted] = number + 1
        self._taken.add(found)
        return found


def _safe(name: str) -> str | None:
    """Return a name as a relative path; what an absolute or foreign path ends with; None if that is no name either."""
    for text in (name, _SEPARATORS.split(name)[-1]):
        try:
            path = safe_relative(text)
        except InputProblem:
            continue
        parts = path.encode().split(b"/")
        if len(path.encode()) <= _LONGEST_PATH and all(len(part) <= _LONGEST for part in parts):
            return path
    return None
