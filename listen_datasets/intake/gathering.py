"""Find everything that an ingest would read: the recordings of all sources, and the rows about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from listen_datasets import catalogue, digest
from listen_datasets.errors import NothingError, UsageError
from listen_datasets.inputs import InputProblem, safe_relative
from listen_datasets.intake import Item, Recording, Said
from listen_datasets.intake.named import called, named
from listen_datasets.metadata import MetadataTable, Recordings, join_key, match
from listen_datasets.metadata.aligned import Joined, Row, first_rows, text_where_they_differ
from listen_datasets.metadata.cuts import cuts_of
from listen_datasets.recipe import Ingest, Recipe, Source
from listen_datasets.spans import Span
from listen_datasets.stores import Store
from listen_datasets.stores.urls import shown
from listen_datasets.survey import Survey, survey

if TYPE_CHECKING:
    from listen_datasets.schema import MetadataSchema


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Everything that an ingest reads, found and joined but not decoded.

    Attributes:
        surveys: The sources as they were found.
        joined: All tables, and which of their rows are about which recording.
        rows: The rows about each recording.
        items: The recordings to read, by source and path.
        findings: What was noticed on the way.
        schema: Digest of the metadata schema, if there is one.
    """

    surveys: Sequence[Survey]
    joined: Sequence[Joined]
    rows: Mapping[Recording, tuple[Row, ...]]
    items: Sequence[Item]
    findings: Sequence[Said]
    schema: str | None

    def spans(self, recording: Recording) -> tuple[Span, ...] | None:
        """Return what is to be cut out of a recording; None if it is one clip."""
        rows = self.rows.get(recording, ())
        if not rows or not self.joined[rows[0][0]].has_cuts:
            return None
        item = self.joined[rows[0][0]]
        wanted = [item.spans[row] for _, row in rows if row in item.spans]
        if wanted == [None]:
            return None
        return tuple(sorted({span or Span(0.0) for span in wanted}, key=_span_order))


