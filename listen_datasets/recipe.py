"""What ``lds.toml`` can say: one frozen struct a section.

A key stands here once, with its type, bounds, default and help. :mod:`listen_datasets.config` derives from it the
command-line flag, the check of ``lds.toml`` and the entry in the ledger.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from listen_datasets import licences, profiles
from listen_datasets.features.sections import Features, LogMel, Loudness, Mfcc
from listen_datasets.model import Severity
from listen_datasets.section import FileName, Fraction, Positive, Section, Slug

__all__ = [
    "SPLIT_NAME",
    "About",
    "Author",
    "Card",
    "Dedup",
    "Features",
    "FileName",
    "Ignore",
    "Ingest",
    "LogMel",
    "Loudness",
    "Mfcc",
    "Recipe",
    "Section",
    "Shard",
    "Source",
    "Split",
    "Validate",
]

Url = Annotated[str, Meta(pattern=r"^https?://[^\s]+$")]
Date = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Version = Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$", max_length=64)]
Level = Annotated[float, Meta(ge=-200, le=200)]

SPLIT_NAME = re.compile(r"^\w+(\.\w+)*$", re.ASCII)


def _check_licence(text: str | None) -> None:
    if text and text.strip() and licences.canonical(text) is None:
        raise ValueError(f"{text!r} is no SPDX id of a licence, such as CC-BY-4.0 or LicenseRef-our-terms")


class Author(Section, frozen=True, kw_only=True):
    """One author of the dataset.

    Attributes:
        name: Full name of a person or an organisation.
        orcid: ORCID as a URL.
        affiliation: Where the person works.
    """

    name: Annotated[str, Meta(min_length=1)]
    orcid: Annotated[str, Meta(pattern=r"^https://orcid\.org/[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]$")] | None = None
    affiliation: str | None = None


class About(Section, frozen=True, kw_only=True):
    """Section ``[dataset]``: what only a person can say about the dataset. It ends up in the card."""

    name: Annotated[Slug, Meta(description="Name for machines: lower-case letters, digits, - _ .")]
    title: Annotated[str, Meta(description="Name for people; the name if left out.")] = ""
    version: Annotated[Version, Meta(description="Semantic version of the data.")] = "0.1.0"
    description: Annotated[str, Meta(description="A few sentences; the first paragraph of the card.")] = ""
    license: Annotated[
        str | None, Meta(description="SPDX id of the licence of every clip that has no `license` of its own.")
    ] = None
    authors: Annotated[tuple[Author, ...], Meta(description="Who made it.")] = ()
    url: Annotated[Url | None, Meta(description="Where it is published.")] = None
    contact: Annotated[str | None, Meta(description="Where to write, take-down requests among it.")] = None
    citation: Annotated[str | None, Meta(description="How to cite it, as text or BibTeX.")] = None
    languages: Annotated[tuple[str, ...], Meta(description="ISO 639 codes of the spoken languages.")] = ()
    keywords: Annotated[tuple[str, ...], Meta(description="Tags of the card.")] = ()
    tasks: Annotated[tuple[str, ...], Meta(description="Hugging Face task categories.")] = ()
    published: Annotated[Date | None, Meta(description="Date of publication, YYYY-MM-DD.")] = None
    label: Annotated[str | None, Meta(description="Column that holds the label of a clip.")] = None

    def __post_init__(self) -> None:
        """Refuse a licence that the card could not name."""
        _check_licence(self.license)


class Source(Section, frozen=True, kw_only=True):
    """One ``[[source]]``: a place with recordings, which is read and never written to.

    Attributes:
        name: Name of the source in the manifest.
        path: A folder or an archive, relative to the dataset (or absolute), or a URL; never published. The name of a
            kind and a colon may stand before it, such as ``webdataset:shards``.
        metadata: Tables about the recordings, relative to the dataset; patterns such as ``../audio/**/metadata.csv`` too.
        license: SPDX id of the licence of the recordings in this source.
        allow_http: Whether the source may be read over plain http.
        allow_private_hosts: Hosts that may be asked although they are this machine or in a private network.
    """

    name: Slug
    path: FileName
    metadata: tuple[FileName, ...] = ()
    license: str | None = None
    allow_http: bool = False
    allow_private_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a licence that the card could not name."""
        _check_licence(self.license)


