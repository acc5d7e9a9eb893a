"""The recordings of a source, to be found by what tables call them: looked through once, however many tables there are."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

_MAX_FOLDERS = 256  # a path has at most 4,096 bytes; more folders than this name no file


class Recordings:
    """The recordings of a source by their paths, in whatever Unicode normal form.

    Args:
        paths: The recordings, relative to the source root, with ``/``; one that comes twice counts once.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_form: dict[str, list[str]] = {}
        for path in dict.fromkeys(paths):
            self._by_form.setdefault(_form(path), []).append(path)

    def at(self, place: str) -> Sequence[str]:
        """Return the recording of this very path, or else those of the same path in another normal form."""
        found = self._by_form.get(_form(place), ())
        return (place,) if place in found else found

    def akin(self, path: str) -> set[str]:
        """Return recordings whose path ends with this one, or the other way round; two at least if there are several."""
        form = _form(path)
        shorter = {recording for ending in _endings(form) for recording in self._by_form.get(ending, ())}
        return shorter.union(self._by_ending.get(form, ()))

    def namesake(self, path: str) -> str | None:
        """Return a recording of the same name in whatever folder."""
        return self._by_name.get(_form(path).rpartition("/")[2])

    @functools.cached_property
    def _by_ending(self) -> dict[str, tuple[str, ...]]:
        """Recordings by what is left of their paths without the first folders; two of an ending are as many as more."""
        found: dict[str, tuple[str, ...]] = {}
        for form, paths in self._by_form.items():
            for ending in _endings(form):
                known = found.get(ending, ())
                if len(known) < 2:
                    found[ending] = (*known, *paths)
        return found

    @functools.cached_property
    def _by_name(self) -> dict[str, str]:
        return {form.rpartition("/")[2]: paths[0] for form, paths in self._by_form.items()}


def _form(path: str) -> str:
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def _endings(path: str) -> Iterator[str]:
    """Yield what is left of a path when its first folder, its first two folders, ... are taken away."""
    at = path.find("/")
    for _ in range(_MAX_FOLDERS):
        if at < 0:
            return
        yield path[at + 1 :]
        at = path.find("/", at + 1)
