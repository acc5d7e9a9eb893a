"""Stage ``features``: columns of numbers beside the manifest, from one decoding of every clip.

The clips are cut into parts whose size depends on the clips alone, and a part is one file an extractor. A task decodes the
recordings of a part; if one recording has more clips than a part holds, the parts of that recording are one task, so
that it is decoded once. Samples and features never pass between processes.

A run computes what is missing: parts of an earlier run stay as they are, clips that are gone leave them, new clips come in
new parts, and an extractor with other parameters begins anew. A part that is complete is in the journal of the run, so
that an interrupted run goes on behind it.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from listen_datasets import __version__, catalogue, digest
from listen_datasets.analysis.engine import Made, make
from listen_datasets.errors import MachineError
from listen_datasets.executors import Done, Lost
from listen_datasets.features.files import FOLDER, Undefined, clip_ids_of, count_of, footer_of, kept, part_name, write
from listen_datasets.features.plan import USED, Clip, Old, Task, clips_of, still_wanted, tasks_of
from listen_datasets.features.sections import Features as Config
from listen_datasets.features.working import Extracted, Job, extract
from listen_datasets.journal import Journal
from listen_datasets.model import Finding
from listen_datasets.stage import Outcome, Stage, Workspace
from listen_datasets.storage import Written
from listen_datasets.text import visible

__all__ = ["STAGE", "Config"]

VERSION = "3"


@dataclass
class _State:
    """What is there of the features of a run, by the path in the dataset.

    Attributes:
        kept: Files of an earlier run that stay.
        files: New ones.
        first: Number of the first new part of each feature.
        missing: The clips that each feature lacks.
    """

    kept: dict[str, Written] = field(default_factory=dict)
    files: dict[str, Written] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    missing: dict[str, list[Clip]] = field(default_factory=dict)


class _Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A task in the journal: its key, its files with length and digest, and what it found."""

    task: str
    files: dict[str, tuple[int, str]]
    findings: list[Finding]


