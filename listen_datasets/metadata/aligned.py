"""The user's columns in the order of the recordings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from listen_datasets.errors import MetadataError
from listen_datasets.metadata.join import Matched
from listen_datasets.metadata.shown import shown
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.model import Finding

Recording = tuple[str, str]
"""Name of the source, and path below its root."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A table, the source it is about, and what it matched there."""

    source: str
    table: MetadataTable
    matched: Matched


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """The metadata of some recordings, one row a recording.

    Attributes:
        files: Name of the table that each row comes from; None without a row.
        lines: Line there.
        columns: The user's columns under the user's names.
        findings: Recordings that two tables name, each with the source that it is about.
    """

    files: Sequence[str | None]
    lines: Sequence[int | None]
    columns: pa.Table
    findings: tuple[tuple[str, Finding], ...]


def align(joined: Sequence[Joined], recordings: Sequence[Recording]) -> Aligned:
    """Put the rows of all tables into the order of the recordings; the first table that names one wins.

    Raises:
        MetadataError: A column has types in two tables that no common type holds.
    """
    places: dict[Recording, tuple[int, int]] = {}
    findings: list[tuple[str, Finding]] = []
    for number, item in enumerate(joined):
        for path, row in item.matched.rows.items():
            first = places.setdefault((item.source, path), (number, row))
            if first != (number, row):
                findings.append((item.source, _doubled(joined[first[0]], first[1], item, row, path)))
    offsets = _offsets(joined)
    found = [places.get(recording) for recording in recordings]
    rows = pa.array([None if place is None else offsets[place[0]] + place[1] for place in found], pa.int64())
    return Aligned(
        files=[None if place is None else joined[place[0]].table.name for place in found],
        lines=[None if place is None else int(joined[place[0]].table.lines[place[1]]) for place in found],
        columns=_stacked(joined).take(rows) if joined else pa.table({}),
        findings=tuple(findings),
    )


def text_where_they_differ(tables: Sequence[MetadataTable], typed: Sequence[MetadataTable]) -> list[MetadataTable]:
    """Return typed tables in which a column that one of them could only keep as text is text in all.

    Args:
        tables: The tables as they were read (n).
        typed: The same with the types of a schema (n).
    """
    kept = {
        field.name
        for before, after in zip(tables, typed, strict=True)
        for field, was in zip(after.columns.schema, before.columns.schema, strict=True)
        if field.type == was.type and pa.types.is_string(field.type)
    }
    return [_reverted(before, after, kept) for before, after in zip(tables, typed, strict=True)]


def _reverted(before: MetadataTable, after: MetadataTable, names: Collection[str]) -> MetadataTable:
    columns = after.columns
    for position, name in enumerate(columns.column_names):
        if name in names:
            columns = columns.set_column(position, before.columns.field(position), before.columns.column(position))
    return replace(after, columns=columns)


def rows_by_recording(joined: Sequence[Joined]) -> Mapping[Recording, int]:
    """Return how many tables name each recording."""
    counts: dict[Recording, int] = {}
    for item in joined:
        for path in item.matched.rows:
            counts[item.source, path] = counts.get((item.source, path), 0) + 1
    return counts


def _offsets(joined: Sequence[Joined]) -> list[int]:
    offsets, total = [], 0
    for item in joined:
        offsets.append(total)
        total += len(item.table)
    return offsets


def _stacked(joined: Sequence[Joined]) -> pa.Table:
    try:
        return pa.concat_tables([item.table.columns for item in joined], promote_options="default").combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowTypeError) as problem:
        names = ", ".join(item.table.name for item in joined)
        raise MetadataError(
            f"a column has different types in different tables: {shown(str(problem))}",
            where=names,
            hint="give the column one type in the metadata schema, or in all tables",
        ) from problem


def _doubled(first: Joined, first_row: int, second: Joined, row: int, path: str) -> Finding:
    return Finding(
        code="metadata.duplicate_row",
        severity="error",
        message=f"The recording `{shown(path)}` is named in {first.table.name} line {first.table.lines[first_row]} "
        f"already; that row is used.",
        path=second.table.name,
        line=int(second.table.lines[row]),
        hint="remove one of the two rows",
    )
