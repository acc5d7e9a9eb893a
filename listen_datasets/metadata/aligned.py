"""The user's columns in the order of the clips."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from listen_datasets.errors import MetadataError
from listen_datasets.metadata.join import Matched
from listen_datasets.metadata.shown import shown
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.model import Finding
from listen_datasets.spans import Span

Recording = tuple[str, str]
"""Name of the source, and path below its root."""

Row = tuple[int, int]
"""Position of a table among the tables, and of a row in it."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A table, the source it is about, and what it matched there.

    Attributes:
        source: Name of the source.
        table: The table.
        matched: Which row is about which recording.
        has_cuts: Whether its rows are about parts of recordings.
        spans: Index of a row to what it cuts out of its recording; None for all of it.
        refused: Index of a row to what is wrong with its times: it is about no clip.
    """

    source: str
    table: MetadataTable
    matched: Matched
    has_cuts: bool = False
    spans: Mapping[int, Span | None] = field(default_factory=dict)
    refused: Mapping[int, Finding] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """The metadata of some clips, one row a clip.

    Attributes:
        files: Name of the table that each row comes from; None without a row.
        lines: Line there.
        columns: The user's columns under the user's names.
    """

    files: Sequence[str | None]
    lines: Sequence[int | None]
    columns: pa.Table


def align(joined: Sequence[Joined], places: Sequence[Row | None]) -> Aligned:
    """Put rows of all tables into the order of the clips.

    Args:
        joined: The tables.
        places: Which row each clip has (n); None for one without.

    Raises:
        MetadataError: A column has types in two tables that no common type holds.
    """
    offsets = _offsets(joined)
    rows = pa.array([None if place is None else offsets[place[0]] + place[1] for place in places], pa.int64())
    return Aligned(
        files=[None if place is None else joined[place[0]].table.name for place in places],
        lines=[None if place is None else int(joined[place[0]].table.lines[place[1]]) for place in places],
        columns=_stacked(joined).take(rows) if joined else pa.table({}),
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
    chosen = [before.columns if name in names else after.columns for name in after.columns.column_names]
    columns = [table.column(position) for position, table in enumerate(chosen)]
    schema = pa.schema([table.field(position) for position, table in enumerate(chosen)])
    return replace(after, columns=pa.table(columns, schema=schema))


def first_rows(joined: Sequence[Joined]) -> tuple[dict[Recording, tuple[Row, ...]], list[tuple[str, Finding]]]:
    """Return the rows about each recording: those of the first table that names it; and the others as findings.

    Each finding stands with the name of the source that it is about.
    """
    found: dict[Recording, tuple[Row, ...]] = {}
    findings: list[tuple[str, Finding]] = []
    for number, item in enumerate(joined):
        for path, rows in item.matched.rows.items():
            mine = tuple((number, row) for row in rows)
            first = found.setdefault((item.source, path), mine)
            if first is not mine:
                other = joined[first[0][0]]
                findings += ((item.source, doubled(other, first[0][1], item, row, path)) for row in rows)
    return found, findings


def doubled(first: Joined, first_row: int, second: Joined, row: int, path: str) -> Finding:
    """Return the finding that a clip is named by two rows, of which the first is used."""
    return Finding(
        code="metadata.duplicate_row",
        severity="error",
        message=f"The recording `{shown(path)}` is named in {first.table.name} line {first.table.lines[first_row]} "
        f"already; that row is used.",
        path=second.table.name,
        line=int(second.table.lines[row]),
        hint="remove one of the two rows",
    )


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