def run(workspace: Workspace, config: Config) -> Outcome:
    """Write ``features/<name>/part-<number>.parquet`` for what is missing.

    Raises:
        UsageError: There is no such extractor, or its parameters cannot be used.
        MachineError: A worker was lost, or nothing can be written.
    """
    made = {name: one for name, one in make(config, workspace.root).items() if one.is_wanted}
    state = _found(workspace, made)
    tasks = tasks_of(state.missing, state.first)
    findings: list[Finding] = []
    for extracted in _done(workspace, config, made, tasks):
        state.files.update(extracted.files)
        findings += extracted.findings
    # Nothing that is compared later tells whether a recording can be read again: so this run never counts as up to date.
    incomplete = {"unreadable": digest.of_json(len(findings))} if findings else {}
    there = {**state.kept, **state.files}
    return Outcome(
        files=state.files,
        kept=state.kept,
        findings=[*_once(findings), *_undefined(made, there)],
        used={**inputs(workspace, config), **incomplete},
        report={
            "extractors": {name: _summary(name, one, there) for name, one in made.items()},
            "parts": sum(len(task.parts) for task in tasks),
        },
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Return the digest of the clips, and of each extractor with its version and parameters."""
    about = {name: one.about() for name, one in make(config, workspace.root).items()}
    return {"manifest": workspace.digest(USED), "extractors": digest.of_json(about)}


# ----------------------------------------------------------------------------------------------------------------------
# What is there


def _found(workspace: Workspace, made: Mapping[str, Made]) -> _State:
    """Look what of the earlier run can stay; parts that hold clips which are gone are written again without them."""
    clips = clips_of(workspace.manifest)
    wanted = {clip.clip_id: clip.key for clip in clips}
    state = _State()
    for name, one in made.items():
        there: set[str] = set()
        numbers = [-1]
        for old in [] if workspace.force else _old(workspace, name, one):
            rows = still_wanted(old, wanted)
            if rows:
                path = part_name(name, old.number)
                if len(rows) == len(old.clip_ids):
                    state.kept[path] = Written(workspace.root / path, old.bytes, old.sha256)
                else:
                    fields = one.extractor.fields()
                    table = kept(fields, workspace.root / path, old.footer, rows)
                    state.files[path] = write(workspace.disk, workspace.staging / path, table)
                numbers.append(old.number)
                there.update(old.clip_ids[row] for row in rows)
        state.first[name] = max(numbers) + 1
        state.missing[name] = [clip for clip in clips if clip.clip_id not in there]
    state.missing = {name: missing for name, missing in state.missing.items() if missing}
    return state


def _old(workspace: Workspace, name: str, made: Made) -> Iterator[Old]:
    """Yield the parts of the earlier run that the same extractor made and that are still what was written."""
    last = workspace.history.get(STAGE.name)
    for path, record in sorted(last.generated.items()) if last and last.version == VERSION else ():
        if not path.startswith(f"{FOLDER}/{name}/"):
            continue
        file = workspace.root / path
        footer = footer_of(file)
        if footer is None or footer.about != made.about() or digest.of_file(file) != record.sha256:
            continue
        number = int(Path(path).stem.removeprefix("part-"))
        yield Old(number, footer, clip_ids_of(file), record.bytes, record.sha256)


# ----------------------------------------------------------------------------------------------------------------------
# What is done


def _done(workspace: Workspace, config: Config, made: Mapping[str, Made], tasks: Sequence[Task]) -> Iterator[Extracted]:
    """Yield what came of each task, of those too that an interrupted run has done already."""
    journal = Journal(workspace.disk, workspace.staging, STAGE.name, digest.of_json([__version__, VERSION]))
    noted = {} if workspace.force else _noted(workspace, journal)
    keys = [_key(made, task) for task in tasks]
    left = [(key, task) for key, task in zip(keys, tasks, strict=True) if key not in noted]
    job = Job(config, workspace.root, workspace.stores(), workspace.staging, workspace.disk)
    results = workspace.executor.map(functools.partial(extract, job), [task for _, task in left])
    shown = workspace.progress(results, total=len(left), label=STAGE.name, unit="part")
    yield from (noted[key] for key in keys if key in noted)
    for (key, task), result in zip(left, shown, strict=True):
        extracted = _kept(task, result)
        files = {path: (file.bytes, file.sha256) for path, file in extracted.files.items()}
        journal.append(msgspec.json.encode(_Noted(task=key, files=files, findings=list(extracted.findings))))
        yield extracted


def _key(made: Mapping[str, Made], task: Task) -> str:
    """Return the digest of all that comes of a task depends on."""
    clips = [[part.number, [[clip.clip_id, clip.sha256, clip.key] for clip in part.clips]] for part in task.parts]
    features = {name: [first, made[name].about()] for name, first in task.first.items()}
    return digest.of_json([clips, features])


def _noted(workspace: Workspace, journal: Journal) -> dict[str, Extracted]:
    """Return the tasks that an interrupted run has done and whose files are still what it wrote, by their key."""
    found = {}
    for piece in journal.pieces():
        noted = msgspec.json.decode(piece, type=_Noted)
        files = {path: Written(workspace.staging / path, size, sha256) for path, (size, sha256) in noted.files.items()}
        # A clip that could not be read then may be back.
        if not noted.findings and all(_is_intact(file) for file in files.values()):
            found[noted.task] = Extracted(files, ())
    return found


def _is_intact(file: Written) -> bool:
    return file.path.is_file() and digest.of_file(file.path) == file.sha256


def _kept(task: Task, result: Done[Extracted] | Lost) -> Extracted:
    """Return what came of a task.

    Raises:
        MachineError: Its worker was lost.
    """
    if isinstance(result, Done):
        return result.value
    clips = task.clips
    longest = max(clips, key=lambda clip: clip.duration)
    several = len(task.parts) > 1
    numbers = f"part {task.parts[0].number}" + (f" to {task.parts[-1].number}" if several else "")
    raise MachineError(
        f"{numbers.replace('part', 'parts', several)} of the features {'were' if several else 'was'} lost: {result.reason}",
        where=f"{len(clips)} clips from {visible(clips[0].path)} to {visible(clips[-1].path)}",
        hint=f"run the same command again; the longest clip is in {visible(longest.path)}",
    )


# ----------------------------------------------------------------------------------------------------------------------
# What is said


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings without those said before: features that lacked other clips were computed apart."""
    return list({(one.code, one.clip_id): one for one in findings}.values())


def _undefined(made: Mapping[str, Made], files: Mapping[str, Written]) -> Iterator[Finding]:
    """Yield what has no value: a finding a clip that an extractor failed on, and one a column that others lack."""
    for name in made:
        counted: Counter[str] = Counter()
        example: dict[str, str] = {}
        for one in _lacking(name, files):
            if one.reason:
                yield catalogue.finding(
                    "features.failed",
                    f"{name} has no values for the clip: {visible(one.reason, 200)}.",
                    clip_id=one.clip_id,
                    field=f"/{name}",
                    hint="look at the recording; if it is sound, the extractor has a bug",
                )
                continue
            counted.update(one.columns)
            example = {**dict.fromkeys(one.columns, one.clip_id), **example}
        for column, number in counted.items():
            yield catalogue.finding(
                "features.undefined",
                f"{name} has no {column} for {number:,} clips, such as {example[column]}.",
                field=f"/{name}/{column}",
                hint="they are null: the clips are too short or silent; the description of the column says when",
                evidence={"clips": number},
            )


def _lacking(name: str, files: Mapping[str, Written]) -> Iterator[Undefined]:
    for path, file in sorted(files.items()):
        footer = footer_of(file.path) if path.startswith(f"{FOLDER}/{name}/") else None
        if footer is not None:
            yield from footer.undefined


def _summary(name: str, made: Made, files: Mapping[str, Written]) -> dict[str, Any]:
    own = [file for path, file in files.items() if path.startswith(f"{FOLDER}/{name}/")]
    fields: list[pa.Field] = made.extractor.fields()
    return {
        "clips": sum(count_of(file.path) for file in own),
        "columns": [one.name for one in fields],
        "bytes": sum(file.bytes for file in own),
    }


STAGE = Stage(name="features", version=VERSION, config=Config, run=run, inputs=inputs, owns=(f"{FOLDER}/",))
