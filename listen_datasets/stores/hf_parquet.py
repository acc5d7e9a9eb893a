"""Datasets of the Hugging Face Hub as sources: Parquet shards with the recordings embedded in a column.

``hf-parquet:FOLDER`` reads every shard below the folder; ``hf-parquet:FOLDER#COLUMN`` says which column holds the sound
where several do. A row is a recording; it is called by its shard and what the row calls it. All other columns are its
metadata, numbers of classes by their names.
"""

from __future__ import annotations

import contextlib
import functools
import heapq
import itertools
import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from listen_datasets import inputs
from listen_datasets.errors import RecipeError, UsageError
from listen_datasets.executors import Done, Executor
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.inputs import Found, InputProblem, OpenInput
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.model import Fate
from listen_datasets.stores.archive_file import stamp_of
from listen_datasets.stores.hf_columns import columns_of
from listen_datasets.stores.hf_index import HfIndex, Row
from listen_datasets.stores.hf_rows import RowReader
from listen_datasets.stores.hf_shard import Place, Shard, read_names, read_shard
from listen_datasets.stores.hf_tables import table_of
from listen_datasets.stores.splits import placed
from listen_datasets.stores.spool import spooled
from listen_datasets.text import visible

SUFFIX = ".parquet"
_SECONDS = 300.0
_LOOKED_AT = 2_000  # names in a folder that is to be recognised


@dataclass(frozen=True)
class HfParquet:
    """Parquet shards in a folder; see :class:`listen_datasets.stores.Store`.

    Attributes:
        root: The folder.
        column: The column that holds the sound; recognised if None.
        executor: What reads the shards' metadata; one process with limited memory if None.
    """

    root: Path
    column: str | None = None
    executor: Executor | None = field(default=None, compare=False, repr=False)

    @classmethod
    def at(cls, location: Path) -> HfParquet:
        """Return the store of a folder, or of ``FOLDER#COLUMN``.

        Raises:
            RecipeError: There is no such folder.
        """
        folder, mark, column = str(location).rpartition("#")
        if mark and column and not location.is_dir():
            return cls(_folder(Path(folder)), column)
        return cls(_folder(location))

    def walk(self) -> Iterator[Found]:
        """Yield the rows of all shards, and everything else in the folder that is no shard."""
        content = _content(self, _listed(self.root))
        index, shards = content.index, content.shards
        others = (found for found in inputs.walk(self.root) if found.path not in index.shards)
        named = (_reported(found, shards) for found in others)
        return heapq.merge(index.found(), named, key=operator.attrgetter("path"))

    @contextlib.contextmanager
    def opened(self, path: str) -> Iterator[OpenInput]:
        """Open a copy of the recording in a row, or a file beside the shards."""
        row = self._find(path)
        if row is None:
            with inputs.opened(self.root, path) as file:
                yield file
            return
        reader = _reader(Place(self.root, row.shard, self.column), row.content.sound or "", row.content.stamp)
        data = reader.sound(row.row)
        if _stamp(self.root, row.shard) != row.content.stamp or reader.stamp != row.content.stamp:
            reason = f"{visible(row.shard)} changed while {visible(path)} was read"
            raise InputProblem("input.changed_during_read", reason, Fate.UNREADABLE)
        with spooled((data,), path) as file:
            yield file

    def tables(self) -> Sequence[MetadataTable]:
        """Return the other columns: one table for each split of each configuration."""
        index = _content(self, _listed(self.root)).index
        groups: dict[tuple[str, str | None], list[str]] = {}
        for path in index.shards:
            groups.setdefault(placed(path), []).append(path)
        has_configs = any(config for config, _ in groups)
        return [
            table_of(index, paths, config if has_configs else None, split) for (config, split), paths in groups.items()
        ]

    def _find(self, path: str) -> Row | None:
        for shard in itertools.accumulate(path.split("/")[:-1], "{}/{}".format):
            # A folder may be called like a shard: Spark writes such.
            stamp = _stamp(self.root, shard) if shard.endswith(SUFFIX) else None
            if stamp is not None and (row := _index(Place(self.root, shard, self.column), stamp).find(path)):
                return row
        return None