class Ingest(Section, frozen=True, kw_only=True):
    """Section ``[ingest]``."""

    join_key: Annotated[
        str | None,
        Meta(description="Column of the metadata that names the recording; found by its usual names if left out."),
    ] = None
    max_reject: Annotated[
        Fraction,
        Meta(description="Commit nothing if a larger share of the inputs (and more than 20) is rejected."),
    ] = 0.05
    spans: Annotated[
        bool,
        Meta(
            description="Rows with `start` and `end`, `offset` and `duration`, or `start` and `duration` (in seconds) are "
            "clips cut out of their recordings."
        ),
    ] = True
    label_from_folder: Annotated[
        bool, Meta(description="Add the name of the folder that a recording lies in as its label.")
    ] = False
    tags: Annotated[
        tuple[str, ...],
        Meta(
            description="Embedded tags to keep, such as title, artist, album or date; * for all that hold nothing personal."
        ),
    ] = ()
    trust_stat: Annotated[
        bool,
        Meta(description="Take files of unchanged size and time for unchanged, without reading them."),
    ] = False
    how: ClassVar[frozenset[str]] = frozenset({"max-reject", "trust-stat"})


class Ignore(Section, frozen=True, kw_only=True):
    """One ``[[validate.ignore]]``: findings that are known and meant.

    Attributes:
        code: Their code.
        reason: Why they may be ignored; it ends up in the report.
        path: Recording or table that they are about, as a pattern in which ``*`` stands for anything, ``/`` too.
        column: Column that they are about.
        value: The offending value, as findings show it.
        until: Version of the dataset with which the entry expires.
    """

    code: str
    reason: Annotated[str, Meta(min_length=1)]
    path: str | None = None
    column: str | None = None
    value: str | None = None
    until: Version | None = None


class Validate(Section, frozen=True, kw_only=True):
    """Section ``[validate]``: thresholds of the rules. They judge what ingest measured; no audio is read."""

    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = profiles.VALIDATE
    profile: Annotated[
        Literal["speech", "music", "sound-event", "strict"] | None,
        Meta(description="What such recordings are usually held to: the values of other keys, unless they are given."),
    ] = None
    exclude_errors: Annotated[
        bool, Meta(description="Keep clips that have an error out of splits and shards (they stay in the manifest).")
    ] = True
    disable: Annotated[tuple[str, ...], Meta(description="Finding codes that are not looked for.")] = ()
    levels: Annotated[
        dict[str, Severity], Meta(description="Other severities than the usual ones, by finding code.")
    ] = msgspec.field(default_factory=dict)
    ignore: Annotated[
        tuple[Ignore, ...], Meta(description="Findings that are known and meant, each with the reason why.")
    ] = ()
    label_columns: Annotated[
        tuple[str, ...],
        Meta(description="Columns searched for two spellings of one value; those of labels and groups if left out."),
    ] = ()
    min_duration: Annotated[Positive, Meta(description="Shortest clip allowed, in seconds.")] = 0.01
    max_duration: Annotated[Positive | None, Meta(description="Longest clip allowed, in seconds; any if left out.")] = (
        None
    )
    duration_tolerance: Annotated[
        Positive, Meta(description="Largest difference between declared and measured duration, in seconds.")
    ] = 0.05
    max_clipped_fraction: Annotated[Fraction, Meta(description="Largest share of clipped samples.")] = 0.01
    max_silent_fraction: Annotated[Fraction, Meta(description="Largest share of silent windows.")] = 0.99
    max_leading_silence: Annotated[Positive, Meta(description="Longest silence at the beginning, in seconds.")] = 2.0
    max_trailing_silence: Annotated[Positive, Meta(description="Longest silence at the end, in seconds.")] = 2.0
    max_dropouts: Annotated[int, Meta(ge=0, description="Most holes of zeros inside the signal.")] = 0
    max_dc_offset: Annotated[Fraction, Meta(description="Largest DC offset; full scale is 1.")] = 0.02
    min_loudness: Annotated[Level, Meta(description="Lowest integrated loudness, in LUFS.")] = -55.0
    max_loudness: Annotated[Level, Meta(description="Highest integrated loudness, in LUFS.")] = 0.0
    min_snr: Annotated[
        Level | None,
        Meta(description="Lowest estimated signal-to-noise ratio, in dB; not judged if left out (use it for speech)."),
    ] = None
    min_bandwidth_ratio: Annotated[
        Fraction,
        Meta(
            description="Smallest bandwidth as a share of half the sample rate; 0 for any, as a drum or a hum has none (use it "
            "for speech)."
        ),
    ] = 0.0
    min_cutoff_ratio: Annotated[
        Fraction, Meta(description="Smallest cutoff of a lossless recording as a share of half the sample rate.")
    ] = 0.75
    min_channel_correlation: Annotated[
        float, Meta(ge=-1, le=1, description="Lowest correlation of two channels; -1 is inverted polarity.")
    ] = -0.9
    sample_rates: Annotated[tuple[int, ...], Meta(description="Sample rates allowed, in Hz; any if left out.")] = ()
    num_channels: Annotated[tuple[int, ...], Meta(description="Channel counts allowed; any if left out.")] = ()
    max_deviation: Annotated[
        Positive,
        Meta(
            description="Farthest from the median that a duration, a loudness or a speaking rate may lie, in standard "
            "deviations estimated from medians."
        ),
    ] = 10.0
    transcript_columns: Annotated[
        tuple[str, ...],
        Meta(description="Columns with transcripts; transcript, transcription, text, sentence, utterance if left out."),
    ] = ()
    min_speaking_rate: Annotated[
        Positive, Meta(description="Fewest letters and digits of a transcript for a second of sound.")
    ] = 0.1
    max_speaking_rate: Annotated[
        Positive, Meta(description="Most letters and digits of a transcript for a second of sound.")
    ] = 40.0
    unique_columns: Annotated[
        tuple[str, ...],
        Meta(description="Columns in which no value may stand twice; those that the schema marks with x-unique too."),
    ] = ()
    min_class_duration: Annotated[
        float, Meta(ge=0, le=1e9, description="Least time that all clips of a class last together, in seconds.")
    ] = 0.0
    min_class_clips: Annotated[int, Meta(ge=0, description="Fewest clips of a class.")] = 2
    max_class_imbalance: Annotated[
        float, Meta(ge=1, le=1e9, description="Most clips of the largest class for one of the smallest.")
    ] = 100.0
    max_shortcut: Annotated[
        Fraction,
        Meta(
            description="Largest correlation (phi) of a class with a technical fact, such as the codec or the loudness."
        ),
    ] = 0.9


