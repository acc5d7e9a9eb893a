"""One shard: rows of a split with their sound embedded, all of it compared with what was ingested.

A clip that is a whole recording is embedded as the bytes of its file, a span as a file of its own that holds exactly
its samples (:mod:`listen_datasets.lossless`).
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import cutting, huggingface, lossless
from listen_datasets.cutting import CHANGED, Exact
from listen_datasets.errors import InternalError
from listen_datasets.inputs import InputProblem
from listen_datasets.spans import Samples
from listen_datasets.storage import Disk, Written, write_parquet
from listen_datasets.stores import Store
from listen_datasets.text import visible

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

Fill = Callable[[memoryview], int]
"""Writes a file to the beginning of a piece of memory and returns its length."""

_SUFFIXES = {
    "rf64": "wav",
    "mp4": "m4a",
    "asf": "wma",
    "matroska": "mka",
    "adts": "aac",
    "mpeg_audio": "mp2",
    "ogg_flac": "ogg",
    "wavpack": "wv",
}


@dataclass(frozen=True)
class Shard:
    """A task: what one file is made of.

    Attributes:
        path: Of the file, in the dataset.
        rows: The published columns of its clips, without the sound.
        clips: The columns of the manifest that say where the sound is: those of :class:`Clip`.
        groups: Rows of each row group.
    """

    path: str
    rows: pa.Table
    clips: pa.Table
    groups: tuple[int, ...]


class Clip(NamedTuple):
    """What of the manifest is needed to embed a clip."""

    clip_id: str
    recording_id: str
    source: str
    path: str
    sha256: str
    bytes: int
    container: str
    codec: str
    pcm_md5: str
    start: float
    num_samples: int
    sample_rate: int
    num_channels: int
    bits_per_sample: int | None
    recording_num_samples: int | None

    @property
    def recording(self) -> tuple[str, str, bool]:
        """Source and path of its recording, and whether it is but a part of it."""
        is_all = self.clip_id == self.recording_id or self.num_samples == self.recording_num_samples
        return self.source, self.path, not is_all

    @property
    def place(self) -> Samples:
        """Where it lies in its recording."""
        return cutting.place(self.start, self.num_samples, self.sample_rate)


@dataclass(frozen=True)
class Job:
    """What all shards of a run have in common.

    Attributes:
        schema: Of every shard, with the features in its metadata.
        stores: Where the recordings of each source lie, by its name.
        folder: Where the run writes, laid out like the dataset.
        disk: What writes.
    """

    schema: pa.Schema
    stores: Mapping[str, Store]
    folder: Path
    disk: Disk


@dataclass(frozen=True)
class Embedded:
    """A shard that was written.

    Attributes:
        file: The file.
        audio_bytes: The sound in it.
    """

    file: Written
    audio_bytes: int


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


def largest(rows: pa.Table) -> Integers:
    """Return the most bytes that each clip (n rows with the columns of :class:`Clip`) takes; exact for whole recordings."""
    most = lossless.most_bytes(
        rows.column("num_samples").to_numpy(),
        rows.column("num_channels").to_numpy(),
        pc.fill_null(rows.column("bits_per_sample"), 0).to_numpy(),
    )
    sizes: Integers = np.where(cutting.are_cut(rows).to_numpy(), most, rows.column("bytes").to_numpy())
    return sizes


def write(job: Job, shard: Shard) -> Embedded | Changed:
    """Write a shard, and check it as a reader would see it.

    Raises:
        MachineError: The operating system refused.
        InternalError: The file would not load as it is meant: a bug in ``lds``.
    """
    path = job.folder / shard.path
    sound = _Sound(job, shard)
    try:
        written = write_parquet(
            job.disk,
            path,
            sound.tables(),
            schema=job.schema,
            footer=huggingface.footer(),
            **huggingface.options(job.schema),
        )
    except InputProblem as problem:
        return Changed(*sound.at, problem.code, problem.reason)
    found = huggingface.problems(path, rows=shard.rows.num_rows)
    if found:
        raise InternalError(f"the shard would not load as it is meant: {'; '.join(found)}", where=shard.path)
    return Embedded(written, sound.bytes)


class _Sound:
    """Reads the sound of a shard, one row group at a time.

    Attributes:
        at: Source and path of the recording that is being read.
        bytes: What was embedded so far.
    """

    def __init__(self, job: Job, shard: Shard) -> None:
        self._job = job
        self._shard = shard
        self._sizes = largest(shard.clips)
        self.at = ("", "")
        self.bytes = 0

    def tables(self) -> Iterator[pa.Table]:
        """Yield the row groups; the memory of one is used again for the next.

        Raises:
            InputProblem: A recording is not what was ingested.
        """
        buffer = np.empty(self._largest(), dtype=np.uint8)
        files = self._files()
        first = 0
        for count in self._shard.groups:
            yield self._table(self._shard.rows.slice(first, count), itertools.islice(files, count), buffer)
            first += count

    def _largest(self) -> int:
        bounds = np.cumsum((0, *self._shard.groups[:-1]))
        return int(np.add.reduceat(self._sizes, bounds).max(initial=0))

    def _table(self, rows: pa.Table, files: Iterable[tuple[str, Fill]], buffer: Bytes) -> pa.Table:
        offsets = [0]
        names: list[str] = []
        view = buffer.data
        for name, fill in files:
            names.append(name)
            offsets.append(offsets[-1] + fill(view[offsets[-1] :]))
        self.bytes += offsets[-1]
        audio = huggingface.audio_array(
            pa.py_buffer(view[: offsets[-1]]), pa.py_buffer(np.array(offsets, dtype=np.int32)), names
        )
        arrays = [audio if name == huggingface.AUDIO else rows.column(name) for name in self._job.schema.names]
        return pa.table(arrays, schema=self._job.schema)

    def _files(self) -> Iterator[tuple[str, Fill]]:
        """Yield the name of each clip's file, and what fetches it; clips of one recording are decoded in one go."""
        columns = (self._shard.clips.column(name).to_pylist() for name in Clip._fields)
        rows = map(Clip._make, zip(*columns, strict=True))
        for (source, path, is_cut), run in itertools.groupby(rows, key=lambda clip: clip.recording):
            self.at = (source, path)
            store = self._job.stores[source]
            if is_cut:
                yield from _cut(store, list(run))
            else:
                for clip in run:
                    yield f"{clip.clip_id}.{suffix(clip.container, clip.codec)}", functools.partial(_copy, store, clip)


