"""A stage: a frozen value that says what a step needs, what it adds, and how to run it.

A stage never changes the dataset. It reads what it is given in a :class:`Workspace`, writes new files below the
workspace's staging folder, and returns an :class:`Outcome`; :class:`listen_datasets.dataset.Dataset` commits it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import digest, parquet, tables
from listen_datasets.errors import InternalError, RecipeError
from listen_datasets.executors import Executor
from listen_datasets.ledger import Entry
from listen_datasets.model import Counts, Fate, Finding
from listen_datasets.progress import Progress
from listen_datasets.recipe import Recipe, Section
from listen_datasets.sources import local_folder, store
from listen_datasets.storage import Disk, Written
from listen_datasets.stores import Store

C = TypeVar("C", bound=Section)

CACHE = ".lds/cache"
"""Folder of what saves time, in a dataset."""


class Previous:
    """What the last run of a stage left; read when it is asked for, and once.

    Args:
        entry: Its entry in the ledger.
        manifest: Reads all of the manifest as it is.
        rejected: Reads the inputs that became no clip.
        findings: Reads what the stage found.
        files: Its other files that are as it wrote them.

    Attributes:
        entry: Its entry in the ledger.
        files: Its other files that are as it wrote them.
    """

    def __init__(
        self,
        entry: Entry,
        manifest: Callable[[], pa.Table],
        rejected: Callable[[], pa.Table],
        findings: Callable[[], Sequence[Finding]],
        files: Sequence[Path] = (),
    ) -> None:
        self.entry = entry
        self.files = files
        self._manifest = manifest
        self._rejected = rejected
        self._findings = findings

    @functools.cached_property
    def manifest(self) -> pa.Table:
        """All of the manifest as it is."""
        return self._manifest()

    @functools.cached_property
    def rejected(self) -> pa.Table:
        """The inputs that became no clip."""
        return self._rejected()

    @functools.cached_property
    def findings(self) -> Sequence[Finding]:
        """What the stage found."""
        return self._findings()


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """What a stage may see of a dataset while it runs.

    Attributes:
        root: The dataset's folder: read only for a stage.
        staging: Where the run writes, laid out like `root`; nothing there exists for readers.
        recipe: ``lds.toml``.
        manifest: The clips, with the columns of earlier stages and the user's (none of this stage's or a later one's).
        rejected: Inputs that became no clip.
        history: The latest ledger entry of each stage that ran, by name.
        executor: What maps over tasks.
        progress: How progress is shown.
        disk: What writes.
        previous: What the last run of the stage left, for the stage that can build on it (ingest) and while it is intact.
        force: Whether everything is to be done again, whatever is known.
        memory: What the stage learnt when it was asked for its inputs, so that its run need not ask again.
    """

    root: Path
    staging: Path
    recipe: Recipe
    manifest: pa.Table
    rejected: pa.Table
    history: Mapping[str, Entry]
    executor: Executor
    progress: Progress
    disk: Disk
    previous: Previous | None = None
    force: bool = False
    memory: dict[str, Any] = field(default_factory=dict)

    def stores(self) -> dict[str, Store]:
        """Return where the recordings of every source lie, by its name; an archive is fetched and unpacked once.

        Raises:
            RecipeError: There is nothing there that can be a source, or packages are missing.
            MachineError: A place cannot be reached.
        """
        from listen_datasets.stores.shared import shared  # noqa: PLC0415 - start-up time: few commands read a source

        return {source.name: shared(store(self.root, source, may_be_away=True)) for source in self.recipe.source}

    def cache(self, name: str) -> pa.Table | None:
        """Return a table that an earlier run kept to save time; None if it is not there or damaged."""
        path = self.root / CACHE / name
        try:
            return parquet.contents(path)
        except (pa.ArrowException, OSError):
            return None

    def source_roots(self) -> dict[str, Path]:
        """Return the folder of every source that is a folder of this machine, by its name."""
        found = {source.name: local_folder(self.root, source.path) for source in self.recipe.source}
        return {name: folder for name, folder in found.items() if folder is not None}

    def beside(self, name: str) -> Path:
        """Return the path of a file that the recipe names, relative to the dataset."""
        return self.root / name

    def digest(self, columns: Sequence[str]) -> str:
        """Return the digest of some columns of the manifest.

        Raises:
            RecipeError: The manifest has no such column.
        """
        self.require(columns)
        return digest.of_table(self.manifest, columns)

    def require(self, columns: Sequence[str]) -> None:
        """Refuse columns that the manifest does not have, naming those that it has."""
        for name in columns:
            if name not in self.manifest.column_names:
                users = ", ".join(sorted(tables.user_columns(self.manifest))) or "none"
                raise RecipeError(f"the manifest has no column {name!r}", hint=f"columns of your metadata: {users}")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a stage did.

    Attributes:
        manifest: The manifest with the columns that the stage adds; None if it adds none.
        rejected: The new ``rejected.parquet``; None if unchanged.
        findings: What is wrong with the data.
        files: Files written below the staging folder, by their path in the dataset.
        report: Small JSON summary for people and the ledger: no clock, path of the machine, or worker count.
        tally: Number of findings by code, where more were made than are kept in `findings`.
        kept: Files of the last run that stay as they are, by path in the dataset.
        used: What `Stage.inputs` would say, where the stage has learnt it anyway; asked for if None.
        caches: Tables that save time in the next run and may be lost at any time, by their name.
    """

    manifest: pa.Table | None = None
    rejected: pa.Table | None = None
    findings: Sequence[Finding] = ()
    files: Mapping[str, Written] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    tally: Mapping[str, int] | None = None
    used: Mapping[str, str] | None = None
    caches: Mapping[str, pa.Table] = field(default_factory=dict)
    kept: Mapping[str, Written] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Stage(Generic[C]):
    """A step of the job.

    Attributes:
        name: Also the command, the module and the section of ``lds.toml``.
        version: Changes whenever the same input would give another output.
        config: Type of its section of ``lds.toml``.
        run: Does the work: pure but for new files below the staging folder.
        inputs: Digests of everything that the output depends on besides config and version; equal inputs mean that
            the stage is up to date.
        needs: Stages that must have run before.
        owns: Prefixes of paths in the dataset that a new run replaces as a whole.
    """

    name: str
    version: str
    config: type[C]
    run: Callable[[Workspace, C], Outcome]
    inputs: Callable[[Workspace, C], dict[str, str]]
    needs: tuple[str, ...] = ("ingest",)
    owns: tuple[str, ...] = ()

    @property
    def adds(self) -> tuple[str, ...]:
        """Columns that the stage adds to the manifest."""
        return tables.added_by(self.name)


