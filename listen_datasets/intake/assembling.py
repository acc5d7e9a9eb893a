"""Put the manifest together: facts about clips, ids, and the rows of the metadata that the clips are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import msgspec
import pyarrow as pa

from listen_datasets import catalogue, tables
from listen_datasets.errors import UsageError
from listen_datasets.intake import Recording, Said
from listen_datasets.intake.gathering import Intake
from listen_datasets.intake.names import recording_ids
from listen_datasets.metadata.aligned import Aligned, Joined, Row, align, doubled
from listen_datasets.model import Finding, Rejected
from listen_datasets.spans import Samples, Span, name, resolve
from listen_datasets.text import visible

NO_RECORDING = frozenset({"metadata.file_missing", "metadata.unsafe_path", "metadata.ambiguous"})
"""What is wrong with a row that names no recording; such a row is an input of its own."""

_NO_CLIP = "metadata.no_clip"

_REASONS = {
    "outside": "The clip lies outside its recording, which lasts {seconds:.3f} s",
    "empty": "The clip is shorter than a sample",
}


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


@dataclass
class _Placing:
    """Which row of the metadata each clip has."""

    rows: list[int] = field(default_factory=list)
    places: list[Row | None] = field(default_factory=list)
    clip_ids: list[str] = field(default_factory=list)
    recording_ids: list[str] = field(default_factory=list)
    findings: list[Said] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def add(self, row: int, place: Row | None, recording_id: str, clip_id: str) -> None:
        """Take a clip: its row among the facts, its row of the metadata, and its ids."""
        self.rows.append(row)
        self.places.append(place)
        self.recording_ids.append(recording_id)
        self.clip_ids.append(clip_id)

    def reject(self, recording: Recording, size: int, sha256: str) -> None:
        """Account for a recording of which no row cuts a clip."""
        source, path = recording
        reason = "none of the rows about it cuts a clip out of it"
        self.findings.append((source, catalogue.finding(_NO_CLIP, f"{reason.capitalize()}.", path=path)))
        self.rejected.append(
            Rejected(source=source, path=path, code=_NO_CLIP, reason=reason, bytes=size, sha256=sha256)
        )


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
        clipless: Facts about the recordings that were decoded and became no clip.
        earlier: sha256 and id of the recordings that were there before.

    Raises:
        UsageError: Two columns would have one name.
        MetadataError: A column has types in two tables that no common type holds.
    """
    placing = _place(intake, facts, earlier)
    _place_clipless(intake, clipless, placing)
    aligned = align(intake.joined, placing.places)
    if placing.rows != list(range(facts.num_rows)):
        facts = facts.take(pa.array(placing.rows, pa.int64()))
    manifest = _with_ids(facts, placing, aligned)
    return Assembled(
        manifest=_with_columns(manifest, aligned.columns),
        findings=[*placing.findings, *_times(intake.joined)],
        rejected=[*placing.rejected, *_orphans(intake.joined)],
    )


def _place(intake: Intake, facts: pa.Table, earlier: Mapping[Recording, tuple[str, str]]) -> _Placing:
    """Find the row of the metadata and the ids of each clip."""
    placing = _Placing()
    groups = list(_groups(facts))
    names = recording_ids([(recording, sha256) for recording, sha256, _ in groups], earlier)
    starts, lengths, rates, totals = (
        facts[column].to_pylist() for column in ("start", "num_samples", "sample_rate", "recording_num_samples")
    )
    sizes = facts["bytes"]
    for (recording, sha256, rows), recording_id in zip(groups, names, strict=True):
        if intake.spans(recording) is None:
            about = intake.rows.get(recording, ())
            placing.add(rows.start, about[0] if about else None, recording_id, recording_id)
            continue
        there = {(round(starts[row] * rates[row]), lengths[row]): row for row in rows}
        cut = _cut(intake, recording, rates[rows.start], totals[rows.start], placing)
        if not cut:
            placing.reject(recording, sizes[rows.start].as_py(), sha256)
        for samples, place in cut:
            placing.add(there[samples.first, samples.num_samples], place, recording_id, name(recording_id, samples))
    return placing


def _place_clipless(intake: Intake, clipless: Mapping[Recording, Mapping[str, Any]], placing: _Placing) -> None:
    """Account for the recordings that became no clip, and for their rows."""
    for recording, facts in sorted(clipless.items()):
        _cut(intake, recording, facts["sample_rate"], facts["recording_num_samples"], placing)
        placing.reject(recording, facts["bytes"], facts["sha256"])


def _groups(facts: pa.Table) -> Iterator[tuple[Recording, str, range]]:
    """Yield each recording with its sha256 and the rows of its clips."""
    sources, paths, digests = (facts[column].to_pylist() for column in ("source", "path", "sha256"))
    first = 0
    for row in range(len(sources)):
        if row + 1 == len(sources) or (sources[row + 1], paths[row + 1]) != (sources[row], paths[row]):
            yield (sources[row], paths[row]), digests[row], range(first, row + 1)
            first = row + 1


def _cut(intake: Intake, recording: Recording, rate: int, total: int, placing: _Placing) -> list[tuple[Samples, Row]]:
    """Return the clips of a recording by start and length, each with its row; and note the rows that are about none."""
    found: dict[tuple[int, int], tuple[Samples, Row]] = {}
    for number, row in intake.rows[recording]:
        item = intake.joined[number]
        if row not in item.spans:
            continue
        samples = resolve(item.spans[row] or Span(0.0), rate, total)
        if not isinstance(samples, Samples):
            reason = _REASONS[samples].format(seconds=total / rate)
            placing.findings.append((item.source, _span_finding(item, row, "metadata.span_outside", reason, recording)))
            placing.rejected.append(_rejected(item, row, "metadata.span_outside", reason))
            continue
        first = found.setdefault((samples.first, samples.num_samples), (samples, (number, row)))
        if first[1] != (number, row):
            again = doubled(intake.joined[first[1][0]], first[1][1], item, row, recording[1])
            placing.findings.append((item.source, again))
        elif samples.is_cut:
            message = f"The clip ends a little after its recording, which lasts {total / rate:.3f} s; it ends with it"
            placing.findings.append((item.source, _span_finding(item, row, "metadata.span_cut", message, recording)))
    return [found[place] for place in sorted(found)]


def _span_finding(item: Joined, row: int, code: str, reason: str, recording: Recording) -> Finding:
    span = item.spans[row] or Span(0.0)
    return catalogue.finding(
        code,
        f"{reason}.",
        path=item.table.name,
        line=int(item.table.lines[row]),
        value=f"{span.start:g} to {'the end' if span.end is None else format(span.end, 'g')} s of {visible(recording[1])}",
        hint="correct the times of the row",
        evidence={"start": span.start, "end": span.end},
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
            yield _rejected(item, row, finding.code, finding.message, finding.value)
        for row, finding in item.refused.items():
            if item.matched.unused.get(row) not in NO_RECORDING:
                yield _rejected(item, row, finding.code, finding.message)
        for refused in item.table.refused:
            place = visible(f"{item.table.name}:{refused.line}")
            yield Rejected(source=item.source, path=place, code=refused.code, reason=refused.reason)


def _rejected(item: Joined, row: int, code: str, reason: str, value: str | None = None) -> Rejected:
    place = value or f"{item.table.name}:{item.table.lines[row]}"
    return Rejected(source=item.source, path=visible(place), code=code, reason=reason)


def _with_ids(facts: pa.Table, placing: _Placing, aligned: Aligned) -> pa.Table:
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
