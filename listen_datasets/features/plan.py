"""Which clips still need which features, and how they are cut into parts and tasks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

from listen_datasets.cutting import place
from listen_datasets.features.files import Footer, key_of
from listen_datasets.spans import Samples

PART_CLIPS = 512
PART_SECONDS = 20 * 60.0
"""A part holds no more clips and no more audio than this, but for a longer clip, which is a part of its own."""

USED = ("clip_id", "source", "path", "sha256", "pcm_md5", "start", "duration", "num_samples", "sample_rate")


class Clip(NamedTuple):
    """The columns of the manifest that a task needs; `start` and `duration` in seconds."""

    clip_id: str
    source: str
    path: str
    sha256: str
    pcm_md5: str
    start: float
    duration: float
    num_samples: int
    sample_rate: int

    @property
    def recording(self) -> tuple[str, str]:
        """Source and path of its recording."""
        return self.source, self.path

    @property
    def place(self) -> Samples:
        """Where it lies in its recording."""
        return place(self.start, self.num_samples, self.sample_rate)

    @property
    def key(self) -> str:
        """What its features depend on, but for the extractor."""
        return key_of(self.pcm_md5, self.place.first, self.num_samples, self.sample_rate)


@dataclass(frozen=True)
class Part:
    """Clips that follow each other in the manifest, and their number in the names of files."""

    number: int
    clips: tuple[Clip, ...]


@dataclass(frozen=True)
class Task:
    """What a worker does in one go: a single part, or all that hold the clips of one recording.

    Attributes:
        parts: The parts; a number counts from the first new part of a feature.
        first: Number of the first new part of each feature, by its name.
    """

    parts: tuple[Part, ...]
    first: Mapping[str, int] = field(default_factory=dict)

    @property
    def clips(self) -> list[Clip]:
        """The clips of all parts."""
        return [clip for part in self.parts for clip in part.clips]


@dataclass(frozen=True)
class Old:
    """A part of an earlier run that can be used, wholly or in part.

    Attributes:
        number: In its name.
        footer: What it says about itself.
        clip_ids: Of its rows.
        bytes: Its length.
        sha256: Its digest.
    """

    number: int
    footer: Footer
    clip_ids: tuple[str, ...]
    bytes: int
    sha256: str


def clips_of(manifest: pa.Table) -> list[Clip]:
    """Return the clips of a manifest, in its order."""
    columns = (manifest.column(name).to_pylist() for name in USED)
    return list(map(Clip._make, zip(*columns, strict=True)))


def still_wanted(old: Old, wanted: Mapping[str, str]) -> list[int]:
    """Return the rows of a part whose clips are still there as they were.

    Args:
        old: The part.
        wanted: The key of each clip, by its id.
    """
    rows = zip(old.clip_ids, old.footer.keys, strict=True)
    return [number for number, (clip_id, key) in enumerate(rows) if wanted.get(clip_id) == key]


def tasks_of(missing: Mapping[str, Sequence[Clip]], first: Mapping[str, int]) -> list[Task]:
    """Return what is to be done; features that lack the same clips are computed together, each recording decoded once.

    Args:
        missing: The clips that each feature lacks, by its name.
        first: The number of the first new part of each.
    """
    together: dict[tuple[str, ...], list[str]] = {}
    for name, clips in missing.items():
        together.setdefault(tuple(clip.clip_id for clip in clips), []).append(name)
    return [
        Task(parts, {name: first[name] for name in names})
        for names in together.values()
        for parts in plan(missing[names[0]])
    ]


def plan(clips: Sequence[Clip]) -> list[tuple[Part, ...]]:
    """Cut clips into parts, in their order, and say which parts are done together.

    The clips of a recording stand in one part; if they are too many, in parts of their own.
    """
    recordings = [list(run) for _, run in itertools.groupby(clips, key=lambda clip: clip.recording)]
    seconds = [sum(clip.duration for clip in recording) for recording in recordings]
    numbers = itertools.count()
    planned: list[tuple[Part, ...]] = []
    first = 0
    for last in _cuts([len(recording) for recording in recordings], seconds):
        together = [clip for recording in recordings[first:last] for clip in recording]
        first, begin = last, 0
        parts = []
        for end in _cuts([1] * len(together), [clip.duration for clip in together]):
            parts.append(Part(next(numbers), tuple(together[begin:end])))
            begin = end
        planned.append(tuple(parts))
    return planned


def _cuts(clips: Sequence[int], seconds: Sequence[float]) -> Iterator[int]:
    """Yield where to cut a row of things, each so many clips and seconds, so that no piece with two of them is too large."""
    many, long = 0, 0.0
    for position, (count, length) in enumerate(zip(clips, seconds, strict=True)):
        if position and (many + count > PART_CLIPS or long + length > PART_SECONDS):
            yield position
            many, long = 0, 0.0
        many += count
        long += length
    if clips:
        yield len(clips)