class Dedup(Section, frozen=True, kw_only=True):
    """Section ``[dedup]``."""

    level: Annotated[
        Literal["exact", "pcm", "near"],
        Meta(
            description="What counts as a copy: the file's bytes (exact), the decoded samples as well (pcm), or what sounds the same "
            "as well: re-encoded, resampled, louder, cut, with noise (near)."
        ),
    ] = "near"
    min_score: Annotated[Fraction, Meta(description="Lowest score of a near duplicate.")] = 0.7
    keep: Annotated[
        tuple[Literal["lossless", "longer", "sample_rate", "metadata", "path"], ...],
        Meta(description="Which of several copies is kept: what decides first, then second, and so on."),
    ] = ("lossless", "longer", "sample_rate", "metadata", "path")
    keep_all: Annotated[bool, Meta(description="Only group the copies, and publish all of them.")] = False


USUAL_RATIOS: Mapping[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}

_CONTRADICTIONS = (
    ("folds", "ratios", "folds are equal; leave one of them out"),
    ("folds", "leave-one-group-out", "folds are counted or made of groups; group-by the column, or leave folds out"),
        ("folds", "time-by", "a fold is the test set once, and then what comes later would be trained on; give ratios"),
    ("leave-one-group-out", "ratios", "each group is a fold whatever its size; leave ratios out, or group-by the column"),
    ("leave-one-group-out", "stratify-by", "the groups decide; group-by the column and give folds to balance labels"),
    ("leave-one-group-out", "balance", "the groups decide and nothing is left to balance; leave balance out"),
    ("leave-one-group-out", "time-by", "both say which clips are tested; leave one of them out"),
    ("leave-one-group-out", "official", "both say which clips are tested; leave one of them out"),
    ("time-by", "stratify-by", "time decides and nothing is left to balance; leave stratify-by out, or time-by"),
    ("time-by", "official", "published splits need not follow time; leave one of them out"),
)  # fmt: skip


