"""Reads the manifests of one folder: recordings first, then the spans that supervisions name, each manifest a table."""

from __future__ import annotations

import contextlib
import functools
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
from listen_datasets.stores.lhotse_ids import Ids
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
        self._ids = Ids()
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
                    recording = self._recordings.made(_checked(value))
                    if self._ids.add(recording, path, line):
                        self._notice(recording, path)
        for path in supervisions:
            table = _Table(path)
            find = functools.partial(self._ids.find, path=path)
            for line, value, characters in self._values(path):
                with table.line(line):
                    for row in of_supervision(_checked(value), find):
                        table.add(row, line, characters)
            self._finish(table)
        for entry in self._ids.unmentioned():
            for row in whole(entry.recording):
                tables[entry.path].add(row, entry.line, len(entry.recording.id))
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
