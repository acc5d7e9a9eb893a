"""What the files of a dataset say, held against the ledger: everything that is read and nothing that is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from listen_datasets import commit, config, digest, ledger, parquet, stages, tables
from listen_datasets.errors import CorruptError, NothingError, UsageError
from listen_datasets.ledger import Entry, Ledger
from listen_datasets.model import Finding
from listen_datasets.recipe import Section
from listen_datasets.stage import Previous, Stage, Workspace

C = TypeVar("C", bound=Section)

MANIFEST = "manifest.parquet"
REJECTED = "rejected.parquet"

SHARED = frozenset({MANIFEST, REJECTED})
"""The files that every stage may write."""


@dataclass(frozen=True)
class Contents:
    """The files in the folder of a dataset.

    Attributes:
        root: The folder.
    """

    root: Path

    @property
    def manifest(self) -> pa.Table:
        """The clips, one a row; empty before ``ingest``."""
        path = self.root / MANIFEST
        return _read_table(path) if path.exists() else tables.table_of([], "ingest")

    @property
    def rejected(self) -> pa.Table:
        """The inputs that became no clip."""
        path = self.root / REJECTED
        return _read_table(path) if path.exists() else tables.rejected_table([])

    @property
    def columns(self) -> set[str]:
        """The names of the columns of the manifest, without reading it."""
        path = self.root / MANIFEST
        return set(pq.read_schema(path).names) if path.exists() else set()

    def findings(self, stage: str) -> tuple[Finding, ...]:
        """Return what a stage found, or nothing if it has not run."""
        path = self.root / findings_name(stage)
        return tables.findings_of(_read_table(path)) if path.exists() else ()

    def ledger(self) -> Ledger:
        """Read the ledger and check its chain.

        Raises:
            CorruptError: A line is not what was written, or there is no ledger beside a manifest.
        """
        found = ledger.read(self.root / ledger.NAME)
        # An unfinished commit may have got so far.
        if (self.root / commit.RECORD).exists():
            return found
        hint = "bring provenance.jsonl back from a copy, or begin anew in another folder"
        if found.torn_bytes:
            raise CorruptError("the last line of the ledger is damaged", where=ledger.NAME, hint=hint)
        if not found.entries and (self.root / MANIFEST).exists():
            raise CorruptError("there is a manifest, but no ledger", where=ledger.NAME, hint=hint)
        return found

    def seen_by(self, stage: Stage[Any]) -> pa.Table:
        """Return the manifest without the columns of the stage itself and of later ones."""
        if stage.name == "ingest":
            return tables.table_of([], "ingest")
        later = stages.ORDER[stages.ORDER.index(stage.name) :]
        hidden = {name for other in later for name in tables.added_by(other)}
        manifest = self.manifest
        return manifest.select([name for name in manifest.column_names if name not in hidden])

    def previous(self, stage: Stage[Any], known: Ledger) -> Previous | None:
        """Return what the last run of ``ingest`` made; None for other stages, or if one of its files has changed."""
        entry = latest_entries(known).get(stage.name)
        if stage.name != "ingest" or entry is None:
            return None
        records = ledger.state(known.entries)
        names = (MANIFEST, REJECTED, findings_name(stage.name))
        if not all(name in records and self._is_intact(name, records[name].sha256) for name in names):
            return None
        files = [
            self.root / path
            for path, record in records.items()
            if path.startswith(stage.owns) and self._is_intact(path, record.sha256)
        ]
        return Previous(entry, lambda: self.manifest, lambda: self.rejected, lambda: self.findings(stage.name), files)

    def check_tables(self, known: Ledger) -> None:
        """Hold manifest and rejected against the ledger.

        Raises:
            CorruptError: One of them is not what ``lds`` wrote.
        """
        for name in self._changed_tables(known):
            raise CorruptError(
                f"{name} is not what lds wrote",
                where=name,
                hint=f"lds verify {self.root.name}; then lds ingest {self.root.name} makes it anew",
            )

    def check_needs(self, stage: Stage[Any], latest: Mapping[str, Entry]) -> None:
        """Check that the stages have run that a stage needs.

        Raises:
            NothingError: Nothing has been ingested, so that there is nothing to work on.
            UsageError: Another one has not, or must run again.
        """
        columns = self.columns if stage.needs else set()
        for name in stage.needs:
            if name not in latest or not set(tables.added_by(name)) <= columns:
                why = "has not run" if name not in latest else "must run again: an earlier stage has run since"
                is_nothing = name == "ingest" and name not in latest
                raise (NothingError if is_nothing else UsageError)(
                    f"{stage.name} needs {name}, which {why}",
                    hint=f"lds {name} {self.root.name}, or lds run {self.root.name}",
                )

    def is_up_to_date(self, stage: Stage[C], workspace: Workspace, settings: C, last: Entry, known: Ledger) -> bool:
        """Tell whether a stage would make again what it made last."""
        before, now_wanted = (config.deciding(stage.config, one) for one in (last.config, config.builtins(settings)))
        if last.version != stage.version or before != now_wanted:
            return False
        if self._changed_tables(known) or not set(stage.adds) <= self.columns:
            return False
        if last.used != stage.inputs(workspace, settings):
            return False
        now = ledger.state(known.entries)
        own = {path: now.get(path) for path in last.generated if path not in SHARED}
        # A file that a later stage has written again is that stage's business.
        return all(
            record is not None and (record.n != last.n or self._is_intact(path, record.sha256))
            for path, record in own.items()
        )

    def _changed_tables(self, known: Ledger) -> list[str]:
        records = ledger.state(known.entries)
        return [name for name in sorted(SHARED & records.keys()) if not self._is_intact(name, records[name].sha256)]

    def _is_intact(self, name: str, sha256: str) -> bool:
        path = self.root / name
        return path.is_file() and digest.of_file(path) == sha256


def findings_name(stage: str) -> str:
    """Return the name of the file that holds the findings of a stage."""
    return f"findings/{stage}.parquet"


def latest_entries(known: Ledger) -> dict[str, Entry]:
    """Return the newest entry of every stage that has run."""
    return {entry.stage: entry for entry in known.entries}


def _read_table(path: Path) -> pa.Table:
    try:
        return parquet.contents(path)
    except (pa.ArrowException, OSError) as problem:
        raise CorruptError(
            f"{path.name} cannot be read: {problem}", where=path.name, hint=f"lds verify {path.parent.name}"
        ) from problem