class Split(Section, frozen=True, kw_only=True):
    """Section ``[split]``."""

    ratios: Annotated[
        dict[str, Fraction],
        Meta(
            description="Share of the clips that each split is to get; they sum to 1. A split of 0 is none, or holds what "
            "--official says and nothing else."
        ),
    ] = msgspec.field(default_factory=lambda: dict(USUAL_RATIOS))
    balance: Annotated[
        Literal["clips", "seconds"], Meta(description="What ratios and proportions are measured in.")
    ] = "clips"
    group_by: Annotated[
        tuple[str, ...],
        Meta(
            description="Columns whose values never straddle splits, such as speaker; what is linked through other clips "
            "stays together too."
        ),
    ] = ()
    stratify_by: Annotated[
        tuple[str, ...],
        Meta(
            description="Columns whose proportions each split is to keep, such as label. Several are taken together; each "
            "value of a column of lists is a label of its own."
        ),
    ] = ()
    folds: Annotated[
        Annotated[int, Meta(ge=2, le=1000)] | None,
        Meta(description="Make so many equal folds, fold_1 and on, for cross-validation."),
    ] = None
    leave_one_group_out: Annotated[
        str | None, Meta(description="Make a fold of each value of a column, such as site, for cross-validation.")
    ] = None
    time_by: Annotated[
        str | None,
        Meta(
            description="Column of dates or numbers: whatever is in a later split (test after validation after train, or the "
            "order of the ratios) comes after all of an earlier one."
        ),
    ] = None
    official: Annotated[
        str | None,
        Meta(description="Column with splits that were published: they are kept, and clips without one join them."),
    ] = None
    max_per_group: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Most clips of a group; the rest, chosen by the seed, is left out of all splits."),
    ] = None
    min_per_class: Annotated[
        int,
        Meta(
            ge=0, description="Fewest clips of each value of stratify-by that every split must get; else it is refused."
        ),
    ] = 0
    assignment: Annotated[
        Literal["stable", "anew"],
        Meta(
            description="What becomes of clips that have a split already: stable keeps them there, and deals out new clips "
            "alone; anew assigns all clips again."
        ),
    ] = "stable"
    seed: Annotated[
        int, Meta(ge=0, le=2**63 - 1, description="Another seed gives another split of the same quality.")
    ] = 0

    def __post_init__(self) -> None:
        """Refuse ratios that do not sum to 1, names that no reader of the shards accepts, and keys that contradict."""
        if not self.ratios or not math.isclose(sum(self.ratios.values()), 1.0, abs_tol=1e-9):
            raise ValueError(f"ratios sum to {sum(self.ratios.values()):g}, not to 1")
        for name in self.ratios:
            if not SPLIT_NAME.match(name):
                raise ValueError(f"{name!r} is no split name: letters, digits, _ and . only")
        for one, other, why in _CONTRADICTIONS:
            if self._says(one) and self._says(other):
                raise ValueError(f"{one} and {other} exclude each other: {why}")
        if self.min_per_class and not self.stratify_by:
            raise ValueError("min-per-class counts clips of a label: name its column in stratify-by")

    def _says(self, key: str) -> bool:
        value = getattr(self, key.replace("-", "_"))
        return bool(value not in (None, (), "clips")) and value != USUAL_RATIOS


class Shard(Section, frozen=True, kw_only=True):
    """Section ``[shard]``."""

    max_shard_size: Annotated[
        int, Meta(ge=1_000_000, le=50_000_000_000, description="Bytes of audio after which a new shard begins.")
    ] = 500_000_000
    class_labels: Annotated[
        tuple[str, ...], Meta(description="Columns stored as class labels; the label column of [dataset] if left out.")
    ] = ()
    features: Annotated[
        tuple[str, ...],
        Meta(description="Features, by extractor or named set, that are published beside the sound; none if left out."),
    ] = ()
    allow_unlicensed: Annotated[bool, Meta(description="Publish clips whose licence is not known.")] = False


class Card(Section, frozen=True, kw_only=True):
    """Section ``[card]``."""

    datasheet: Annotated[
        FileName | None, Meta(description="YAML file with the answers that only people can give, by question id.")
    ] = None
    require: Annotated[
        tuple[str, ...], Meta(description="Questions of the datasheet that must be answered, such as col.consent.")
    ] = ()


class Recipe(Section, frozen=True, kw_only=True):
    """The whole of ``lds.toml``."""

    dataset: About
    source: tuple[Source, ...] = ()
    metadata_schema: Annotated[FileName, Meta(description="JSON Schema of the metadata.")] = "metadata.schema.json"
    ingest: Ingest = Ingest()
    validate: Validate = Validate()
    dedup: Dedup = Dedup()
    features: Features = Features()
    split: Split = msgspec.field(default_factory=Split)
    shard: Shard = Shard()
    card: Card = Card()

    def __post_init__(self) -> None:
        """Refuse two sources of one name: the manifest tells them apart by it."""
        names = [source.name for source in self.source]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two sources are called {name!r}")
