"""What is known of recordings already: from the dataset as it is, and from a run that was interrupted.

Facts hold for bytes, not for names: a recording counts as known only as long as its bytes have the same sha256.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import tables
from listen_datasets.intake import Item, Recording
from listen_datasets.model import Fate, Finding, Rejected
from listen_datasets.spans import Samples, Span, resolve

RETRIED = frozenset({"audio.decoder_crashed", "audio.decoder_memory", "audio.timeout"})
"""Rejections that say as much about the machine as about the file, so that the next run tries again."""

ORDER = [("source", "ascending"), ("path", "ascending"), ("start", "ascending"), ("num_samples", "ascending")]
"""The order of the manifest."""

_MEASURED = ("audio.", "privacy.", "tags.")  # what findings about a recording's own bytes begin with


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one recording.

    Attributes:
        sha256: Of its bytes.
        clips: Row numbers of its clips among the facts; empty if it was rejected.
        rejected: Why it was rejected; None if it was not.
    """

    sha256: str
    clips: range
    rejected: Rejected | None = None


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of recordings.

    Attributes:
        facts: One row a clip, with the columns that ingest measures, in the order of the manifest.
        entries: Every known recording.
        problems: What is worth a look about their bytes.
    """

    facts: pa.Table
    entries: Mapping[Recording, Entry]
    problems: Mapping[Recording, tuple[Finding, ...]] = field(default_factory=dict)

    def has(self, recording: Recording, printed: Collection[str]) -> bool:
        """Tell whether a recording is known, and what it sounds like too, if it is of use at all.

        Args:
            recording: The recording.
            printed: The sha256 of everything of which there is a fingerprint.
        """
        entry = self.entries.get(recording)
        return entry is not None and (entry.rejected is not None or entry.sha256 in printed)

    def clips_of(self, item: Item, spans: Sequence[Span] | None) -> Sequence[int] | None:
        """Return the row numbers of the clips that are wanted of a recording; None if one of them is not known."""
        entry = self.entries.get(item.recording)
        if entry is None or entry.rejected is not None:
            return None if entry is None else ()
        _, _, rates, totals = self._columns
        rate, total = rates[entry.clips.start], totals[entry.clips.start]
        places = {self._place(row): row for row in entry.clips}
        if spans is None:
            whole = places.get((0, total))
            return None if whole is None else (whole,)
        wanted = {resolve(span, rate, total) for span in spans}
        samples = {(one.first, one.num_samples) for one in wanted if isinstance(one, Samples)}
        if not samples or not samples <= places.keys():
            return None
        return sorted(places[one] for one in samples)

    def _place(self, row: int) -> tuple[int, int]:
        starts, lengths, rates, _ = self._columns
        return round(starts[row] * rates[row]), lengths[row]

    @functools.cached_property
    def _columns(self) -> tuple[list[float], list[int], list[int], list[int]]:
        names = ("start", "num_samples", "sample_rate", "recording_num_samples")
        starts, lengths, rates, totals = (self.facts.column(name).to_pylist() for name in names)
        return starts, lengths, rates, totals


def measured_columns() -> list[str]:
    """Return the columns that hold facts about a clip's bytes, and where it lies."""
    joined = {"clip_id", "recording_id", "metadata_file", "metadata_line"}
    return [name for name in tables.added_by("ingest") if name not in joined]


def nothing() -> Known:
    """Return no knowledge at all."""
    return Known(facts=tables.table_of([], "ingest").select(measured_columns()), entries={})


def of_dataset(manifest: pa.Table, rejected: pa.Table, findings: Iterable[Finding]) -> Known:
    """Return what a dataset knows.

    Args:
        manifest: Its clips.
        rejected: Its rejected inputs.
        findings: Those of its last ingest.
    """
    clips = dict(zip(manifest["clip_id"].to_pylist(), _recordings(manifest), strict=True))
    problems: dict[Recording, list[Finding]] = {}
    for finding in findings:
        if finding.clip_id in clips and finding.code.startswith(_MEASURED) and finding.line is None:
            bare = msgspec.structs.replace(finding, clip_id=None)
            problems.setdefault(clips[finding.clip_id], []).append(bare)
    collected = {recording: tuple(found) for recording, found in problems.items()}
    return of_facts(manifest.select(measured_columns()), rejected, collected)


def of_facts(facts: pa.Table, rejected: pa.Table, problems: Mapping[Recording, tuple[Finding, ...]]) -> Known:
    """Return knowledge from tables: facts in the order of the manifest, and rejected inputs."""
    return Known(facts=facts, entries={**_rejections(rejected), **_clips(facts)}, problems=problems)


def merged(first: Known, second: Known) -> Known:
    """Return what two know; of a recording that both know, what the first knows."""
    others = [
        row for recording, entry in second.entries.items() if recording not in first.entries for row in entry.clips
    ]
    facts = pa.concat_tables([first.facts, second.facts.take(pa.array(others, pa.int64()))]).sort_by(ORDER)
    rejections = {
        recording: entry for known in (second, first) for recording, entry in known.entries.items() if entry.rejected
    }
    return Known(
        facts=facts,
        entries={**rejections, **_clips(facts)},
        problems={**second.problems, **first.problems},
    )


def _recordings(table: pa.Table) -> list[Recording]:
    return list(zip(table["source"].to_pylist(), table["path"].to_pylist(), strict=True))


def _clips(facts: pa.Table) -> dict[Recording, Entry]:
    entries: dict[Recording, Entry] = {}
    first = 0
    recordings, digests = _recordings(facts), facts["sha256"].to_pylist()
    for row in range(len(recordings)):
        if row + 1 == len(recordings) or recordings[row + 1] != recordings[row]:
            entries[recordings[row]] = Entry(digests[row], range(first, row + 1))
            first = row + 1
    return entries


def _rejections(rejected: pa.Table) -> dict[Recording, Entry]:
    certain = pc.and_(pc.is_valid(rejected["sha256"]), pc.equal(rejected["fate"], Fate.REJECTED))
    entries: dict[Recording, Entry] = {}
    for row in rejected.filter(certain).to_pylist():
        # What its rows say is known anew each time.
        if row["code"] not in RETRIED and not row["code"].startswith("metadata."):
            item = Rejected(**{**row, "fate": Fate.REJECTED})
            entries[item.source, item.path] = Entry(row["sha256"], range(0), item)
    return entries
