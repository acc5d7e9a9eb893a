"""Dedup: mark clips that are in the dataset already: as the same bytes, the same samples, or the same sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue, copies, digest, keepers, recipe, storage, tables
from listen_datasets.copies import LEVELS, Bond, Group
from listen_datasets.errors import CorruptError, UsageError
from listen_datasets.fingerprints import keeping
from listen_datasets.keepers import Row
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.stage import Outcome, Stage, Workspace

Config = recipe.Dedup

TABLE = "duplicates.parquet"

_SCHEMA = pa.schema(
    [
        pa.field("group", pa.string(), nullable=False),
        pa.field("clip", pa.string(), nullable=False),
        pa.field("keeper", pa.string()),
        pa.field("level", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("offset", pa.float64()),
        pa.field("evidence", pa.string(), nullable=False),
    ]
)
_FINDINGS = {
    "exact": ("dedup.same_bytes", "holds the same bytes as"),
    "pcm": ("dedup.same_samples", "holds the same samples as"),
    "near": ("dedup.near", "sounds the same as"),
}
_PART = 0.5  # of the length of another clip: what is shorter may well have a label of its own


def run(workspace: Workspace, config: Config) -> Outcome:
    """Add ``duplicate_of``, ``duplicate_level`` and ``duplicate_group``, and write ``duplicates.parquet``.

    Clips that are excluded are not compared, and neither is digital silence, which is equal without being a copy.

    Raises:
        RecipeError: The manifest has no column for the label.
        UsageError: There are no fingerprints, as an earlier version has ingested the recordings.
        CorruptError: A file of fingerprints is not what was written.
    """
    columns = _columns(workspace)
    workspace.require(columns)
    clips = _compared(workspace.manifest.select(columns).append_column("filled", _filled(workspace.manifest)))
    same = copies.equal(clips, config.level)
    near = copies.Near()
    if config.level == "near" and clips.num_rows:
        near = copies.near(clips, same, _files(workspace), config.min_score, workspace.progress)
    groups = sorted(copies.groups(clips, same, near, config.keep), key=lambda group: keepers.place(group.rows[0]))
    file = storage.write_parquet(workspace.disk, workspace.staging / TABLE, _table(groups), replace=True)
    return Outcome(
        manifest=tables.with_columns(workspace.manifest, _marks(workspace.manifest, groups, config)),
        findings=(*_duplicates(groups, config), *_conflicts(groups, workspace.recipe.dataset.label)),
        files={TABLE: file},
        report=_report(groups, near, config),
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Return the digests of the columns that are compared, the label among them, and of the fingerprints."""
    filled = pa.table({"filled": _filled(workspace.manifest)})
    used = {"manifest": workspace.digest(_columns(workspace)), "filled": digest.of_table(filled, ["filled"])}
    if config.level == "near":
        used["fingerprints"] = digest.of_json(_parts(workspace))
    return used


STAGE = Stage(name="dedup", version="3", config=Config, run=run, inputs=inputs, owns=(TABLE,))


def _columns(workspace: Workspace) -> list[str]:
    label = workspace.recipe.dataset.label
    present = ["excluded_by"] if "excluded_by" in workspace.manifest.column_names else []
    return list(dict.fromkeys([*copies.COLUMNS, *present, *([label] if label else [])]))


def _filled(manifest: pa.Table) -> pa.Array:
    """Return how many of the user's columns say something of each clip (n clips)."""
    total = np.zeros(manifest.num_rows, np.int64)
    for name in tables.user_columns(manifest):
        total += pc.is_valid(manifest.column(name)).to_numpy()
    return pa.array(total)


def _compared(manifest: pa.Table) -> pa.Table:
    """Return the clips that are compared, by content and then by place."""
    compared = pc.is_valid(manifest.column("peak_dbfs"))
    if "excluded_by" in manifest.column_names:
        compared = pc.and_(compared, pc.is_null(manifest.column("excluded_by")))
    names = ("sha256", "start", "num_samples", "source", "path", "clip_id")
    return manifest.filter(compared).sort_by([(name, "ascending") for name in names])


def _parts(workspace: Workspace) -> list[tuple[str, str]]:
    """Return the files of fingerprints with the digest that each must have."""
    entry = workspace.history.get("ingest")
    generated = {} if entry is None else entry.generated
    return [(name, file.sha256) for name, file in sorted(generated.items()) if name.startswith(f"{keeping.FOLDER}/")]


