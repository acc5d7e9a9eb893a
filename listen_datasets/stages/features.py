"""Stage ``features``: columns of numbers beside the manifest, from one decoding of every clip.

The clips are cut into parts whose size depends on the clips alone. A task decodes the clips of one part and writes one
file an extractor; samples and features never pass between processes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets import config as recipes
from listen_datasets import digest, registry
from listen_datasets.arrays import column_of, float_leaves, is_matrix
from listen_datasets.errors import MachineError
from listen_datasets.executors import Done, Lost
from listen_datasets.model import Finding
from listen_datasets.recipe import Features as Config
from listen_datasets.recipe import Section
from listen_datasets.stage import Outcome, Stage, Workspace
from listen_datasets.storage import Disk, Written, write_parquet
from listen_datasets.text import visible

__all__ = ["STAGE", "Config"]

PART_CLIPS = 512
PART_SECONDS = 20 * 60.0
"""A part holds no more clips and no more audio than this, but for a longer clip, which is a part of its own."""

_USED = ("clip_id", "source", "path", "sha256", "start", "duration")
_CLIP_ID = pa.field("clip_id", pa.string(), nullable=False, metadata={"description": "Name of the clip."})


class Clip(NamedTuple):
    """The columns of the manifest that a task needs; `start` and `duration` in seconds."""

    clip_id: str
    source: str
    path: str
    sha256: str
    start: float
    duration: float


@dataclass(frozen=True)
class Part:
    """A task: clips that follow each other in the manifest, and their number in the names of files."""

    number: int
    clips: tuple[Clip, ...]


@dataclass(frozen=True)
class Job:
    """What all tasks of a run have in common.

    Attributes:
        config: Which extractors, and their parameters.
        roots: Folder of each source, by its name.
        folder: Where the run writes, laid out like the dataset.
        disk: What writes.
    """

    config: Config
    roots: Mapping[str, Path]
    folder: Path
    disk: Disk


@dataclass(frozen=True)
class Extracted:
    """What came of a part.

    Attributes:
        files: By their path in the dataset.
        clips: How many rows each file has.
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
    parts = plan(workspace.manifest)
    job = Job(config, workspace.source_roots(), workspace.staging, workspace.disk)
    results = workspace.executor.map(functools.partial(extract, job), parts)
    shown = workspace.progress(results, total=len(parts), label=STAGE.name, unit="part")
    done = [_kept(part, result) for part, result in zip(parts, shown, strict=True)]
    files = {path: file for extracted in done for path, file in extracted.files.items()}
    clips = sum(extracted.clips for extracted in done)
    findings = [finding for extracted in done for finding in extracted.findings]
    # Nothing that is compared later tells whether a recording can be read again: so this run never counts as up to date.
    incomplete = {"unreadable": digest.of_json(len(findings))} if findings else {}
    return Outcome(
        files=files,
        findings=findings,
        used={**inputs(workspace, config), **incomplete},
        report={"extractors": _summary(made, files, clips), "parts": len(parts)},
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Return the digest of the clips, and the version of each extractor."""
    versions = {name: extractor.version for name, (extractor, _) in _make(config).items()}
    return {"manifest": workspace.digest(_USED), "extractors": digest.of_json(versions)}


def plan(manifest: pa.Table) -> list[Part]:
    """Cut the clips into parts, in the order of the manifest."""
    columns = (manifest.column(name).to_pylist() for name in _USED)
    parts: list[Part] = []
    clips: list[Clip] = []
    seconds = 0.0
    for clip in map(Clip._make, zip(*columns, strict=True)):
        if clips and (len(clips) == PART_CLIPS or seconds + clip.duration > PART_SECONDS):
            parts.append(Part(len(parts), tuple(clips)))
            clips, seconds = [], 0.0
        clips.append(clip)
        seconds += clip.duration
    if clips:
        parts.append(Part(len(parts), tuple(clips)))
    return parts


def extract(job: Job, part: Part) -> Extracted:
    """Run all extractors over the clips of a part, each decoded once, and write one file an extractor."""
    made = _make(job.config)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in made}
    clip_ids: list[str] = []
    findings: list[Finding] = []
    for clip in part.clips:
        loaded = _load(job.roots[clip.source], clip)
        if isinstance(loaded, Finding):
            findings.append(loaded)
            continue
        clip_ids.append(clip.clip_id)
        for name, (extractor, _) in made.items():
            rows[name].append(extractor(*loaded))
    files: dict[str, Written] = {}
    for name, one in made.items():
        path = f"features/{name}/part-{part.number:05}.parquet"
        files[path] = _write(job.disk, job.folder / path, _table(one, clip_ids, rows[name]))
    return Extracted(files, len(clip_ids), tuple(findings))


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


def _load(root: Path, clip: Clip) -> tuple[npt.NDArray[np.float32], int] | Finding:
    """Return the samples of a clip, read only, and their rate."""
    from listen_datasets import audio  # noqa: PLC0415 - start-up time: only workers decode

    try:
        samples, sample_rate = audio.load(root, clip.path, expected_sha256=clip.sha256)
    except MachineError as error:
        if isinstance(error.__cause__, OSError):  # this machine cannot open files any more
            raise
        return Finding(
            code="features.unreadable",
            severity="error",
            message=f"the clip has no features: {error.message}",
            clip_id=clip.clip_id,
            path=visible(clip.path),
            hint="bring the recording back and use --force, or run `lds ingest` again",
        )
    first = round(clip.start * sample_rate)
    return samples[first : first + round(clip.duration * sample_rate)], sample_rate


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


def _kept(part: Part, result: Done[Extracted] | Lost) -> Extracted:
    """Return what came of a part.

    Raises:
        MachineError: Its worker was lost.
    """
    if isinstance(result, Done):
        return result.value
    longest = max(part.clips, key=lambda clip: clip.duration)
    raise MachineError(
        f"part {part.number} of the features was lost: {result.reason}",
        where=f"{len(part.clips)} clips from {visible(part.clips[0].path)} to {visible(part.clips[-1].path)}",
        hint=f"run the same command again; the longest recording of the part is {visible(longest.path)}",
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


STAGE = Stage(name="features", version="1", config=Config, run=run, inputs=inputs, owns=("features/",))
