"""One shard: rows of a split with their recordings embedded, every byte of them compared with what was ingested."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets import huggingface, inputs
from listen_datasets.errors import InternalError
from listen_datasets.inputs import InputProblem
from listen_datasets.storage import Disk, Written, write_parquet
from listen_datasets.text import visible

Bytes = npt.NDArray[np.uint8]

_SUFFIXES = {"rf64": "wav"}


@dataclass(frozen=True)
class Shard:
    """A task: what one file is made of.

    Attributes:
        path: Of the file, in the dataset.
        rows: The published columns of its clips, without the recordings.
        groups: Rows of each row group.
    """

    path: str
    rows: pa.Table
    groups: tuple[int, ...]


@dataclass(frozen=True)
class Job:
    """What all shards of a run have in common.

    Attributes:
        schema: Of every shard, with the features in its metadata.
        roots: Folder of each source, by its name.
        folder: Where the run writes, laid out like the dataset.
        disk: What writes.
    """

    schema: pa.Schema
    roots: Mapping[str, Path]
    folder: Path
    disk: Disk


@dataclass(frozen=True)
class Changed:
    """Why a shard was not written: a recording is not what was ingested.

    Attributes:
        source: Name of its source.
        path: Below the source root.
        code: The code of the problem, such as ``input.missing``.
        reason: One sentence.
    """

    source: str
    path: str
    code: str
    reason: str

    def place(self) -> str:
        """Return where the recording is, for people."""
        return f"{self.source}:{visible(self.path)}"


def cut(sizes: Iterable[int], limit: int, most: int | None = None) -> list[int]:
    """Cut a row of things into pieces, and return how many each piece holds.

    A piece ends before it would exceed `limit` or hold more than `most` things; a thing that exceeds the limit alone is a
    piece alone. What is appended later does not move the earlier cuts.
    """
    pieces: list[int] = []
    count = total = 0
    for size in sizes:
        if count and (total + size > limit or count == most):
            pieces.append(count)
            count = total = 0
        count += 1
        total += size
    return [*pieces, count] if count else pieces


def write(job: Job, shard: Shard) -> Written | Changed:
    """Write a shard, and check it as a reader would see it.

    Raises:
        MachineError: The operating system refused.
        InternalError: The file would not load as it is meant: a bug in ``lds``.
    """
    path = job.folder / shard.path
    reader = _Recordings(job, shard)
    try:
        written = write_parquet(
            job.disk,
            path,
            reader.tables(),
            schema=job.schema,
            footer=huggingface.footer(),
            **huggingface.options(job.schema),
        )
    except InputProblem as problem:
        return Changed(*reader.at, problem.code, problem.reason)
    found = huggingface.problems(path, rows=shard.rows.num_rows)
    if found:
        raise InternalError(f"the shard would not load as it is meant: {'; '.join(found)}", where=shard.path)
    return written


class _Recordings:
    """Reads the recordings of a shard, one row group at a time.

    Attributes:
        at: Source and path of the recording that is being read.
    """

    def __init__(self, job: Job, shard: Shard) -> None:
        self._job = job
        self._shard = shard
        self._sizes = shard.rows.column("bytes").to_numpy()
        self.at = ("", "")

    def tables(self) -> Iterator[pa.Table]:
        """Yield the row groups; the memory of one is used again for the next.

        Raises:
            InputProblem: A recording is not what was ingested.
        """
        buffer = np.empty(self._largest(), dtype=np.uint8)
        first = 0
        for count in self._shard.groups:
            yield self._table(first, count, buffer)
            first += count

    def _largest(self) -> int:
        bounds = np.cumsum((0, *self._shard.groups[:-1]))
        return int(np.add.reduceat(self._sizes, bounds).max(initial=0))

    def _table(self, first: int, count: int, buffer: Bytes) -> pa.Table:
        rows = self._shard.rows.slice(first, count)
        offsets = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(self._sizes[first : first + count], out=offsets[1:])
        columns = (
            rows.column(name).to_pylist() for name in ("clip_id", "source", "path", "sha256", "container", "codec")
        )
        names: list[str] = []
        view = buffer.data
        for position, (clip_id, source, path, sha256, container, codec) in enumerate(zip(*columns, strict=True)):
            self.at = (source, path)
            _read(self._job.roots[source], path, view[offsets[position] : offsets[position + 1]], sha256)
            names.append(f"{clip_id}.{suffix(container, codec)}")
        audio = huggingface.audio_array(
            pa.py_buffer(view[: offsets[-1]]), pa.py_buffer(offsets.astype(np.int32)), names
        )
        arrays = [audio if name == huggingface.AUDIO else rows.column(name) for name in self._job.schema.names]
        return pa.table(arrays, schema=self._job.schema)


def suffix(container: str, codec: str) -> str:
    """Return the usual extension of a file, without the dot."""
    return "opus" if codec == "opus" else _SUFFIXES.get(container, container)


def _read(root: Path, path: str, target: memoryview, sha256: str) -> None:
    """Read a recording into memory, if it is still what was ingested."""
    with inputs.opened(root, path) as file:
        if file.size != len(target):
            raise InputProblem("input.changed", f"{visible(path)} has {file.size:,} bytes, not {len(target):,}")
        done = 0
        while done < len(target):
            count = file.read_into(target[done:], done)
            if not count:
                break
            done += count
        file.check_unchanged()
    if hashlib.sha256(target).hexdigest() != sha256:
        raise InputProblem("input.changed", f"the bytes of {visible(path)} are not those that were ingested")
