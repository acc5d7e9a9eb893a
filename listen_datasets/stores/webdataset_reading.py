"""Reads tar shards without their sound: what is in them, and what their sidecars say, as one table."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa

from listen_datasets import catalogue
from listen_datasets.errors import MachineError, NothingError
from listen_datasets.inputs import Found, InputProblem
from listen_datasets.metadata.json_objects import JsonObjects
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.model import Finding
from listen_datasets.stores.own_columns import KEY, beside, renamed
from listen_datasets.stores.splits import placed
from listen_datasets.stores.tar import Tar
from listen_datasets.stores.webdataset_samples import Part, Sample, grouped, oddities
from listen_datasets.stores.webdataset_sidecars import ADDED, columns
from listen_datasets.text import visible


class Reading:
    """What was read of the shards of one store.

    Attributes:
        found: The recordings, and what else is in the shards and is no metadata.
    """

    def __init__(self, name: str) -> None:
        """Begin with nothing.

        Args:
            name: What findings call the table.
        """
        self.found: list[Found] = []
        self._name = name
        self._rows = JsonObjects(name)
        self._findings: list[Finding] = []
        self._bare: list[str] = []
        self._line = 0
        self._before = 0

    def add(self, shard: str, tar: Tar) -> None:
        """Take in a shard.

        Args:
            shard: Its path in the store.
            tar: The archive that it is.
        """
        try:
            everything = list(tar.walk())
        except MachineError as error:
            self.found.append(Found(shard, "unreadable", problem=InputProblem("input.unreadable", error.message)))
            return
        whole = [found for found in everything if _is_archive(found, tar)]
        self.found += (Found(shard, "unreadable", problem=found.problem) for found in whole)
        members = [found for found in everything if found not in whole]
        # What cannot be opened has no place in the archive; it comes first and is of its sample all the same.
        members.sort(key=operator.attrgetter("position"))
        samples, rest = grouped(members)
        self.found += (self._moved(found, shard) for found in rest)
        for sample in samples:
            self._add(sample, shard, tar)
        self._before += max((found.position for found in members), default=0) + 1

    def table(self) -> MetadataTable | None:
        """Return what the samples say; None if that is nothing."""
        findings = (*self._findings, *self._nothing_said())
        try:
            table = self._rows.finish(noticed=findings)
        except NothingError:
            nothing = pa.table({KEY: pa.array([], pa.string())})
            return MetadataTable(name=self._name, columns=nothing, lines=(), findings=findings) if findings else None
        mine = [name for name in (KEY, *ADDED) if name in table.columns.column_names]
        others = renamed(table.columns.drop_columns(mine), dict.fromkeys(mine), cuts=False)
        return replace(table, columns=beside({name: table.columns[name] for name in mine}, others))

    def _add(self, sample: Sample, shard: str, tar: Tar) -> None:
        self._findings += oddities(sample, shard)
        said = {"__key__": sample.key, "shard": shard}
        split = placed(shard)[1]
        if split is not None:
            said["split"] = split
        for sound in sample.sounds:
            found = self._moved(sound.found, shard)
            self.found.append(found)
            if found.kind != "file":
                continue  # what cannot be opened is one input already, and its name may be no path
            sidecars = list(sample.about(sound))
            if not sidecars:
                self._bare.append(found.path)
            self._row(found.path, said, sidecars, shard, tar)
        if not sample.sounds:
            names = ", ".join(visible(part.found.path, 80) for part in sample.sidecars[:3])
            problem = InputProblem("input.no_sound", f"the sample has no recording, only {names}")
            path = f"{shard}/{sample.key}"
            self.found.append(Found(path, "refused", problem=problem))
            self._row(path, said, sample.sidecars, shard, tar)

    def _nothing_said(self) -> Iterator[Finding]:
        """Yield the recordings without a sidecar, unless none is to be expected because no recording has one."""
        if len(self._bare) < self._line:
            message = "No member of the shard says anything about this recording."
            yield from (catalogue.finding("metadata.row_missing", message, path=path) for path in self._bare)

    def _row(self, path: str, said: dict[str, str], sidecars: Sequence[Part], shard: str, tar: Tar) -> None:
        def read(name: str, most: int) -> bytes:
            with tar.opened(name) as file:
                return file.read(0, most)

        values, size = columns(sidecars, read, shard, self._findings)
        self._line += 1
        self._rows.add({KEY: path, **said, **values}, self._line, characters=size + 100)

    def _moved(self, found: Found, shard: str) -> Found:
        """Return a member as something in the store."""
        return Found(
            f"{shard}/{found.path}",
            found.kind,
            found.junk,
            found.bytes,
            stamp=found.stamp,
            position=self._before + found.position,
            problem=found.problem,
        )


def _is_archive(found: Found, tar: Tar) -> bool:
    """Tell whether it is the archive itself that is reported, because it cannot be read to its end."""
    is_member = found.problem is not None and found.problem.code == "input.nested_archive"
    return found.kind == "unreadable" and found.path == tar.file.name and not is_member