def _files(workspace: Workspace) -> list[Path]:
    """Return the files of fingerprints.

    Raises:
        UsageError: There are none.
        CorruptError: One of them is not what was written.
    """
    parts, found = _parts(workspace), []
    if not parts:
        raise UsageError(
            "near duplicates are found by fingerprints, and the version that ingested these recordings measured none",
            where=keeping.FOLDER,
            hint=f"lds ingest {workspace.root.name} measures them; --level pcm does without",
        )
    for name, sha256 in parts:
        path = workspace.root / name
        if not path.is_file() or digest.of_file(path) != sha256:
            hint = f"lds ingest {workspace.root.name} makes it anew"
            raise CorruptError(f"{name} is not what lds wrote", where=name, hint=hint)
        found.append(path)
    return found


# ----------------------------------------------------------------------------------------------------------------------
# What comes of it


def _members(group: Group) -> Iterator[tuple[Row, Row, Bond]]:
    """Yield each clip but the first with its keeper, which is itself if it is kept all the same."""
    for row, keeper, bond in zip(group.rows, group.keepers, group.bonds, strict=True):
        if bond is not None:
            yield row, group.rows[keeper], bond


def _gone(groups: Sequence[Group]) -> Iterator[tuple[Row, Row, Bond]]:
    """Yield the clips that another one stands for."""
    for group in groups:
        yield from (member for member in _members(group) if member[0] is not member[1])


def _marks(manifest: pa.Table, groups: Sequence[Group], config: Config) -> dict[str, list[str | None]]:
    group_of = {row["clip_id"]: group.rows[0]["clip_id"] for group in groups for row in group.rows}
    gone = {} if config.keep_all else {row["clip_id"]: (keeper, bond) for row, keeper, bond in _gone(groups)}
    clips = manifest.column("clip_id").to_pylist()
    return {
        "duplicate_of": [gone[clip][0]["clip_id"] if clip in gone else None for clip in clips],
        "duplicate_level": [gone[clip][1].level if clip in gone else None for clip in clips],
        "duplicate_group": [group_of.get(clip) for clip in clips],
    }


def _table(groups: Sequence[Group]) -> pa.Table:
    rows = [
        {
            "group": group.rows[0]["clip_id"],
            "clip": row["clip_id"],
            "keeper": None if row is keeper else keeper["clip_id"],
            "level": bond.level,
            "score": bond.score,
            "offset": bond.offset,
            "evidence": digest.canonical_json(dict(bond.evidence)).decode(),
        }
        for group in groups
        for row, keeper, bond in _members(group)
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _report(groups: Sequence[Group], near: copies.Near, config: Config) -> dict[str, Any]:
    by_level = Counter(bond.level for _, _, bond in _gone(groups))
    levels = LEVELS[: LEVELS.index(config.level) + 1]
    not_searched = [] if config.level == "near" else ["near duplicates (re-encoded, resampled, cut)"]
    if near.short:
        not_searched.append(f"near duplicates of {near.short} clips under 0.128 s")
    return {
        "groups": len(groups),
        "duplicates": 0 if config.keep_all else by_level.total(),
        "grouped": sum(len(group.rows) for group in groups),
        "by_level": {level: by_level[level] for level in levels},
        "not_searched": not_searched,
    }


def _duplicates(groups: Sequence[Group], config: Config) -> Iterator[Finding]:
    fate = "both are kept" if config.keep_all else "which is kept"
    for row, keeper, bond in sorted(_gone(groups), key=lambda member: keepers.place(member[0])):
        code, says = _FINDINGS[bond.level]
        at = f" at {bond.offset:.3f} s" if bond.level == "near" and bond.offset is not None else ""
        score = f" (score {bond.score:.2f}{at})" if bond.level == "near" else ""
        yield catalogue.finding(
            code,
            f"{_place(row)} {says} {_place(keeper)}{score}, {fate}.",
            clip_id=row["clip_id"],
            path=row["path"],
            evidence={"duplicate_of": keeper["clip_id"], "kept": _place(keeper), **_numbers(bond)},
        )


def _numbers(bond: Bond) -> Mapping[str, Any]:
    return {} if bond.level != "near" else {"score": bond.score, "offset": bond.offset, **bond.evidence}


def _conflicts(groups: Sequence[Group], label: str | None) -> Iterator[Finding]:
    if label is None:
        return
    for group in groups:
        rows = [row for row in group.rows if row["duration"] >= _PART * group.rows[0]["duration"]]
        # An empty cell contradicts nobody.
        said = {repr(row[label]): row for row in reversed(rows) if row[label] is not None}
        if len(said) > 1:
            spelled = ", ".join(f"{shown(row[label], 80)} ({_place(row)})" for _, row in sorted(said.items()))
            yield catalogue.finding(
                "label.conflict",
                f"Copies differ in `{shown(label, 80)}`: {spelled}.",
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
