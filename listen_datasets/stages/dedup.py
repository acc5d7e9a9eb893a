"""Dedup: mark clips that are in the dataset already, as the same bytes or as the same samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue, components, recipe, tables
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.stage import Outcome, Stage, Workspace

Config = recipe.Dedup

Integers = npt.NDArray[np.int64]
Row = Mapping[str, Any]

LEVELS = ("bytes", "samples")

# Spans of one recording share its bytes without being copies of each other; the same samples may stand anywhere.
_SAME = {"bytes": ("sha256", "start", "num_samples"), "samples": ("pcm_md5", "sample_rate", "num_channels")}
_KEEPER = ("clip_id", "recording_id", "source", "path", "duration", "metadata_line")
_USED = tuple(dict.fromkeys((*_KEEPER, *_SAME["bytes"], *_SAME["samples"], "peak_dbfs")))
_NOT_SEARCHED = ("near duplicates (re-encoded, resampled, cut)",)


def run(workspace: Workspace, config: Config) -> Outcome:
    """Add ``duplicate_of`` and ``duplicate_level``; see :class:`listen_datasets.stage.Stage`.

    Of clips that are equal the one with metadata is kept, and among these the first by source and path. Clips that are
    excluded are not compared, and neither is digital silence, which is equal without being a copy.

    Raises:
        RecipeError: The manifest has no column for the label.
    """
    columns = _columns(workspace)
    workspace.require(columns)
    manifest = workspace.manifest
    groups = [_ordered(rows) for rows in _groups(manifest.select(columns), _levels(config))]
    duplicates = [(keeper, row) for keeper, *others in groups for row in others]
    marks = {row["clip_id"]: (keeper["clip_id"], _level(keeper, row)) for keeper, row in duplicates}
    clips = manifest.column("clip_id").to_pylist()
    by_level = Counter(level for _, level in marks.values())
    return Outcome(
        manifest=tables.with_columns(
            manifest,
            {
                "duplicate_of": [marks[clip][0] if clip in marks else None for clip in clips],
                "duplicate_level": [marks[clip][1] if clip in marks else None for clip in clips],
            },
        ),
        findings=(*_duplicates(duplicates), *_conflicts(groups, workspace.recipe.dataset.label)),
        report={
            "groups": len(groups),
            "duplicates": len(marks),
            "by_level": {level: by_level[level] for level in _levels(config)},
            "not_searched": list(_NOT_SEARCHED),
        },
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:  # noqa: ARG001 - the signature of every stage
    """Return the digest of the columns that are compared, the label among them."""
    return {"manifest": workspace.digest(_columns(workspace))}


STAGE = Stage(name="dedup", version="2", config=Config, run=run, inputs=inputs)


def _columns(workspace: Workspace) -> list[str]:
    label = workspace.recipe.dataset.label
    present = ["excluded_by"] if "excluded_by" in workspace.manifest.column_names else []
    return list(dict.fromkeys([*_USED, *present, *([label] if label else [])]))


def _levels(config: Config) -> Sequence[str]:
    return LEVELS[: LEVELS.index(config.level) + 1]


def _groups(manifest: pa.Table, levels: Sequence[str]) -> Iterator[list[Row]]:
    """Yield the rows of clips that are equal, two or more at a time."""
    compared = pc.is_valid(manifest.column("peak_dbfs"))
    if "excluded_by" in manifest.column_names:
        compared = pc.and_(compared, pc.is_null(manifest.column("excluded_by")))
    clips = manifest.filter(compared)
    group = components.connected([_numbers(clips, _SAME[level]) for level in levels], clips.num_rows)
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    copied = clips.take(order[sizes[group[order]] > 1]).to_pylist()
    first = 0
    for size in sizes[sizes > 1].tolist():
        yield copied[first : first + size]
        first += size


def _numbers(clips: pa.Table, columns: Sequence[str]) -> Integers:
    """Return a number for each clip: equal where all of the columns are, -1 where one of them is null."""
    combined = np.zeros(clips.num_rows, dtype=np.int64)
    known = np.ones(clips.num_rows, dtype=np.bool_)
    for name in columns:
        numbers = components.codes(clips.column(name))
        known &= numbers >= 0
        combined = np.unique(combined * (numbers.max(initial=0) + 1) + numbers, return_inverse=True)[1].astype(np.int64)
    return np.where(known, combined, -1)


def _ordered(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["metadata_line"] is None, *_order(row)))


def _order(row: Row) -> tuple[Any, ...]:
    return row["source"], row["path"], row["start"], row["num_samples"], row["clip_id"]


def _level(keeper: Row, row: Row) -> str:
    return "bytes" if all(keeper[name] == row[name] for name in _SAME["bytes"]) else "samples"


def _duplicates(pairs: Sequence[tuple[Row, Row]]) -> Iterator[Finding]:
    for keeper, row in sorted(pairs, key=lambda pair: _order(pair[1])):
        level = _level(keeper, row)
        yield catalogue.finding(
            f"dedup.same_{level}",
            f"{_place(row)} holds the same {level} as {_place(keeper)}, which is kept.",
            clip_id=row["clip_id"],
            path=row["path"],
            evidence={"duplicate_of": keeper["clip_id"], "kept": _place(keeper)},
        )


def _conflicts(groups: Sequence[Sequence[Row]], label: str | None) -> Iterator[Finding]:
    if label is None:
        return
    for rows in sorted(groups, key=lambda rows: _order(rows[0])):
        # An empty cell contradicts nobody.
        said = {repr(row[label]): row for row in reversed(rows) if row[label] is not None}
        if len(said) > 1:
            spelled = ", ".join(f"{shown(row[label], 80)} ({_place(row)})" for _, row in sorted(said.items()))
            yield catalogue.finding(
                "dedup.label_conflict",
                f"Equal clips differ in `{shown(label, 80)}`: {spelled}.",
                clip_id=rows[0]["clip_id"],
                path=rows[0]["path"],
                field=pointer(label),
                value=shown(rows[0][label]),
                hint="listen to it, and correct the metadata of the copies that are wrong",
                evidence={"labels": len(said), "copies": len(rows)},
            )


def _place(row: Row) -> str:
    place = f"{row['source']}:{shown(row['path'])}"
    if row["clip_id"] == row["recording_id"]:
        return place
    return f"{place} ({row['start']:.3f} s to {row['start'] + row['duration']:.3f} s)"
