"""A dataset on disk: the only code that changes one.

:meth:`Dataset.apply` runs a stage under the lock, holds its outcome to the laws of a stage, and commits all of it or
nothing: manifest, rejected, findings, the stage's files, and one line of the ledger.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
import platform
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import pyarrow as pa

from listen_datasets import __version__, commit, config, journal, ledger, lock, parquet, tables
from listen_datasets.contents import MANIFEST, REJECTED, SHARED, Contents, findings_name, latest_entries
from listen_datasets.errors import LockedError, MachineError, NothingError, UsageError
from listen_datasets.executors import Executor
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.features.reading import FeatureFiles
from listen_datasets.ledger import Entry, Ledger
from listen_datasets.model import Counts, Finding
from listen_datasets.paths import real
from listen_datasets.progress import Progress, Silent
from listen_datasets.recipe import Recipe, Section
from listen_datasets.stage import CACHE, Outcome, Stage, Workspace, check_laws, fates
from listen_datasets.storage import Disk, Written, write_bytes, write_parquet

if TYPE_CHECKING:
    import pandas as pd

C = TypeVar("C", bound=Section)


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What came of applying a stage.

    Attributes:
        entry: The line of the ledger: of this run, or of the earlier one that still holds.
        findings: What is wrong with the data (also of the earlier run).
        is_up_to_date: Nothing had changed since the earlier run, so nothing was done.
    """

    entry: Entry
    findings: tuple[Finding, ...]
    is_up_to_date: bool

    @property
    def counts(self) -> Counts:
        """Fates of the inputs after the stage."""
        return msgspec.convert(self.entry.counts, Counts)


@dataclass(frozen=True)
class _Rewrite:
    """An ``lds.toml`` that is to take the place of another."""

    old: str
    new: str


