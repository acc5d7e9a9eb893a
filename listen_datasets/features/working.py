"""The work of the stage ``features`` on one task: decode, extract, write; a pure function that any process can run."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets import catalogue
from listen_datasets.analysis.engine import Engine, Made, Result, make
from listen_datasets.cutting import floats
from listen_datasets.features.files import Footer, Undefined, part_name, table_of, write
from listen_datasets.features.plan import Clip, Task
from listen_datasets.features.sections import Features
from listen_datasets.inputs import InputProblem
from listen_datasets.model import Finding
from listen_datasets.storage import Disk, Written
from listen_datasets.stores import Store
from listen_datasets.text import visible

Loaded = tuple[npt.NDArray[np.float32], int]
"""The samples of a clip, read only, and their rate."""


@dataclass(frozen=True)
class Job:
    """What all tasks of a run have in common.

    Attributes:
        config: Which extractors, and their parameters.
        root: The dataset, for the models that the recipe names.
        stores: Where the recordings of each source lie, by its name.
        folder: Where the run writes, laid out like the dataset.
        disk: What writes.
    """

    config: Features
    root: Path
    stores: Mapping[str, Store]
    folder: Path
    disk: Disk


@dataclass(frozen=True)
class Extracted:
    """What came of a task.

    Attributes:
        files: By their path in the dataset.
        findings: The clips that have no row, and why.
    """

    files: Mapping[str, Written]
    findings: tuple[Finding, ...]


def extract(job: Job, task: Task) -> Extracted:
    """Run the extractors of a task over its clips, each recording decoded once, and write one file a part and extractor."""
    made = make(msgspec.structs.replace(job.config, extractors=tuple(task.first)), job.root)
    engine = Engine(made)
    wanted = {name: one for name, one in made.items() if one.is_wanted}
    loaded = _loaded(job.stores, task.clips)
    files: dict[str, Written] = {}
    findings: list[Finding] = []
    for part in task.parts:
        # In this order: zip must not take the first clip of the next part.
        usable = _usable(zip(part.clips, loaded, strict=False), findings)
        for name, table in _tables(engine, wanted, usable).items():
            path = part_name(name, task.first[name] + part.number)
            files[path] = write(job.disk, job.folder / path, table)
    return Extracted(files, tuple(findings))


def _usable(clips: Iterable[tuple[Clip, Loaded | Finding]], findings: list[Finding]) -> Iterator[tuple[Clip, Loaded]]:
    """Yield the clips that could be loaded, and put the others aside."""
    for clip, loaded in clips:
        if isinstance(loaded, Finding):
            findings.append(loaded)
        else:
            yield clip, loaded


def _tables(engine: Engine, wanted: Mapping[str, Made], clips: Iterable[tuple[Clip, Loaded]]) -> dict[str, pa.Table]:
    """Run all extractors over clips, one at a time, and return the file of each."""
    done: list[tuple[Clip, Result]] = [(clip, engine(*loaded)) for clip, loaded in clips]
    clip_ids = [clip.clip_id for clip, _ in done]
    tables = {}
    for name, one in wanted.items():
        undefined = (
            Undefined(clip.clip_id, trouble.columns, trouble.reason)
            for clip, result in done
            for trouble in result.troubles
            if trouble.name == name
        )
        footer = Footer(one.about(), tuple(clip.key for clip, _ in done), tuple(undefined))
        rows = [result.rows[name] for _, result in done]
        tables[name] = table_of(one.extractor.fields(), clip_ids, rows, footer)
    return tables


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
            yield from map(functools.partial(_unreadable, problem), wanted[done:])


def _unreadable(problem: InputProblem, clip: Clip) -> Finding:
    return catalogue.finding(
        "features.unreadable",
        f"The clip has no features, for its recording cannot be used any more: {problem.reason}.",
        clip_id=clip.clip_id,
        path=visible(clip.path),
        hint="bring the recording back and run `lds features` again, or run `lds ingest` again",
    )
