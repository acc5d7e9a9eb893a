"""Shard: what is published, as Parquet files with the sound inside."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import checksums, digest, huggingface, recipe, shards, storage
from listen_datasets.errors import InternalError, MachineError, NothingError, UsageError
from listen_datasets.executors import Done, Lost
from listen_datasets.features.reading import digest_of, with_features
from listen_datasets.model import Finding
from listen_datasets.publication import LICENSE, Publication, licensed, publication, unlicensed
from listen_datasets.shards import Changed, Embedded, Job, Shard
from listen_datasets.stage import Outcome, Stage, Workspace, is_published
from listen_datasets.storage import Written
from listen_datasets.text import visible

Config = recipe.Shard

FOLDER = "dist"
CHECKSUMS = f"{FOLDER}/SHA256SUMS"

_GROUP_BYTES = huggingface.MAX_GROUP_BYTES - 1_000_000  # the rest is for headers of pages and for dictionaries
_LARGEST_CLIP = 2**31 - 2**20  # Arrow counts the bytes of a column in 31 bits


def run(workspace: Workspace, config: Config) -> Outcome:
    """Write ``dist/data`` and ``dist/SHA256SUMS``; see :class:`listen_datasets.stage.Stage`.

    Raises:
        NothingError: No clip is left to publish.
        RecipeError: A column that the recipe names does not exist or cannot be used.
        UsageError: A split is empty, or a recording is not what was ingested.
        MachineError: A recording cannot be read, a worker was lost, or the files cannot be written.
    """
    published, findings = _published(workspace, config)
    splits = _splits(workspace)
    _refuse_others(published, splits)
    plan = {split: _plan(published, split, config.max_shard_size) for split in splits}
    _refuse_empty(plan, len(findings))
    tasks = [shard for planned in plan.values() for shard in planned]
    job = Job(published.schema(), workspace.stores(), workspace.staging, workspace.disk)
    results = workspace.executor.map(functools.partial(shards.write, job), tasks)
    watched = workspace.progress(results, total=len(tasks), label=STAGE.name, unit="shard")
    done = {task.path: _kept(task, result) for task, result in zip(tasks, watched, strict=True)}
    files = {path: embedded.file for path, embedded in done.items()}
    _check_whole(files, plan)
    sums = checksums.text({path.removeprefix(f"{FOLDER}/"): file.sha256 for path, file in files.items()})
    return Outcome(
        findings=findings,
        files={**files, CHECKSUMS: storage.write_bytes(workspace.disk, workspace.staging / CHECKSUMS, sums)},
        report={
            "splits": {split: _summary(planned, done) for split, planned in plan.items()},
            "columns": job.schema.names,
            "class_labels": dict(published.class_labels),
            "sampling_rate": published.sampling_rate,
            "unlicensed": len(findings),
        },
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Return the digest of the manifest, and of what other sections of the recipe say about what is published."""
    about = {
        "labels": _labels(workspace, config),
        "license": workspace.recipe.dataset.license,
        "licenses": {source.name: source.license for source in workspace.recipe.source},
        "splits": _splits(workspace),
    }
    used = {"manifest": workspace.digest(workspace.manifest.column_names), "recipe": digest.of_json(about)}
    return {**used, **{f"features/{name}": digest_of(workspace.root, name) for name in config.features}}


# ----------------------------------------------------------------------------------------------------------------------
# What is published


def _published(workspace: Workspace, config: Config) -> tuple[Publication, tuple[Finding, ...]]:
    """Return what is published, and a finding for each clip that is not because its licence is not known."""
    labels = _labels(workspace, config)
    workspace.require(labels)
    kept = workspace.manifest.filter(is_published(workspace.manifest))
    if not kept.num_rows:
        raise NothingError(
            f"none of the {workspace.manifest.num_rows:,} clips is to be published",
            hint="`lds validate` says what excludes them",
        )
    if kept.column("split").null_count:
        raise UsageError("some clips have no split yet", hint="run `lds split` again")
    clips = licensed(with_features(workspace.root, kept, config.features), workspace.recipe)
    findings = () if config.allow_unlicensed else tuple(unlicensed(clips))
    if findings:
        clips = clips.filter(pc.is_valid(clips.column(LICENSE)))
    if not clips.num_rows:
        raise NothingError(
            f"the licence of none of the {kept.num_rows:,} clips is known",
            where="[dataset] license",
            hint='say it in lds.toml, such as `license = "CC-BY-4.0"`, or in a metadata column `license`',
        )
    return publication(clips.drop_columns("split"), clips.column("split"), labels), findings


def _labels(workspace: Workspace, config: Config) -> list[str]:
    label = workspace.recipe.dataset.label
    return list(dict.fromkeys(config.class_labels or ([label] if label else [])))


