"""Put the manifest together: facts about clips, ids, and the rows of the metadata that the clips are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import msgspec
import pyarrow as pa

from listen_datasets import tables
from listen_datasets.errors import UsageError
from listen_datasets.intake import Recording, Said
from listen_datasets.intake.gathering import Intake
from listen_datasets.intake.placing import Placing, place, rejected_row
from listen_datasets.metadata.aligned import Aligned, Joined, align
from listen_datasets.model import Finding, Rejected
from listen_datasets.text import visible

NO_RECORDING = frozenset({"metadata.file_missing", "metadata.unsafe_path", "metadata.ambiguous"})
"""What is wrong with a row that names no recording; such a row is an input of its own."""


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """The manifest and what was noticed while it was put together.

    Attributes:
        manifest: One row a clip.
        findings: What is wrong with rows of the metadata.
        rejected: Rows that are about no clip.
    """

    manifest: pa.Table
    findings: Sequence[Said]
    rejected: Sequence[Rejected]


def assemble(
    intake: Intake,
    facts: pa.Table,
    clipless: Mapping[Recording, Mapping[str, Any]],
    earlier: Mapping[Recording, tuple[str, str]],
) -> Assembled:
    """Put the manifest together.

    Args:
        intake: What was read.
        facts: One row a clip that was measured, in the order of the manifest.
        clipless: Facts about the recordings that were decoded and of which none of the wanted clips is there.
        earlier: sha256 and id of the recordings that were there before.

    Raises:
        UsageError: Two columns would have one name.
        MetadataError: A column has types in two tables that no common type holds.
    """
    placing = place(intake, facts, clipless, earlier)
    aligned = align(intake.joined, placing.places)
    if placing.rows != list(range(facts.num_rows)):
        facts = facts.take(pa.array(placing.rows, pa.int64()))
    manifest = _with_ids(facts, placing, aligned)
    return Assembled(
        manifest=_with_columns(manifest, aligned.columns),
        findings=[*placing.findings, *_times(intake.joined)],
        rejected=[*placing.rejected, *_orphans(intake.joined)],
    )


def _times(joined: Sequence[Joined]) -> Iterator[Said]:
    """Yield what is wrong with the times of rows, but of those that name no recording."""
    for item in joined:
        for row, finding in item.refused.items():
            if item.matched.unused.get(row) not in NO_RECORDING:
                yield item.source, finding


def _orphans(joined: Sequence[Joined]) -> Iterator[Rejected]:
    """Yield the rows of the metadata that are about no clip, as the inputs that they are."""
    for item in joined:
        rows = sorted(row for row, code in item.matched.unused.items() if code in NO_RECORDING)
        findings = (finding for finding in item.matched.findings if finding.code in NO_RECORDING)
        for row, finding in zip(rows, findings, strict=True):
            yield rejected_row(item, row, finding.code, finding.message, finding.value)
        for row, finding in item.refused.items():
            if item.matched.unused.get(row) not in NO_RECORDING:
                yield rejected_row(item, row, finding.code, finding.message)
        for refused in item.table.refused:
            place = visible(f"{item.table.name}:{refused.line}")
            yield Rejected(source=item.source, path=place, code=refused.code, reason=refused.reason)


def _with_ids(facts: pa.Table, placing: Placing, aligned: Aligned) -> pa.Table:
    columns: dict[str, Sequence[Any]] = {
        "clip_id": placing.clip_ids,
        "recording_id": placing.recording_ids,
        "metadata_file": aligned.files,
        "metadata_line": aligned.lines,
    }
    fields = [tables.arrow_field(column) for column in tables.added_by("ingest")]
    arrays = [
        pa.array(columns[one.name], one.type) if one.name in columns else facts.column(one.name) for one in fields
    ]
    return pa.table(arrays, schema=pa.schema(fields)).combine_chunks()


def _with_columns(manifest: pa.Table, columns: pa.Table) -> pa.Table:
    """Append the user's columns under the names that they have in a manifest."""
    taken = set(manifest.column_names)
    fields = list(manifest.schema)
    for column in columns.column_names:
        arrival = tables.manifest_name(column)
        if arrival in taken:
            raise UsageError(
                f"two columns of the metadata would be called {arrival!r}; {column!r} is one of them",
                hint="rename one of them",
            )
        taken.add(arrival)
        fields.append(pa.field(arrival, columns.schema.field(column).type))
    return pa.table([*manifest.columns, *columns.columns], schema=pa.schema(fields))


def with_folders(manifest: pa.Table, column: str) -> pa.Table:
    """Append a column with the name of the folder that each recording lies in; null at the root of its source.

    Raises:
        UsageError: The metadata has a column of that name.
    """
    if column in manifest.column_names:
        raise UsageError(
            f"the metadata has a column {column!r} already",
            hint="use it in place of the folders, without --label-from-folder",
        )
    folders = [PurePosixPath(path).parent.name or None for path in manifest["path"].to_pylist()]
    return manifest.append_column(column, pa.array(folders, pa.string()))


def placed(findings: Iterable[Said], manifest: pa.Table) -> list[Finding]:
    """Name the clip of each finding, and sort: the order in which workers answered must not show.

    What is about a recording of several clips is about the first of them.
    """
    names = ("source", "path", "metadata_file", "metadata_line", "clip_id")
    places: dict[tuple[str, str | None, int | None], str] = {}
    for source, path, file, line, clip in zip(*(manifest[column].to_pylist() for column in names), strict=True):
        places.setdefault((source, path, None), clip)
        if line is not None:
            places[source, file, line] = clip
    ordered = sorted(findings, key=lambda said: (*_order(said[1]), said[0]))
    return [
        msgspec.structs.replace(item, clip_id=item.clip_id or places.get((source, item.path, item.line)))
        for source, item in ordered
    ]


def _order(item: Finding) -> tuple[str, str, int, str, str]:
    return (item.code, item.path or "", item.line or 0, item.field or "", item.message)
