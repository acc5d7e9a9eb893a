"""What all documents of a dataset say, gathered once, so that they cannot disagree.

What is said of clips is counted in the shards, as they were written; fates come from the manifest, and what was done
from the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from listen_datasets.documents.published import SplitFiles
from listen_datasets.leakage import Relation
from listen_datasets.licences import Summary
from listen_datasets.model import Counts, Fate, Severity
from listen_datasets.recipe import About

Owner = Literal["recording", "metadata", "lds"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the shards.

    Attributes:
        name: As the shards have it.
        type: Its Arrow type.
        owner: ``recording`` (the sound), ``metadata`` (the user's table) or ``lds`` (measured or assigned).
        description: One sentence; empty if nobody has described it.
        unit: Such as ``Hz``; None if it has none.
        classes: Names of the classes of a label column, by position.
        missing: Clips without a value.
        distinct: Distinct values; None for lists and structs.
    """

    name: str
    type: pa.DataType
    owner: Owner
    description: str
    unit: str | None = None
    classes: tuple[str, ...] = ()
    missing: int = 0
    distinct: int | None = None


@dataclass(frozen=True, kw_only=True)
class Split:
    """A split: its files, and how much sound is in it."""

    files: SplitFiles
    seconds: float

    @property
    def name(self) -> str:
        """Name of the split."""
        return self.files.name

    @property
    def clips(self) -> int:
        """Number of clips."""
        return self.files.clips


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How often the values of a column occur.

    Attributes:
        column: The column.
        counts: Clips in each split (by split), by value, most frequent values first; None is no value.
    """

    column: str
    counts: Mapping[str | None, Mapping[str, int]]

    def totals(self) -> dict[str | None, int]:
        """Return the clips of each value."""
        return {value: sum(by_split.values()) for value, by_split in self.counts.items()}


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """The distribution of a measured number over the clips.

    Attributes:
        column: The column.
        unit: Its unit; empty if it has none.
        clips: Clips that have a value.
        quantiles: Minimum, 5 %, median, 95 %, maximum (linear interpolation); None if no clip has a value.
    """

    column: str
    unit: str
    clips: int
    quantiles: tuple[float, ...] | None


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """A source of recordings, and what of it was published."""

    name: str
    clips: int
    seconds: float
    license: str | None


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why inputs met a fate other than being kept: how many, by code."""

    fate: Fate
    code: str
    inputs: int


@dataclass(frozen=True, kw_only=True)
class FindingTally:
    """How often a stage found something."""

    stage: str
    code: str
    severity: Severity
    findings: int
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How far the values of a column keep to one split.

    Attributes:
        column: The column.
        is_group: Whether the recipe asked for it; otherwise it holds always.
        relation: Counted over the published clips of all splits.
        values: Distinct values in each split, by split.
    """

    column: str
    is_group: bool
    relation: Relation
    values: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class StageFacts:
    """A stage that the published clips went through.

    Attributes:
        name: The stage.
        version: Its version.
        config: Its whole configuration.
        changed: Those of its settings that differ from the defaults.
        used: Digests of what it depended on, by name.
        counts: Fates of the inputs after it.
        findings: Number of findings by code.
        report: Its small summary.
        agent: Versions at work.
    """

    name: str
    version: str
    config: Mapping[str, Any]
    changed: Mapping[str, Any]
    used: Mapping[str, str]
    counts: Mapping[str, int]
    findings: Mapping[str, int]
    report: Mapping[str, Any]
    agent: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Personal:
    """Signs of personal data in the published columns: counts, never values.

    Attributes:
        emails: Values that hold something like an e-mail address.
        telephones: Values that hold something like an international telephone number.
        columns: Names of columns that usually describe people or where they were.
    """

    emails: int
    telephones: int
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Period:
    """The dates in a column of the metadata, as text that begins with a year.

    Attributes:
        column: The column.
        clips: Clips that have a date.
        first: The earliest.
        last: The latest.
    """

    column: str
    clips: int
    first: str
    last: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that the documents say.

    Attributes:
        about: What a person said in ``[dataset]``.
        lds_version: Version of ``lds`` that writes the documents.
        splits: The splits, train, validation and test first.
        columns: Of the shards, in their order.
        sampling_rate: In Hz, if all recordings share it.
        recordings: Recordings that the clips come from.
        cut: Clips that are but a part of their recording, by the suffix of the file that they are stored as.
        labels: Label columns, the one of the recipe first.
        categories: The user's other columns that have few values.
        formats: Containers, codecs, sample rates, channels, widths and decoders.
        quantities: Measured numbers.
        sources: The sources of the recordings.
        fates: Of all inputs.
        reasons: Why inputs were not kept.
        unlicensed: Kept clips that were not published because their licence is not known.
        findings: What the stages found, by code.
        separations: What keeps the splits apart.
        licences: What the clips may be used for.
        personal: Signs of personal data.
        periods: Dates in the user's columns.
        links: Values of the user's columns that are URLs.
        stages: What was done, in order.
    """

    about: About
    lds_version: str
    splits: tuple[Split, ...]
    columns: tuple[Column, ...]
    sampling_rate: int | None
    recordings: int
    cut: Mapping[str, int]
    labels: tuple[Tally, ...]
    categories: tuple[Tally, ...]
    formats: tuple[Tally, ...]
    quantities: tuple[Quantity, ...]
    sources: tuple[SourceFacts, ...]
    fates: Counts
    reasons: tuple[Reason, ...]
    unlicensed: int
    findings: tuple[FindingTally, ...]
    separations: tuple[Separation, ...]
    licences: Summary
    personal: Personal
    periods: tuple[Period, ...]
    links: int
    stages: tuple[StageFacts, ...]

    @property
    def title(self) -> str:
        """The name for people, on one line."""
        return " ".join((self.about.title or self.about.name).split())

    @property
    def citation(self) -> str | None:
        """How to cite it: in the makers' words, or else made from what they said; None without authors."""
        about = self.about
        if about.citation or not about.authors:
            return about.citation
        names = "; ".join(author.name for author in about.authors)
        year = f" {about.published[:4]}." if about.published else ""
        place = f" {about.url}" if about.url else ""
        return f"{names}. {self.title} (version {about.version}).{year}{place}"

    @property
    def clips(self) -> int:
        """Number of published clips."""
        return sum(split.clips for split in self.splits)

    @property
    def cut_clips(self) -> int:
        """Number of published clips that are but a part of their recording."""
        return sum(self.cut.values())

    @property
    def seconds(self) -> float:
        """Length of the published sound."""
        return sum(split.seconds for split in self.splits)

    @property
    def download_bytes(self) -> int:
        """Length of all shards."""
        return sum(split.files.download_bytes for split in self.splits)

    @property
    def shards(self) -> int:
        """Number of shards."""
        return sum(len(split.files.shards) for split in self.splits)

    def column(self, name: str) -> Column:
        """Return a column of the shards by its name."""
        return next(column for column in self.columns if column.name == name)

    def stage(self, name: str) -> StageFacts | None:
        """Return what a stage did, or None if the clips did not go through it."""
        return next((stage for stage in self.stages if stage.name == name), None)
