"""Gather what comes back from the recordings, in bounded memory, and keep it safe from an interruption."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import pyarrow as pa

from listen_datasets import catalogue, tables
from listen_datasets.audio import Measured, Unusable
from listen_datasets.containers import Problem
from listen_datasets.fingerprints import keeping
from listen_datasets.intake import Recording
from listen_datasets.intake.known import ORDER, Known, measured_columns, of_facts
from listen_datasets.journal import Journal
from listen_datasets.model import Finding, Rejected

_BATCH_ROWS = 4_096  # clips that are held as Python objects: some 10 MB
_PIECE_RESULTS, _PIECE_SECONDS, _PIECE_BYTES = 5_000, 10.0, 1 << 25


class Result(msgspec.Struct, frozen=True, array_like=True):
    """What came of a recording, as the journal keeps it; one of the last two is there."""

    source: str
    path: str
    measured: Measured | None = None
    unusable: Unusable | None = None


class Collection:
    """What came of recordings.

    Attributes:
        rejected: The recordings that cannot be used.
        problems: What is worth a look about the others.
        digests: sha256 of every recording that could be read.
        clipless: Facts about the recordings that could be read and of which none of the wanted clips is there.
    """

    def __init__(self) -> None:
        self.rejected: list[Rejected] = []
        self.problems: dict[Recording, tuple[Finding, ...]] = {}
        self.digests: dict[Recording, str] = {}
        self.clipless: dict[Recording, Mapping[str, Any]] = {}
        self._rows: list[dict[str, Any]] = []
        self._batches: list[pa.Table] = []

    def add(self, result: Result) -> None:
        """Take what came of one recording."""
        recording = result.source, result.path
        if result.measured is not None:
            self._measured(recording, result.measured)
        elif result.unusable is not None:
            self.reject(rejection(recording, result.unusable))

    def reject(self, item: Rejected) -> None:
        """Take a recording that cannot be used."""
        self.rejected.append(item)
        if item.sha256 is not None:
            self.digests[item.source, item.path] = item.sha256

    def _measured(self, recording: Recording, measured: Measured) -> None:
        source, path = recording
        self.digests[recording] = measured.facts["sha256"]
        if not measured.clips:
            self.clipless[recording] = measured.facts
        if measured.problems:
            self.problems[recording] = tuple(finding(problem, path) for problem in measured.problems)
        self._rows += ({"source": source, "path": path, **measured.facts, **clip} for clip in measured.clips)
        if len(self._rows) >= _BATCH_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._batches.append(tables.table_of(self._rows, "ingest").select(measured_columns()))
        self._rows = []

    def hand_over(self) -> list[pa.Table]:
        """Return what was measured, one row a clip, in any order, and keep none of it."""
        self._flush()
        batches, self._batches = self._batches, []
        return batches

    def known(self) -> Known:
        """Return the same as knowledge for a later run, and keep none of it."""
        facts = pa.concat_tables(self.hand_over()).sort_by(ORDER)
        return of_facts(facts, tables.rejected_table(self.rejected), self.problems)


class Keeper:
    """Writes results to the journal from time to time, so that an interruption costs seconds and not hours.

    Attributes:
        fingerprints: Those that are not in the journal yet.
    """

    def __init__(self, journal: Journal, clock: Callable[[], float] = time.monotonic) -> None:
        self._journal = journal
        self._clock = clock
        self._since = clock()
        self._pending: list[Result] = []
        self.fingerprints: list[keeping.Row] = []
        self._bytes = 0

    def add(self, result: Result) -> None:
        """Take a result; it is durable some seconds later."""
        self._pending.append(self._without_fingerprint(result))
        is_late = self._clock() - self._since >= _PIECE_SECONDS
        if is_late or len(self._pending) >= _PIECE_RESULTS or self._bytes >= _PIECE_BYTES:
            self.flush()

    def _without_fingerprint(self, result: Result) -> Result:
        measured = result.measured
        if measured is None or measured.fingerprint is None:
            return result
        row = keeping.Row.of(measured.facts["sha256"], measured.fingerprint)
        self.fingerprints.append(row)
        self._bytes += row.bytes
        return msgspec.structs.replace(result, measured=msgspec.structs.replace(measured, fingerprint=None))

    def flush(self) -> None:
        """Make durable what there is."""
        # In this order: a result that is known without its fingerprint would be of no use.
        if self.fingerprints:
            self._journal.append(keeping.packed(self.fingerprints), keeping.FOLDER)
        if self._pending:
            self._journal.append(msgspec.msgpack.encode(self._pending))
        self._pending, self.fingerprints, self._bytes = [], [], 0
        self._since = self._clock()


def remembered(pieces: Iterable[bytes]) -> Known:
    """Return what the journal of an interrupted run knows."""
    collection = Collection()
    for piece in pieces:
        for result in msgspec.msgpack.decode(piece, type=list[Result]):
            collection.add(result)
    return collection.known()


def finding(problem: Problem, path: str) -> Finding:
    """Return what is wrong with a recording as a finding."""
    return catalogue.finding(problem.code, problem.message, path=path, hint=problem.hint, evidence=problem.evidence)


def rejection(recording: Recording, bad: Unusable) -> Rejected:
    """Return a recording that cannot be used, and why."""
    source, path = recording
    return Rejected(
        source=source, path=path, code=bad.code, reason=bad.reason, fate=bad.fate, bytes=bad.bytes, sha256=bad.sha256
    )