def is_published(manifest: pa.Table) -> pa.ChunkedArray:
    """Return a mask (n clips) of those that nothing keeps from being published."""
    mask = pa.chunked_array([pa.array([True] * manifest.num_rows, pa.bool_())])
    for name in ("excluded_by", "duplicate_of", "left_out_by"):
        if name in manifest.column_names:
            mask = pc.and_(mask, pc.is_null(manifest.column(name)))
    return mask


def fates(manifest: pa.Table, rejected: pa.Table) -> Counts:
    """Count the fates of all inputs: each row of the manifest and of the rejected has exactly one.

    Raises:
        InternalError: They do not sum to the inputs.
    """
    kept = pc.sum(is_published(manifest)).as_py() or 0
    duplicate = excluded = 0
    if "excluded_by" in manifest.column_names:
        excluded = manifest.num_rows - manifest.column("excluded_by").null_count
    if "duplicate_of" in manifest.column_names:
        marked = pc.is_valid(manifest.column("duplicate_of"))
        if "excluded_by" in manifest.column_names:
            marked = pc.and_(marked, pc.is_null(manifest.column("excluded_by")))
        duplicate = pc.sum(marked).as_py() or 0
    if "left_out_by" in manifest.column_names:
        excluded += manifest.num_rows - manifest.column("left_out_by").null_count  # of clips that nothing else excludes
    unreadable = pc.sum(pc.equal(rejected.column("fate"), Fate.UNREADABLE)).as_py() or 0
    return Counts(
        inputs=manifest.num_rows + rejected.num_rows,
        kept=kept,
        duplicate=duplicate,
        excluded=excluded,
        rejected=rejected.num_rows - unreadable,
        unreadable=unreadable,
    ).checked()


def check_laws(stage: Stage[Any], before: pa.Table, outcome: Outcome) -> None:
    """Hold an outcome to the laws of a stage: same clips in the same order, and just the columns it adds.

    Raises:
        InternalError: The stage breaks a law: a bug in ``lds``.
    """
    after = outcome.manifest
    if after is None or stage.name == "ingest":
        return
    if after.column("clip_id") != before.column("clip_id"):
        raise InternalError(f"the stage {stage.name} changed the clips of the manifest")
    if set(after.column_names) != set(before.column_names) | set(stage.adds):
        raise InternalError(f"the stage {stage.name} adds {stage.adds} but gave {after.column_names}")
