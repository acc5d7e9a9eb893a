"""Stage ``features``: columns of numbers beside the manifest, from one decoding of every clip.

The clips are cut into parts whose size depends on the clips alone, and a part is one file an extractor. A task decodes the
recordings of a part; if one recording has more clips than a part holds, the parts of that recording are one task, so
that it is decoded once. Samples and features never pass between processes.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets import catalogue, digest, registry
from listen_datasets import config as recipes
from listen_datasets.arrays import column_of, float_leaves, is_matrix
from listen_datasets.cutting import floats, place
from listen_datasets.errors import MachineError
from listen_datasets.executors import Done, Lost
from listen_datasets.inputs import InputProblem
from listen_datasets.model import Finding
from listen_datasets.recipe import Features as Config
from listen_datasets.recipe import Section
from listen_datasets.spans import Samples
from listen_datasets.stage import Outcome, Stage, Workspace
from listen_datasets.storage import Disk, Written, write_parquet
from listen_datasets.stores import Store
from listen_datasets.text import visible

__all__ = ["STAGE", "Config"]

PART_CLIPS = 512
PART_SECONDS = 20 * 60.0
"""A part holds no more clips and no more audio than this, but for a longer clip, which is a part of its own."""

_USED = ("clip_id", "source", "path", "sha256", "start", "duration", "num_samples", "sample_rate")
_CLIP_ID = pa.field("clip_id", pa.string(), nullable=False, metadata={"description": "Name of the clip."})


class Clip(NamedTuple):
    """The columns of the manifest that a task needs; `start` and `duration` in seconds."""

    clip_id: str
    source: str
    path: str
    sha256: str
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


@dataclass(frozen=True)
class Part:
    """Clips that follow each other in the manifest, and their number in the names of files."""

    number: int
    clips: tuple[Clip, ...]


Task = tuple[Part, ...]
"""Parts that a worker does in one go: a single one, or all that hold the clips of one recording."""

Loaded = tuple[npt.NDArray[np.float32], int]
"""The samples of a clip, read only, and their rate."""


@dataclass(frozen=True)
class Job:
    """What all tasks of a run have in common.

    Attributes:
        config: Which extractors, and their parameters.
        stores: Where the recordings of each source lie, by its name.
        folder: Where the run writes, laid out like the dataset.
        disk: What writes.
    """

    config: Config
    stores: Mapping[str, Store]
    folder: Path
    disk: Disk


@dataclass(frozen=True)
class Extracted:
    """What came of a task.

    Attributes:
        files: By their path in the dataset.
        clips: How many rows the files of an extractor have.
        findings: The clips that have no row, and why.
    """

    files: Mapping[str, Written]
    clips: int
    findings: tuple[Finding, ...]


class _Made(NamedTuple):
    """An extractor, and its parameters under the keys of ``lds.toml``; None if it has no section there."""

    extractor: Any
    parameters: dict[str, Any] | None


def run(workspace: Workspace, config: Config) -> Outcome:
    """Write ``features/<extractor>/part-<number>.parquet`` for every extractor and part.

    Raises:
        UsageError: There is no such extractor, or its parameters cannot be used.
        MachineError: A worker was lost, or nothing can be written.
    """
    made = _make(config)
    tasks = plan(workspace.manifest)
    job = Job(config, workspace.stores(), workspace.staging, workspace.disk)
    results = workspace.executor.map(functools.partial(extract, job), tasks)
    shown = workspace.progress(results, total=len(tasks), label=STAGE.name, unit="part")
    done = [_kept(task, result) for task, result in zip(tasks, shown, strict=True)]
    files = {path: file for extracted in done for path, file in extracted.files.items()}
    clips = sum(extracted.clips for extracted in done)
    findings = [finding for extracted in done for finding in extracted.findings]
    # Nothing that is compared later tells whether a recording can be read again: so this run never counts as up to date.
    incomplete = {"unreadable": digest.of_json(len(findings))} if findings else {}
    return Outcome(
        files=files,
        findings=findings,
        used={**inputs(workspace, config), **incomplete},
        report={"extractors": _summary(made, files, clips), "parts": sum(map(len, tasks))},
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Return the digest of the clips, and the version of each extractor."""
    versions = {name: extractor.version for name, (extractor, _) in _make(config).items()}
    return {"manifest": workspace.digest(_USED), "extractors": digest.of_json(versions)}


def plan(manifest: pa.Table) -> list[Task]:
    """Cut the clips into parts, in the order of the manifest, and say which parts are done together.

    The clips of a recording stand in one part; if they are too many, in parts of their own.
    """
    columns = (manifest.column(name).to_pylist() for name in _USED)
    clips = map(Clip._make, zip(*columns, strict=True))
    recordings = [list(run) for _, run in itertools.groupby(clips, key=lambda clip: clip.recording)]
    seconds = [sum(clip.duration for clip in recording) for recording in recordings]
    numbers = itertools.count()
    tasks: list[Task] = []
    first = 0
    for last in _cuts([len(recording) for recording in recordings], seconds):
        together = [clip for recording in recordings[first:last] for clip in recording]
        first, begin = last, 0
        parts = []
        for end in _cuts([1] * len(together), [clip.duration for clip in together]):
            parts.append(Part(next(numbers), tuple(together[begin:end])))
            begin = end
        tasks.append(tuple(parts))
    return tasks


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


