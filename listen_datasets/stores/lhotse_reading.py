"""Reads the manifests of one folder: recordings first, then the spans that supervisions name, each manifest a table."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from listen_datasets import catalogue
from listen_datasets.errors import NothingError
from listen_datasets.inputs import Found
from listen_datasets.metadata.json_objects import JsonObjects
from listen_datasets.metadata.refusals import Refusals
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.model import Finding
from listen_datasets.stores.lhotse_lines import BadLineError, objects
from listen_datasets.stores.lhotse_recordings import Recording, Recordings
from listen_datasets.stores.lhotse_rows import of_cut, of_supervision, whole
from listen_datasets.stores.own_columns import KEY
from listen_datasets.stores.splits import split_in

_CUTS = frozenset({"MonoCut", "MultiCut", "Cut"})


class Manifests:
    """What was read of the manifests of a folder.

    Attributes:
        paths: The manifests.
        tables: Their rows.
    """

    def __init__(self, root: Path) -> None:
        """Begin with nothing.

        Args:
            root: The folder.
        """
        self._root = root
        self._recordings = Recordings(root)
        self._by_id: dict[str, tuple[Recording, str, int]] = {}
        self._transformed: dict[str, int] = {}
        self.paths: set[str] = set()
        self.tables: list[MetadataTable] = []

    @property
    def refused(self) -> list[Found]:
        """What the manifests name and is no file."""
        return list(self._recordings.refused.values())

    def read(self, recordings: Sequence[str], supervisions: Sequence[str]) -> None:
        """Read manifests of recordings and of supervisions.

        Raises:
            MetadataError: One cannot be read to its end, or most of its lines are refused.
        """
        tables = {path: _Table(path) for path in recordings}
        for path, table in tables.items():
            for line, value, _ in self._values(path):
                with table.line(line):
                    self._remember(self._recordings.made(_checked(value)), path, line)
        mentioned: set[str] = set()
        for path in supervisions:
            table = _Table(path)
            by_id = {name: recording for name, (recording, _, _) in self._by_id.items()}
            for line, value, characters in self._values(path):
                with table.line(line):
                    for row in of_supervision(_checked(value), by_id):
                        mentioned.add(row["recording_id"])
                        table.add(row, line, characters)
            self._finish(table)
        for recording, path, line in self._by_id.values():
            if recording.id not in mentioned:
                for row in whole(recording):
                    tables[path].add(row, line, len(recording.id))
        for table in tables.values():
            self._finish(table)

    def read_cuts(self, cuts: Sequence[str]) -> None:
        """Read manifests of cuts, each of which holds its recording.

        Raises:
            MetadataError: One cannot be read to its end, or most of its lines are refused.
        """
        for path in cuts:
            table = _Table(path)
            for line, value, characters in self._values(path):
                with table.line(line):
                    cut = _checked(value)
                    if not isinstance(cut, dict) or cut.get("type", "Cut") not in _CUTS:
                        raise BadLineError("the line is no cut of one recording")
                    recording = self._recordings.made(cut.get("recording"))
                    self._notice(recording, path)
                    for row in of_cut(cut, recording):
                        table.add(row, line, characters)
            self._finish(table)

    def _values(self, path: str) -> Iterator[tuple[int, object, int]]:
        self.paths.add(path)
        return objects(self._root, path)

    def _remember(self, recording: Recording, path: str, line: int) -> None:
        first = self._by_id.get(recording.id)
        if first is None:
            self._by_id[recording.id] = (recording, path, line)
            self._notice(recording, path)
        elif first[0].sources != recording.sources:
            raise BadLineError(f"the id of the recording stands in {first[1]}:{first[2]} already, with another source")

    def _notice(self, recording: Recording, path: str) -> None:
        if recording.is_transformed:
            self._transformed[path] = self._transformed.get(path, 0) + 1

    def _finish(self, table: _Table) -> None:
        findings = []
        if count := self._transformed.get(table.name):
            message = f"Transforms of the manifest are not applied to the recordings (recordings: {count:,})."
            evidence = {"recordings": count}
            findings.append(
                catalogue.finding("metadata.not_transformed", message, path=table.name, evidence=dict(evidence))
            )
        made = table.finished(findings)
        if made is not None:
            self.tables.append(made)


class _Table:
    """A manifest while it is read. Not every line of it becomes a row."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._split = split_in(name.rpartition("/")[2].partition(".")[0])
        self._rows = JsonObjects(name)
        self._refusals = Refusals(name, hint="is it a manifest of lhotse?")
        self._good = 0

    @contextlib.contextmanager
    def line(self, number: int) -> Iterator[None]:
        """Refuse a line if the block says with a `BadLineError` that it cannot be taken."""
        try:
            yield
            self._good += 1
        except BadLineError as error:
            self._refusals.add(number, "metadata.bad_line", str(error), taken=self._good)

    def add(self, row: dict[str, Any], line: int, characters: int) -> None:
        said = row if self._split is None else {**row, "split": self._split}
        self._rows.add(said, line, characters=characters)

    def finished(self, findings: Sequence[Finding]) -> MetadataTable | None:
        """Return the table; None if it says nothing."""
        refused, wrong = self._refusals.finish(self._good)
        try:
            table = self._rows.finish(noticed=findings)
        except NothingError:
            if not (refused or findings):
                return None
            empty = pa.table({KEY: pa.array([], pa.string())})
            table = MetadataTable(name=self.name, columns=empty, lines=(), findings=tuple(findings))
        return replace(table, findings=(*wrong, *table.findings), refused=(*refused, *table.refused))


def _checked(value: object) -> object:
    if isinstance(value, BadLineError):
        raise value
    return value
