"""Manifests of lhotse as a source: recordings in files, and supervisions that are spans of them.

``lhotse:FOLDER`` reads every ``*recordings*.jsonl(.gz)`` and ``*supervisions*.jsonl(.gz)`` below the folder, or
``*cuts*.jsonl(.gz)`` where there are no recordings; the files must lie below it too. A supervision is a clip; a recording
that none is about is one clip as a whole.
"""

from __future__ import annotations

import functools
import heapq
import operator
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from listen_datasets import inputs
from listen_datasets.errors import MetadataError, RecipeError
from listen_datasets.inputs import Found, OpenInput
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.stores.lhotse_lines import objects
from listen_datasets.stores.lhotse_reading import Manifests
from listen_datasets.text import visible

_ENDINGS = (".jsonl", ".jsonl.gz")
_RECORDINGS, _SUPERVISIONS, _CUTS = "recordings", "supervisions", "cuts"


@dataclass(frozen=True)
class Lhotse:
    """Manifests of lhotse and files below one folder; see :class:`listen_datasets.stores.Store`.

    Attributes:
        root: The folder.
    """

    root: Path

    @classmethod
    def at(cls, location: Path) -> Lhotse:
        """Return the store of a folder.

        Raises:
            RecipeError: There is no such folder.
        """
        if not location.is_dir():
            raise RecipeError("there is no such folder", where=visible(str(location)))
        return cls(location)

    def walk(self) -> Iterator[Found]:
        """Yield everything below the folder but the manifests, and the recordings of the manifests that are no files."""
        manifests = _manifests(self)
        refused = sorted(manifests.refused, key=operator.attrgetter("path"))
        files = (found for found in inputs.walk(self.root) if found.path not in manifests.paths)
        return heapq.merge(files, refused, key=operator.attrgetter("path"))

    def opened(self, path: str) -> AbstractContextManager[OpenInput]:
        """Open a file beneath the folder, following no link on the way."""
        return inputs.opened(self.root, path)

    def tables(self) -> Sequence[MetadataTable]:
        """Return one table for each manifest, with the spans in the columns ``start`` and ``duration``."""
        return _manifests(self).tables


def recognises(folder: Path) -> bool:
    """Tell whether a folder has a manifest of recordings whose first line is a recording."""
    names = sorted(path.name for path in folder.iterdir() if _kind(path.name) == _RECORDINGS and path.is_file())
    try:
        first = next(objects(folder, names[0]), None) if names else None
    except MetadataError:
        return False
    value = first[1] if first else None
    return isinstance(value, dict) and {"id", "sources", "sampling_rate"} <= value.keys()


def _kind(name: str) -> str | None:
    """Return what kind of manifest has a name; None if it is none."""
    if not name.endswith(_ENDINGS):
        return None
    return next((kind for kind in (_RECORDINGS, _SUPERVISIONS, _CUTS) if kind in name), None)


def _manifests(store: Lhotse) -> Manifests:
    files = [found for found in inputs.walk(store.root) if found.kind == "file" and not found.junk]
    listed = [(found.path, found.stamp) for found in files if _kind(found.path.rpartition("/")[2])]
    return _read(store, tuple(listed))


@functools.lru_cache(2)
def _read(store: Lhotse, listed: tuple[tuple[str, str | None], ...]) -> Manifests:
    paths: dict[str | None, list[str]] = {_RECORDINGS: [], _SUPERVISIONS: [], _CUTS: []}
    for path, _ in listed:
        paths[_kind(path.rpartition("/")[2])].append(path)
    if not paths[_RECORDINGS] and not paths[_CUTS]:
        hint = "there should be a *recordings*.jsonl.gz, or a *cuts*.jsonl.gz"
        raise RecipeError("there is no lhotse manifest of recordings", where=visible(str(store.root)), hint=hint)
    manifests = Manifests(store.root)
    if paths[_RECORDINGS]:
        manifests.read(paths[_RECORDINGS], paths[_SUPERVISIONS])
    else:
        manifests.read_cuts(paths[_CUTS])
    return manifests
