"""Which rows of the metadata the clips are about, and which recordings and rows are about none."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from listen_datasets import catalogue
from listen_datasets.intake import Recording, Said
from listen_datasets.intake.gathering import Intake
from listen_datasets.intake.names import recording_ids
from listen_datasets.metadata.aligned import Joined, Row, doubled
from listen_datasets.model import Finding, Rejected
from listen_datasets.spans import Samples, Span, name, resolve
from listen_datasets.text import visible

_ROWS = 4_096  # clips that are held as Python objects
_NO_CLIP = "metadata.no_clip"

_REASONS = {
    "outside": "The clip lies outside its recording, which lasts {seconds:.3f} s",
    "empty": "The clip is shorter than a sample",
}


@dataclass
class Placing:
    """Which row of the metadata each clip has.

    Attributes:
        rows: Row of each clip (n) among the facts.
        places: Its row of the metadata (n); None for a recording that no row names.
        clip_ids: Its id (n).
        recording_ids: The id of its recording (n).
        findings: What is wrong with rows.
        rejected: Rows and recordings that became no clip.
    """

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


def place(
    intake: Intake,
    facts: pa.Table,
    clipless: Mapping[Recording, Mapping[str, Any]],
    earlier: Mapping[Recording, tuple[str, str]],
) -> Placing:
    """Find the row of the metadata and the ids of each clip, and account for what becomes none.

    Args:
        intake: What was read.
        facts: One row a clip that was measured, in the order of the manifest.
        clipless: Facts about the recordings that were decoded and of which none of the wanted clips is there.
        earlier: sha256 and id of the recordings that were there before.
    """
    placing = Placing()
    _place_clips(placing, intake, facts, earlier)
    for recording, known in sorted(clipless.items()):
        _cut(intake, recording, known["sample_rate"], known["recording_num_samples"], placing)
        placing.reject(recording, known["bytes"], known["sha256"])
    return placing


def _place_clips(
    placing: Placing, intake: Intake, facts: pa.Table, earlier: Mapping[Recording, tuple[str, str]]
) -> None:
    groups = _Groups(facts)
    names = recording_ids(groups, earlier)
    starts, lengths, rates, totals, sizes = (
        facts[column] for column in ("start", "num_samples", "sample_rate", "recording_num_samples", "bytes")
    )
    for (recording, sha256, rows), recording_id in zip(groups.with_rows(), names, strict=True):
        if intake.spans(recording) is None:
            about = intake.rows.get(recording, ())
            placing.add(rows.start, about[0] if about else None, recording_id, recording_id)
            continue
        rate, total = rates[rows.start].as_py(), totals[rows.start].as_py()
        there = {(round(starts[row].as_py() * rate), lengths[row].as_py()): row for row in rows}
        cut = _cut(intake, recording, rate, total, placing)
        if not cut:
            placing.reject(recording, sizes[rows.start].as_py(), sha256)
        for samples, row in cut:
            placing.add(there[samples.first, samples.num_samples], row, recording_id, name(recording_id, samples))


class _Groups:
    """The recordings of a table of clips in its order, each with its sha256; as often as wanted, and never all at once."""

    def __init__(self, facts: pa.Table) -> None:
        self._places = facts.select(["source", "path", "sha256"])

    def __iter__(self) -> Iterator[tuple[Recording, str]]:
        return ((recording, sha256) for recording, sha256, _ in self.with_rows())

    def with_rows(self) -> Iterator[tuple[Recording, str, range]]:
        """Yield each recording with its sha256 and the rows of its clips."""
        for (source, path, sha256), rows in itertools.groupby(enumerate(self._rows()), key=operator.itemgetter(1)):
            numbers = [number for number, _ in rows]
            yield (source, path), sha256, range(numbers[0], numbers[-1] + 1)

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        for batch in self._places.to_batches(max_chunksize=_ROWS):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _cut(intake: Intake, recording: Recording, rate: int, total: int, placing: Placing) -> list[tuple[Samples, Row]]:
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
            placing.rejected.append(rejected_row(item, row, "metadata.span_outside", reason))
            continue
        first = found.setdefault((samples.first, samples.num_samples), (samples, (number, row)))
        if first[1] != (number, row):
            again = doubled(intake.joined[first[1][0]], first[1][1], item, row, recording[1])
            placing.findings.append((item.source, again))
        elif samples.is_cut:
            message = f"The clip ends a little after its recording, which lasts {total / rate:.3f} s; it ends with it"
            placing.findings.append((item.source, _span_finding(item, row, "metadata.span_cut", message, recording)))
    return [found[samples] for samples in sorted(found)]


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


def rejected_row(item: Joined, row: int, code: str, reason: str, value: str | None = None) -> Rejected:
    """Return a row of the metadata as the rejected input that it is: under what it names, or else by its line."""
    path = value or f"{item.table.name}:{item.table.lines[row]}"
    return Rejected(source=item.source, path=visible(path), code=code, reason=reason)