def extract(job: Job, task: Task) -> Extracted:
    """Run all extractors over the clips of a task, each recording decoded once, and write one file a part and extractor."""
    made = _make(job.config)
    loaded = _loaded(job.stores, [clip for part in task for clip in part.clips])
    files: dict[str, Written] = {}
    clips = 0
    findings: list[Finding] = []
    for part in task:
        # In this order: zip must not take the first clip of the next part.
        usable = _usable(zip(part.clips, loaded, strict=False), findings)
        tables = _tables(made, usable)
        clips += next(iter(tables.values())).num_rows if tables else 0
        for name, table in tables.items():
            path = f"features/{name}/part-{part.number:05}.parquet"
            files[path] = _write(job.disk, job.folder / path, table)
    return Extracted(files, clips, tuple(findings))


def _usable(clips: Iterable[tuple[Clip, Loaded | Finding]], findings: list[Finding]) -> Iterator[tuple[Clip, Loaded]]:
    """Yield the clips that could be loaded, and put the others aside."""
    for clip, loaded in clips:
        if isinstance(loaded, Finding):
            findings.append(loaded)
        else:
            yield clip, loaded


def _tables(made: Mapping[str, _Made], clips: Iterable[tuple[Clip, Loaded]]) -> dict[str, pa.Table]:
    """Run all extractors over clips, one at a time, and return the file of each."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in made}
    clip_ids: list[str] = []
    for clip, loaded in clips:
        clip_ids.append(clip.clip_id)
        for name, (extractor, _) in made.items():
            rows[name].append(extractor(*loaded))
    return {name: _table(one, clip_ids, rows[name]) for name, one in made.items()}


def _make(config: Config) -> dict[str, _Made]:
    """Make the extractors asked for, by name; one without a section in the recipe is made without arguments."""
    made = {}
    for name in config.extractors:
        kind = registry.find("extractors", name)
        section = getattr(config, name.replace("-", "_"), None)
        if isinstance(section, Section):
            made[name] = _Made(kind(section), recipes.builtins(section))
        else:
            made[name] = _Made(kind(), None)
    return made


def _loaded(stores: Mapping[str, Store], clips: Sequence[Clip]) -> Iterator[Loaded | Finding]:
    """Yield what each clip sounds like, or why that is not known any more; one recording is open at a time."""
    for (source, path), run in itertools.groupby(clips, key=lambda clip: clip.recording):
        wanted = list(run)
        done = 0
        try:
            for loaded in floats(stores[source], path, wanted[0].sha256, [clip.place for clip in wanted]):
                done += 1
                yield loaded
        except InputProblem as problem:
            yield from (_unreadable(clip, problem) for clip in wanted[done:])


def _unreadable(clip: Clip, problem: InputProblem) -> Finding:
    return catalogue.finding(
        "features.unreadable",
        f"The clip has no features, for its recording cannot be used any more: {problem.reason}.",
        clip_id=clip.clip_id,
        path=visible(clip.path),
        hint="bring the recording back and use --force, or run `lds ingest` again",
    )


def _table(made: _Made, clip_ids: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return the file of an extractor; what made it stands in the schema, and so in the footer and after reading."""
    fields = made.extractor.fields()
    columns = [column_of([row[field.name] for row in rows], field) for field in fields]
    about = {"extractor": made.extractor.name, "version": made.extractor.version, "parameters": made.parameters}
    schema = pa.schema([_CLIP_ID, *fields], metadata={"lds": digest.canonical_json(about)})
    return pa.table([pa.array(clip_ids, _CLIP_ID.type), *columns], schema=schema)


def _write(disk: Disk, path: Path, table: pa.Table) -> Written:
    return write_parquet(
        disk,
        path,
        table,
        compression="zstd",
        compression_level=1,
        use_dictionary=False,
        # Floats compress when their first bytes stand together, their second bytes, and so on.
        use_byte_stream_split=[leaf for field in table.schema for leaf in float_leaves(field)],
        write_statistics=[field.name for field in table.schema if not is_matrix(field.type)],
    )


def _kept(task: Task, result: Done[Extracted] | Lost) -> Extracted:
    """Return what came of a task.

    Raises:
        MachineError: Its worker was lost.
    """
    if isinstance(result, Done):
        return result.value
    clips = [clip for part in task for clip in part.clips]
    longest = max(clips, key=lambda clip: clip.duration)
    numbers = f"part {task[0].number}" if len(task) == 1 else f"parts {task[0].number} to {task[-1].number}"
    raise MachineError(
        f"{numbers} of the features {'was' if len(task) == 1 else 'were'} lost: {result.reason}",
        where=f"{len(clips)} clips from {visible(clips[0].path)} to {visible(clips[-1].path)}",
        hint=f"run the same command again; the longest clip is in {visible(longest.path)}",
    )


def _summary(made: Mapping[str, _Made], files: Mapping[str, Written], clips: int) -> dict[str, Any]:
    return {
        name: {
            "clips": clips,
            "columns": [field.name for field in extractor.fields()],
            "bytes": sum(file.bytes for path, file in files.items() if path.startswith(f"features/{name}/")),
        }
        for name, (extractor, _) in made.items()
    }


STAGE = Stage(name="features", version="2", config=Config, run=run, inputs=inputs, owns=("features/",))
