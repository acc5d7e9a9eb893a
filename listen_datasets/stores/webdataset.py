"""WebDataset as a source: tar shards in which the members of one key are a recording and what is said about it.

``webdataset:FOLDER`` reads every tar below a folder, ``webdataset:shard.tar`` one, and
``webdataset:shard-{000..012}.tar`` those that a pattern stands for. A recording is called by its shard and its name
there.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import operator
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from listen_datasets import inputs
from listen_datasets.errors import MachineError, RecipeError
from listen_datasets.inputs import Found, InputProblem, OpenInput
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.stores.archive_file import LocalFile
from listen_datasets.stores.braces import expanded
from listen_datasets.stores.members import DEFAULT, Limits
from listen_datasets.stores.splits import pattern
from listen_datasets.stores.tar import Tar
from listen_datasets.stores.webdataset_reading import Reading
from listen_datasets.stores.webdataset_samples import grouped
from listen_datasets.text import visible

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
_LOOKED_AT = 20  # members of a shard that is to be recognised


@dataclass(frozen=True)
class WebDataset:
    """Tar shards; see :class:`listen_datasets.stores.Store`.

    Attributes:
        root: The folder that they lie in.
        shards: Paths of the shards below it; every tar there if None.
        limits: How much may be in a shard.
    """

    root: Path
    shards: tuple[str, ...] | None = None
    limits: Limits = DEFAULT

    @classmethod
    def at(cls, location: Path) -> WebDataset:
        """Return the store of a folder, a shard, or a brace pattern.

        Raises:
            RecipeError: There is no such folder or shard, or the pattern is none.
        """
        if location.is_dir():
            return cls(location)
        names = [os.path.normpath(name) for name in expanded(str(location))]
        if not any(Path(name).is_file() for name in names):
            raise RecipeError("there is no such folder or shard", where=visible(str(location)))
        root = os.path.commonpath([os.path.dirname(name) for name in names])  # noqa: PTH120 - beside commonpath
        return cls(Path(root), tuple(os.path.relpath(name, root) for name in names))

    def walk(self) -> Iterator[Found]:
        """Yield the recordings of all shards, everything else in them that is no metadata, and what lies beside them."""
        return iter(_content(self).found)

    @contextlib.contextmanager
    def opened(self, path: str) -> Iterator[OpenInput]:
        """Open a copy of a recording in a shard, or a file beside the shards."""
        shard = self._shard_of(path)
        if shard is None:
            with inputs.opened(self.root, path) as file:
                yield file
            return
        with self.tar(shard).opened(path[len(shard) + 1 :]) as file:
            yield file

    def tables(self) -> Sequence[MetadataTable]:
        """Return what the samples say: one row a recording, and one for each sample without any."""
        table = _content(self).table
        return () if table is None else (table,)

    def tar(self, shard: str) -> Tar:
        """Return a shard as an archive."""
        return Tar(LocalFile(self.root / shard), self.limits)

    def _shard_of(self, path: str) -> str | None:
        for shard in itertools.accumulate(path.split("/")[:-1], "{}/{}".format):
            if shard.endswith(SUFFIXES) and (self.root / shard).is_file():
                return shard
        return None


def recognises(folder: Path) -> bool:
    """Tell whether a folder has shards in it, by number, and the first one begins with a recording and a sidecar to it."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and not inputs.is_junk(path.name))
    shards = [name for name in names if name.endswith(SUFFIXES)]
    is_numbered = all(name.partition(".")[0][-2:].isdigit() for name in shards)
    if not shards or not is_numbered or any(inputs.is_audio(name) for name in names):
        return False
    with contextlib.suppress(InputProblem, MachineError, RecipeError):
        tar = Tar(LocalFile(folder / shards[0]))
        samples, _ = grouped(list(itertools.islice(tar.members(), _LOOKED_AT)))
        return bool(samples) and bool(samples[0].sounds) and bool(samples[0].sidecars)
    return False


@dataclass(frozen=True)
class _Content:
    found: tuple[Found, ...]
    table: MetadataTable | None


def _listed(store: WebDataset) -> tuple[Found, ...]:
    """Return the shards and what lies beside them; shards that are not there among them."""
    if store.shards is None:
        return tuple(inputs.walk(store.root))
    return tuple(_looked_up(store.root, shard) for shard in store.shards)


def _looked_up(root: Path, shard: str) -> Found:
    try:
        return Found(shard, "file", stamp=LocalFile(root / shard).stamp())
    except InputProblem as problem:
        return Found(shard, "unreadable", problem=problem)


def _content(store: WebDataset) -> _Content:
    listed = _listed(store)
    return _read(store, tuple((found.path, found.stamp) for found in listed))


@functools.lru_cache(2)
def _read(store: WebDataset, stamps: tuple[tuple[str, str | None], ...]) -> _Content:  # noqa: ARG001 - they are the key
    listed = _listed(store)
    shards = [found.path for found in listed if found.kind == "file" and found.path.endswith(SUFFIXES)]
    if not shards:
        raise RecipeError("there is no tar shard in the folder", where=visible(str(store.root)))
    reading = Reading(pattern(shards))
    for shard in shards:
        reading.add(shard, store.tar(shard))
    beside = {*(found.path for found in listed)} - {*shards}
    found = [*reading.found, *(found for found in listed if found.path in beside)]
    return _Content(tuple(sorted(found, key=operator.attrgetter("path"))), reading.table())