class Dataset:
    """A folder that ``lds`` manages: a recipe, a manifest, and what the stages made of them.

    Creating the object reads ``lds.toml`` and touches nothing::

        dataset = Dataset.open("digits")
        dataset.apply(split.STAGE, split.Config(group_by=("speaker",)))
    """

    def __init__(self, root: Path, recipe: Recipe, disk: Disk | None = None) -> None:
        self.root = root
        self.recipe = recipe
        self._contents = Contents(root)
        self._disk = disk or Disk(root)
        self._rewrite: _Rewrite | None = None
        self._held: lock.Lock | None = None

    @classmethod
    def open(cls, path: str | Path, *, disk: Disk | None = None) -> Dataset:
        """Open an existing dataset.

        Raises:
            RecipeError: The folder has no ``lds.toml``, or one that cannot be used.
        """
        root = real(Path(path))
        return cls(root, config.read(root), disk)

    @classmethod
    def create(cls, path: str | Path, files: Mapping[str, bytes], *, disk: Disk | None = None) -> Dataset:
        """Make a new dataset from its first files, ``lds.toml`` among them.

        Raises:
            UsageError: One of the files is there already; nothing is written then.
            RecipeError: The text of ``lds.toml`` cannot be used.
        """
        root = real(Path(path))
        recipe = config.parse(files[config.RECIPE].decode())
        for name in files:
            if (root / name).exists():
                raise UsageError(
                    f"{name} is there already", where=str(root / name), hint="edit it, or choose another folder"
                )
        disk = disk or Disk(root)
        # lds.toml comes last: a folder that has it is a complete dataset.
        for name in sorted(files, key=lambda name: name == config.RECIPE):
            write_bytes(disk, root / name, files[name])
        return cls(root, recipe, disk)

    def with_recipe(self, text: str, *, instead_of: str) -> Dataset:
        """Return the dataset with another ``lds.toml``, which is written when a stage has run with it, and not before.

        Args:
            text: The new one.
            instead_of: The old one, which it was made from.

        Raises:
            RecipeError: The new text cannot be used.
        """
        other = Dataset(self.root, config.parse(text), self._disk)
        other._rewrite = _Rewrite(instead_of, text)
        return other

    @property
    def manifest(self) -> pa.Table:
        """The clips, one a row; empty before ``ingest``."""
        return self._contents.manifest

    @property
    def rejected(self) -> pa.Table:
        """The inputs that became no clip."""
        return self._contents.rejected

    def findings(self, stage: str) -> tuple[Finding, ...]:
        """Return what a stage found, or nothing if it has not run."""
        return self._contents.findings(stage)

    def ledger(self) -> Ledger:
        """Read the ledger and check its chain.

        Raises:
            CorruptError: A line is not what was written.
        """
        return self._contents.ledger()

    def features(self, name: str) -> FeatureFiles:
        """Return the features of an extractor, or of a named set: a table, or an array a clip.

        Raises:
            UsageError: There are no such features.
        """
        return FeatureFiles(self.root, name)

    def to_pandas(self) -> pd.DataFrame:
        """Return the manifest as a pandas frame with Arrow-backed columns, so that text stays text."""
        import pandas as pd  # noqa: PLC0415 - half a second that nobody else pays

        frame: pd.DataFrame = self.manifest.to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    def apply(
        self,
        stage: Stage[C],
        section: C | None = None,
        *,
        executor: Executor | None = None,
        progress: Progress | None = None,
        lock_timeout: float = 0.0,
        force: bool = False,
    ) -> Applied:
        """Run a stage and commit what it made, or find that nothing has changed since it last ran.

        Args:
            stage: What to run.
            section: Its configuration; what ``lds.toml`` says if left out.
            executor: What maps over tasks; local processes on all processors if left out.
            progress: How progress is shown; not at all if left out.
            lock_timeout: Seconds to wait while another run holds the dataset.
            force: Run even if it is up to date.

        Raises:
            UsageError: The configuration is out of bounds, or an earlier stage has not run.
            NothingError: Nothing has been ingested, or no row is left.
            LockedError: Another run holds the dataset.
            CorruptError: A file of the dataset is not what the ledger says.
        """
        settings = config.merged(section if section is not None else self._section(stage), {})
        with self._holding(lock_timeout) as held:
            commit.recover(self._disk, self.root)
            interrupted = None if force else journal.unfinished(self.root / commit.STAGING, stage.name)
            run = interrupted or secrets.token_hex(8)
            commit.clean_staging(self._disk, self.root, keep={run})
            known = self.ledger()
            if stage.name != "ingest":  # which makes the tables anew
                self._contents.check_tables(known)
            latest = latest_entries(known)
            self._contents.check_needs(stage, latest)
            workspace = self._workspace(
                stage, known, run, executor or LocalProcesses(), progress or Silent(), force=force
            )
            last = latest.get(stage.name)
            if last and not force and self._contents.is_up_to_date(stage, workspace, settings, last, known):
                self._write_recipe()
                commit.clean_staging(self._disk, self.root)  # of a run that was cut off behind its commit
                return Applied(entry=last, findings=self.findings(stage.name), is_up_to_date=True)
            return self._run(stage, workspace, settings, known, held)

    def _run(self, stage: Stage[C], workspace: Workspace, settings: C, known: Ledger, held: lock.Lock) -> Applied:
        started, clock = _now(), time.perf_counter()
        outcome = stage.run(workspace, settings)
        check_laws(stage, workspace.manifest, outcome)
        written = self._stage_files(stage, workspace, outcome)
        there = {**outcome.kept, **written}
        entry = ledger.next_entry(
            known,
            run=workspace.staging.name,
            stage=stage.name,
            version=stage.version,
            started=started,
            seconds=round(time.perf_counter() - clock, 3),
            config=config.builtins(settings),
            used=stage.inputs(workspace, settings) if outcome.used is None else dict(outcome.used),
            generated={path: ledger.Generated(bytes=file.bytes, sha256=file.sha256) for path, file in there.items()},
            removed=tuple(self._outdated(stage, known, there)),
            agent=agent(),
            counts=self._fates(outcome),
            findings=_tally(outcome),
            report=dict(outcome.report),
        )
        if not held.still_mine():
            raise LockedError("another run has taken the dataset over", where=lock.NAME)
        self._write_recipe()
        self._commit(entry, written)
        for name, table in outcome.caches.items():
            with contextlib.suppress(MachineError):  # it would only save time, and all that counts is committed
                write_parquet(self._disk, self.root / CACHE / name, table, replace=True)
        return Applied(entry=entry, findings=tuple(outcome.findings), is_up_to_date=False)

    @contextlib.contextmanager
    def locked(self, *, timeout: float = 0.0) -> Iterator[Dataset]:
        """Hold the dataset over several stages, so that no other run comes between them.

        Args:
            timeout: Seconds to wait while another run holds it.

        Raises:
            LockedError: Another run holds the dataset.
        """
        with self._holding(timeout) as held:
            other = Dataset(self.root, self.recipe, self._disk)
            other._rewrite, other._held = self._rewrite, held
            yield other

    @contextlib.contextmanager
    def _holding(self, timeout: float) -> Iterator[lock.Lock]:
        if self._held is not None:
            yield self._held
            return
        with lock.locked(self._disk, self.root, secrets.token_hex(8), timeout=timeout) as held:
            yield held

    def is_stale(self, stage: Stage[Any], known: Ledger) -> bool | None:
        """Tell whether a stage would run again; None if it has never run. Reads and hashes, changes nothing."""
        latest = latest_entries(known)
        last = latest.get(stage.name)
        if last is None:
            return None
        # Nothing is written: the folder of this run is never made.
        workspace = self._workspace(stage, known, "none", LocalProcesses(), Silent())
        settings = self._section(stage)
        try:
            self._contents.check_needs(stage, latest)
            return not self._contents.is_up_to_date(stage, workspace, settings, last, known)
        except (UsageError, NothingError):
            return True

    def _write_recipe(self) -> None:
        rewrite, path = self._rewrite, self.root / config.RECIPE
        if rewrite is None or path.read_text(encoding="utf-8") == rewrite.new:
            return
        if path.read_text(encoding="utf-8") != rewrite.old:
            raise UsageError("lds.toml was changed meanwhile", where=config.RECIPE, hint="run the same command again")
        write_bytes(self._disk, path, rewrite.new.encode(), replace=True)

    def _section(self, stage: Stage[C]) -> C:
        section: C = getattr(self.recipe, stage.name)
        return section

    def _workspace(
        self, stage: Stage[Any], known: Ledger, run: str, executor: Executor, progress: Progress, *, force: bool = False
    ) -> Workspace:
        latest = latest_entries(known)
        return Workspace(
            root=self.root,
            staging=self.root / commit.STAGING / run,
            recipe=self.recipe,
            manifest=self._contents.seen_by(stage),
            rejected=tables.rejected_table([]) if stage.name == "ingest" else self.rejected,
            history=latest,
            executor=executor,
            progress=progress,
            disk=self._disk,
            previous=self._contents.previous(stage, known),
            force=force,
        )

    def _stage_files(self, stage: Stage[Any], workspace: Workspace, outcome: Outcome) -> dict[str, Written]:
        written = dict(outcome.files)
        new: dict[str, pa.Table | None] = {
            MANIFEST: outcome.manifest,
            REJECTED: outcome.rejected,
            findings_name(stage.name): tables.findings_table(outcome.findings),
        }
        for path, table in new.items():
            if table is not None:
                repeating, staged = parquet.repeating(table), workspace.staging / path
                written[path] = write_parquet(
                    self._disk, staged, table, compression="zstd", compression_level=1, use_dictionary=repeating
                )
        return written

    def _outdated(self, stage: Stage[Any], known: Ledger, written: Mapping[str, Written]) -> list[str]:
        """Return the files that the stage owns, or made last time, and has not made again."""
        return sorted(
            path
            for path, record in ledger.state(known.entries).items()
            if (record.stage == stage.name or path.startswith(stage.owns))
            and path not in written
            and path not in SHARED
        )

    def _fates(self, outcome: Outcome) -> dict[str, int]:
        manifest = self.manifest if outcome.manifest is None else outcome.manifest
        rejected = self.rejected if outcome.rejected is None else outcome.rejected
        counts: dict[str, int] = msgspec.to_builtins(fates(manifest, rejected))
        return counts

    def _commit(self, entry: Entry, written: Mapping[str, Written]) -> None:
        record = commit.Commit(
            run=entry.run,
            line=ledger.line(entry).decode().removesuffix("\n"),
            moves=tuple(commit.moved(self.root, file, path) for path, file in written.items()),
            removes=entry.removed,
        )
        commit.commit(self._disk, self.root, record)
        commit.clean_staging(self._disk, self.root)


def agent() -> dict[str, str]:
    """Return the versions of what does the work: ``lds``, Python and the libraries that decode, compute and store."""
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "pyarrow", "soundfile", "soxr")}
    return {"lds": __version__, "python": platform.python_version(), **versions}


def _tally(outcome: Outcome) -> dict[str, int]:
    counted = Counter(item.code for item in outcome.findings) if outcome.tally is None else outcome.tally
    return dict(sorted(counted.items()))


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