@dataclass
class _Gathering:
    """The state of one gathering."""

    root: Path
    recipe: Recipe
    config: Ingest
    schema: MetadataSchema | None
    surveys: list[Survey] = field(default_factory=list)
    joined: list[Joined] = field(default_factory=list)
    findings: list[Said] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A table of a source.

    Attributes:
        table: What it holds.
        folder: Where it lies below the root of the source; empty if elsewhere.
        place: Its path below that root; None if elsewhere.
        key: The column that names the recordings; to be found if None.
    """

    table: MetadataTable
    folder: str = ""
    place: str | None = None
    key: str | None = None


def gather(
    root: Path, recipe: Recipe, config: Ingest, stores: Mapping[str, Store], roots: Mapping[str, Path]
) -> Intake:
    """Find everything that an ingest would read.

    Args:
        root: The dataset.
        recipe: What it is made from.
        config: How.
        stores: Where the recordings of each source lie, by its name.
        roots: Folder of each source that is a folder of this machine, by its name.

    Raises:
        UsageError: The recipe does not fit what is there.
        MetadataError: A table cannot be read to its end.
        NothingError: There is no recording.
        MachineError: A source cannot be listed.
    """
    if not recipe.source:
        raise UsageError("the recipe names no source", where="lds.toml", hint=f"lds ingest {root.name} SOURCE")
    schema_path = root / recipe.metadata_schema
    schema = _schema(schema_path)
    state = _Gathering(root, recipe, config, schema)
    tables = _typed(state, stores, roots)
    for source in recipe.source:
        _add(state, source, stores[source.name], tables[source.name])
    items = tuple(
        Item(found.source.name, file.path, file.bytes or 0, file.stamp, file.position)
        for found in state.surveys
        for file in found.recordings
    )
    rows, doubled = first_rows(state.joined)
    state.findings += doubled
    state.findings += _without_row(state.joined, rows, items)
    if not items and not any(found.refused for found in state.surveys):
        raise NothingError(
            "no recording in any source",
            where=", ".join(shown(source.path) for source in recipe.source),
            hint="is the path right? files are taken by suffix, such as .wav, .flac, .ogg, .mp3, .aiff",
        )
    return Intake(
        surveys=state.surveys,
        joined=state.joined,
        rows=rows,
        items=items,
        findings=state.findings,
        schema=None if schema is None else digest.of_file(schema_path),
    )


def _schema(path: Path) -> MetadataSchema | None:
    if not path.exists():
        return None
    from listen_datasets.schema import MetadataSchema  # noqa: PLC0415 - start-up time

    return MetadataSchema.load(path)


def _read(state: _Gathering, stores: Mapping[str, Store], roots: Mapping[str, Path]) -> Iterator[tuple[str, _Table]]:
    """Yield the tables that the recipe names, each with the name of its source."""
    found = list(named(state.root, state.recipe, lambda source: stores[source.name], roots))
    for item, name in zip(found, called(found), strict=True):
        folder = "" if item.place is None else item.place.rpartition("/")[0]
        yield item.source, _Table(table=item.read(name), folder=folder, place=item.place, key=state.config.join_key)


def _typed(state: _Gathering, stores: Mapping[str, Store], roots: Mapping[str, Path]) -> dict[str, list[_Table]]:
    """Return all tables of each source, with the types of the schema: those that its layout carries come first."""
    carried = {source.name: stores[source.name].tables() for source in state.recipe.source}
    pairs = [(source, _Table(table=table, key="file_name")) for source, found in carried.items() for table in found]
    pairs += _read(state, stores, roots)
    plain = [item.table for _, item in pairs]
    for source, item in pairs:
        state.findings += ((source, finding) for finding in item.table.findings)
    final = plain
    if state.schema is not None:
        judged = [state.schema.typed(table) for table in plain]
        for (source, _), (_, wrong) in zip(pairs, judged, strict=True):
            state.findings += ((source, finding) for finding in wrong)
        final = text_where_they_differ(plain, [table for table, _ in judged])
    typed: dict[str, list[_Table]] = {source: [] for source in carried}
    for (source, item), table in zip(pairs, final, strict=True):
        typed[source].append(replace(item, table=table))
    return typed


def _add(state: _Gathering, source: Source, store: Store, tables: Sequence[_Table]) -> None:
    """Look through a source and join its tables to what is there."""
    keys = [join_key(item.table, item.key) for item in tables]
    named = {path for item, key in zip(tables, keys, strict=True) for path in _named(item, key)}
    found = survey(source, store, named=named, tables=[item.place for item in tables if item.place is not None])
    state.surveys.append(found)
    if not tables:
        return
    # A row may name what cannot be opened, such as a link: that is one input, not two.
    there = Recordings([*(file.path for file in found.recordings), *(item.path for item in found.refused)])
    for item, key in zip(tables, keys, strict=True):
        cuts = cuts_of(item.table) if state.config.spans else None
        matched = match(item.table, key, there, folder=item.folder, has_cuts=cuts is not None)
        state.findings += ((source.name, one) for one in matched.findings)
        if cuts is None:
            state.joined.append(Joined(source=source.name, table=item.table, matched=matched))
        else:
            state.joined.append(
                Joined(
                    source=source.name,
                    table=item.table,
                    matched=matched,
                    has_cuts=True,
                    spans=cuts.spans,
                    refused=cuts.refused,
                )
            )


def _named(item: _Table, key: str) -> Iterator[str]:
    """Yield the paths that the rows of a table may mean: as they stand, and below the folder of the table."""
    for value in item.table.columns[key].to_pylist():
        try:
            path = safe_relative(value or "")
        except InputProblem:
            continue
        yield path
        if item.folder:
            yield f"{item.folder}/{path}"


def _without_row(
    joined: Sequence[Joined], rows: Mapping[Recording, tuple[Row, ...]], items: Sequence[Item]
) -> Iterator[Said]:
    """Yield the recordings that no table of their source names; a source without tables expects none."""
    sources = {item.source for item in joined}
    for item in items:
        if item.source in sources and item.recording not in rows:
            yield (
                item.source,
                catalogue.finding(
                    "metadata.row_missing",
                    "No row of the metadata names this recording.",
                    path=item.path,
                    hint="add a row, or remove the file from the source",
                ),
            )


def _span_order(span: Span) -> tuple[float, float]:
    return span.start, float("inf") if span.end is None else span.end
