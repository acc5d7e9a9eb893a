"""Everything the documents say about a dataset, gathered once from what was written."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listen_datasets import licences, tables
from listen_datasets.errors import CorruptError
from listen_datasets.huggingface import features
from listen_datasets.ledger import Entry
from listen_datasets.model import Counts
from listen_datasets.recipe import About

SPLIT_ORDER = ("train", "validation", "test")
_QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)


@dataclass(frozen=True, kw_only=True)
class ShardFacts:
    """One shard: path relative to ``dist``, split, size in bytes, hex sha256, rows."""

    path: str
    split: str
    bytes: int
    sha256: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class SplitFacts:
    """One split: clips, seconds of audio, and the bytes its rows take in memory (Arrow)."""

    name: str
    clips: int
    seconds: float
    num_bytes: int


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the shards.

    Attributes:
        name: Its name there.
        type: Its Arrow type.
        description: What it holds; empty if nobody has said it.
        unit: Unit of its numbers.
        labels: Names of the classes, if it holds class labels.
        is_audio: Holds the recordings.
        nulls: Clips without a value.
    """

    name: str
    type: pa.DataType
    description: str = ""
    unit: str = ""
    labels: tuple[str, ...] = ()
    is_audio: bool = False
    nulls: int = 0


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts.

    Attributes:
        about: What a person said in ``[dataset]``.
        clips: The published clips with all columns but the audio, and ``split``.
        splits: In the order train, validation, test, others.
        shards: Sorted by path.
        columns: In the order of the shards.
        sampling_rate: Hz, if all clips share it.
        counts: Fates of all inputs.
        findings: Number of findings by code, over all stages.
        entries: Latest ledger entry of each stage.
        licences: Of the published clips.
    """

    about: About
    clips: pa.Table
    splits: Sequence[SplitFacts]
    shards: Sequence[ShardFacts]
    columns: Sequence[Column]
    sampling_rate: int | None
    counts: Counts
    findings: Mapping[str, int]
    entries: Mapping[str, Entry]
    licences: licences.Summary

    @property
    def title(self) -> str:
        """Name for people."""
        return self.about.title or self.about.name

    @property
    def seconds(self) -> float:
        """Length of all published audio."""
        return sum(split.seconds for split in self.splits)

    @property
    def label(self) -> Column | None:
        """The column of class labels that the recipe names first, if there is one."""
        labelled = [column for column in self.columns if column.labels]
        return next((column for column in labelled if column.name == self.about.label), next(iter(labelled), None))

    @property
    def users(self) -> Sequence[Column]:
        """The columns that came with the user's metadata."""
        owned = tables.owned_columns()
        return [column for column in self.columns if column.name not in owned and not column.is_audio]

    @property
    def licence_counts(self) -> dict[str, int]:
        """Clips by licence, most frequent first; the empty text means none."""
        return {item.name or "": item.clips for item in self.licences.licences}

    @property
    def unknown_licences(self) -> int:
        """Clips whose licence is missing, or one whose terms are not known."""
        return sum(item.clips for item in self.licences.licences if item.terms is None)

    def tally(self, name: str) -> dict[str, int]:
        """Return clips by value of a column, most frequent first; nulls left out."""
        counted = Counter(str(value) for value in self.clips[name].to_pylist() if value is not None)
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    def quantiles(self, name: str) -> list[float] | None:
        """Return minimum, 5 %, median, 95 % and maximum of a column; None if no clip has a value."""
        values = pc.quantile(self.clips[name], list(_QUANTILES)).to_pylist()
        return None if values[0] is None else values


def gather(dist: Path, about: About, entries: Mapping[str, Entry], counts: Counts) -> Facts:
    """Read the shards (all but the audio) and the ledger.

    Args:
        dist: The folder of the published dataset.
        about: The section ``[dataset]``.
        entries: Latest ledger entry of each stage; ``shard`` among them.
        counts: Fates of the inputs.

    Raises:
        CorruptError: The shards are not those that the ledger knows.
    """
    shards = tuple(_shards(dist, entries["shard"]))
    schema = pq.read_schema(dist / shards[0].path)
    embedded = {name: feature for name, feature in features(schema).items() if feature["_type"] == "Audio"}
    plain = [name for name in schema.names if name not in embedded]
    parts = [_part(dist, shard, plain) for shard in shards]
    clips = pa.concat_tables(parts).combine_chunks()
    found = Counter[str]()
    for entry in entries.values():
        found.update(entry.findings)
    return Facts(
        about=about,
        clips=clips,
        splits=_splits(clips, plain),
        shards=shards,
        columns=[_column(schema, name, clips) for name in schema.names],
        sampling_rate=next((feature.get("sampling_rate") for feature in embedded.values()), None),
        counts=counts,
        findings=dict(sorted(found.items())),
        entries=entries,
        licences=licences.summary(Counter(clips["license"].to_pylist())),
    )


def rank(split: str) -> tuple[int, str]:
    """Return the place of a split among others: train, validation, test, then by name."""
    return (SPLIT_ORDER.index(split) if split in SPLIT_ORDER else len(SPLIT_ORDER), split)


def _shards(dist: Path, entry: Entry) -> Iterator[ShardFacts]:
    for path, made in sorted(entry.generated.items()):
        if path.startswith("dist/data/"):
            file = dist / path.removeprefix("dist/")
            if not file.is_file() or file.stat().st_size != made.bytes or _sha256(file) != made.sha256:
                raise CorruptError(
                    f"{path} is not the shard that was written", where=path, hint="lds verify, then lds shard --force"
                )
            name = file.name
            rows = pq.read_metadata(file).num_rows
            relative = path.removeprefix("dist/")
            split = name[: name.rindex("-of-")].rsplit("-", 1)[0]
            yield ShardFacts(path=relative, split=split, bytes=made.bytes, sha256=made.sha256, rows=rows)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _part(dist: Path, shard: ShardFacts, names: Sequence[str]) -> pa.Table:
    table = pq.read_table(dist / shard.path, columns=list(names), partitioning=None)
    return table.append_column("split", pa.array([shard.split] * shard.rows, pa.string())).replace_schema_metadata(None)


def _splits(clips: pa.Table, plain: Sequence[str]) -> list[SplitFacts]:
    found = []
    for name in sorted(set(clips["split"].to_pylist()), key=rank):
        rows = clips.filter(pc.equal(clips["split"], name)).combine_chunks()
        # The audio column in memory: its bytes, a path a clip (id and suffix), and two 32-bit offsets.
        audio = pc.sum(rows["bytes"]).as_py() + rows.num_rows * (len("-.flac") + 20 + 8)
        found.append(
            SplitFacts(
                name=name,
                clips=rows.num_rows,
                seconds=pc.sum(rows["duration"]).as_py(),
                num_bytes=rows.select(list(plain)).nbytes + audio,
            )
        )
    return found


def _column(schema: pa.Schema, name: str, clips: pa.Table) -> Column:
    field = schema.field(name)
    feature = features(schema).get(name, {})
    notes = field.metadata or {}
    return Column(
        name=name,
        type=field.type,
        description=notes.get(b"description", b"").decode(),
        unit=notes.get(b"unit", b"").decode(),
        labels=tuple(feature.get("names", ())),
        is_audio=feature.get("_type") == "Audio",
        nulls=clips[name].null_count if name in clips.column_names else 0,
    )