def _splits(workspace: Workspace) -> list[str]:
    """Return the splits that the last run of ``split`` was asked for, or else those of the recipe."""
    entry = workspace.history.get("split")
    ratios = entry.config.get("ratios") if entry else None
    made = entry.report.get("splits") if entry else None
    if made:
        usual = list(ratios or workspace.recipe.split.ratios)
        return [*(split for split in usual if split in made), *(split for split in made if split not in usual)]
    return [split for split, ratio in (ratios or workspace.recipe.split.ratios).items() if ratio > 0]


# ----------------------------------------------------------------------------------------------------------------------
# The plan: it depends on the rows alone, not on who carries it out


def _plan(published: Publication, split: str, max_bytes: int) -> list[Shard]:
    rows, clips = published.of(split)
    sizes = shards.largest(clips)
    _refuse_giants(clips, sizes)
    in_group = (sizes + _row_bytes(rows)).tolist()
    counts = shards.cut(sizes.tolist(), max_bytes)
    planned = []
    first = 0
    for index, count in enumerate(counts):
        last = first + count
        groups = shards.cut(in_group[first:last], _GROUP_BYTES, huggingface.MAX_GROUP_ROWS)
        path = f"{FOLDER}/data/{huggingface.shard_name(split, index, len(counts))}"
        # Copied, or else each task would carry the rows of all others to its worker.
        chosen = np.arange(first, last)
        planned.append(Shard(path, rows.take(chosen), clips.take(chosen), tuple(groups)))
        first = last
    return planned


def _row_bytes(rows: pa.Table) -> npt.NDArray[np.int64]:
    """Return how many bytes each row takes beside its recording: exactly for text, on average for lists and structs."""
    total = np.zeros(rows.num_rows, dtype=np.int64)
    for column in rows.columns:
        if pa.types.is_string(column.type):
            total += pc.fill_null(pc.binary_length(column), 0).to_numpy() + 4
        else:
            total += math.ceil(column.nbytes / max(1, rows.num_rows))
    return total


def _refuse_giants(clips: pa.Table, sizes: npt.NDArray[np.int64]) -> None:
    if sizes.max(initial=0) > _LARGEST_CLIP:
        at = int(sizes.argmax())
        raise UsageError(
            f"a clip of {int(sizes[at]):,} bytes is too large for Parquet",
            where=visible(clips.column("path")[at].as_py()),
            hint="cut the recording into parts before `lds ingest`, or into shorter spans in its metadata",
        )


def _refuse_others(published: Publication, splits: Sequence[str]) -> None:
    others = sorted(set(pc.unique(published.splits).to_pylist()) - set(splits))
    if others:
        raise UsageError(f"lds.toml has no split {others[0]!r}, but clips are in it", hint="run `lds split` again")


def _refuse_empty(plan: Mapping[str, Sequence[Shard]], left_out: int) -> None:
    empty = [split for split, planned in plan.items() if not planned]
    if empty:
        why = f" ({left_out:,} clips were left out because their licence is not known)" if left_out else ""
        raise UsageError(
            f"the split {' and the split '.join(empty)} would have no clip{why}",
            where="[split] ratios",
            hint="run `lds split` again, with other ratios or groups" + (", or say the licences" if left_out else ""),
        )


# ----------------------------------------------------------------------------------------------------------------------
# What comes back


def _kept(task: Shard, result: Done[Embedded | Changed] | Lost) -> Embedded:
    if isinstance(result, Lost):
        raise MachineError(f"a shard was not written: {result.reason}", where=task.path, hint="run `lds shard` again")
    match result.value:
        case Embedded() as embedded:
            return embedded
        case Changed(code="input.unreadable") as changed:
            raise MachineError(
                changed.reason, where=changed.place(), hint="make it readable, then run `lds shard` again"
            )
        case changed:
            raise UsageError(
                f"a recording has changed since ingest: {changed.reason}",
                where=changed.place(),
                hint="run `lds ingest` again, or bring the recording back as it was",
            )


def _check_whole(files: Mapping[str, Written], plan: Mapping[str, Sequence[Shard]]) -> None:
    found = huggingface.name_problems((PurePosixPath(path).name for path in files), plan)
    if found:
        raise InternalError("; ".join(found), where=f"{FOLDER}/data")


def _summary(planned: Sequence[Shard], done: Mapping[str, Embedded]) -> dict[str, Any]:
    durations = (second for shard in planned for second in shard.rows.column("duration").to_pylist())
    return {
        "clips": sum(shard.rows.num_rows for shard in planned),
        "shards": len(planned),
        "bytes": sum(done[shard.path].file.bytes for shard in planned),
        "audio_bytes": sum(done[shard.path].audio_bytes for shard in planned),
        "seconds": round(math.fsum(durations), 6),
    }


STAGE = Stage(
    name="shard",
    version="2",
    config=Config,
    run=run,
    inputs=inputs,
    needs=("ingest", "split"),
    owns=(f"{FOLDER}/",),
)