def recognises(folder: Path) -> bool:
    """Tell whether the first Parquet file in a folder embeds sound, and no recording lies there as a file."""
    names = sorted(itertools.islice(_names(folder), _LOOKED_AT))
    first = next((name for name in names if name.endswith(SUFFIX)), None)
    if first is None or any(inputs.is_audio(name) for name in names):
        return False
    # UnicodeDecodeError is the name of a column that is no UTF-8.
    with contextlib.suppress(InputProblem, UsageError, pa.ArrowException, OSError, UnicodeDecodeError):
        with inputs.opened(folder, first) as file, os.fdopen(os.dup(file.fd), "rb") as data:
            schema = pq.ParquetFile(data, arrow_extensions_enabled=False).schema_arrow
        return columns_of(schema, None, first) is not None
    return False


def _names(folder: Path) -> Iterator[str]:
    """Yield the files of a folder, and of those in it and in them."""
    for level in ("*", "*/*", "*/*/*"):
        for path in folder.glob(level):
            if path.is_file():
                yield path.relative_to(folder).as_posix()


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise RecipeError("there is no folder of Parquet shards", where=visible(str(path)))
    return path


@dataclass(frozen=True)
class _Content:
    shards: Mapping[str, Shard | InputProblem]
    index: HfIndex


def _listed(root: Path) -> tuple[tuple[str, str | None], ...]:
    """Return the Parquet files of a folder with their stamps."""
    return tuple(
        (found.path, found.stamp)
        for found in inputs.walk(root)
        if found.kind == "file" and not found.junk and found.path.endswith(SUFFIX)
    )


@functools.lru_cache(2)
def _content(store: HfParquet, listed: tuple[tuple[str, str | None], ...]) -> _Content:
    """Read everything but the sound."""
    paths = [path for path, _ in listed]
    executor = LocalProcesses(workers=1, timeout=_SECONDS) if store.executor is None else store.executor
    results = executor.map(read_shard, [Place(store.root, path, store.column) for path in paths])
    shards: dict[str, Shard | InputProblem] = {}
    for path, result in zip(paths, results, strict=True):
        shards[path] = result.value if isinstance(result, Done) else _lost(result.reason)
    if not any(isinstance(shard, InputProblem) or shard.sound for shard in shards.values()):
        which = "a column with sound" if store.column is None else f"a column {visible(store.column)} with sound"
        raise RecipeError(f"no Parquet file in the folder has {which}", where=visible(str(store.root)))
    return _Content(shards, HfIndex(shards))


@functools.lru_cache(4)
def _index(place: Place, stamp: str) -> HfIndex:  # noqa: ARG001 - another stamp is another file
    """Find out what the rows of one shard are called: workers need no more than that."""
    return HfIndex({place.path: read_names(place)})


@functools.lru_cache(2)
def _reader(place: Place, sound: str, stamp: str) -> RowReader:  # noqa: ARG001 - another stamp is another file
    return RowReader(place, sound)


def _stamp(root: Path, path: str) -> str | None:
    try:
        return stamp_of(os.stat(root / path))  # noqa: PTH116 - for each row
    except OSError:
        return None


def _lost(reason: str) -> InputProblem:
    return InputProblem("input.archive_damaged", f"the Parquet file could not be read: {reason}")


def _reported(found: Found, shards: Mapping[str, Shard | InputProblem]) -> Found:
    """Return a file as it is to be reported: a shard whose rows are not known, or something else."""
    shard = shards.get(found.path)
    if isinstance(shard, InputProblem):
        return Found(found.path, "unreadable", problem=shard)
    folder = found.path.rpartition("/")[0]
    if shard is None or not any(_is_beside(path, folder, other) for path, other in shards.items()):
        return found
    reason = f"it has no column with sound, so its {shard.rows:,} rows are no recordings"
    return Found(found.path, "refused", bytes=found.bytes, problem=InputProblem("input.no_sound", reason))


def _is_beside(path: str, folder: str, shard: Shard | InputProblem) -> bool:
    return isinstance(shard, Shard) and bool(shard.sound) and path.rpartition("/")[0] == folder