def suffix(container: str, codec: str) -> str:
    """Return the usual extension of a file, without the dot."""
    return "opus" if codec == "opus" else _SUFFIXES.get(container, container)


def _copy(store: Store, clip: Clip, target: memoryview) -> int:
    """Read a recording into memory, if it is still what was ingested."""
    target = target[: clip.bytes]
    with store.opened(clip.path) as file:
        if file.size != len(target):
            raise InputProblem(CHANGED, f"{visible(clip.path)} has {file.size:,} bytes, not {len(target):,}")
        done = 0
        while done < len(target):
            count = file.read_into(target[done:], done)
            if not count:
                break
            done += count
        file.check_unchanged()
    if hashlib.sha256(target).hexdigest() != clip.sha256:
        raise InputProblem(CHANGED, f"the bytes of {visible(clip.path)} are not those that were ingested")
    return len(target)


def _cut(store: Store, wanted: Sequence[Clip]) -> Iterator[tuple[str, Fill]]:
    """Yield the files of clips that are spans of one recording."""
    first = wanted[0]
    places = [clip.place for clip in wanted]
    for clip, found in zip(wanted, cutting.exact(store, first.path, first.sha256, places), strict=True):
        _check_samples(clip, found)
        file = lossless.encode(found)
        yield f"{clip.clip_id}.{file.suffix}", functools.partial(_put, file.data)


def _check_samples(clip: Clip, found: Exact) -> None:
    # The bytes are the same, so that the decoder must be another one.
    if hashlib.md5(found.pcm, usedforsecurity=False).hexdigest() != clip.pcm_md5:
        what = f"the span {clip.clip_id} of {visible(clip.path)}"
        raise InputProblem(CHANGED, f"{what} is not decoded to the samples that were measured")


def _put(data: bytes, target: memoryview) -> int:
    if len(data) > len(target):
        raise InternalError(f"a clip takes {len(data):,} bytes, more than were planned for the rest of its row group")
    target[: len(data)] = data
    return len(data)
