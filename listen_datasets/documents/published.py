"""What was published, read back from the shards: every column but the sound itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listen_datasets import cutting, digest, huggingface
from listen_datasets.errors import CorruptError, UsageError
from listen_datasets.ledger import FileRecord
from listen_datasets.publication import LICENSE

FOLDER = "dist/"
DATA = "data/"
USUAL_SPLITS = ("train", "validation", "test")

_RERUN = "run `lds shard` again"
_STORED_AS = "audio.path"


@dataclass(frozen=True, kw_only=True)
class ShardFile:
    """A shard.

    Attributes:
        path: Relative to ``dist``.
        bytes: Its length.
        sha256: Hex digest.
        clips: Its rows.
    """

    path: str
    bytes: int
    sha256: str
    clips: int


@dataclass(frozen=True, kw_only=True)
class SplitFiles:
    """The shards of a split.

    Attributes:
        name: The split.
        shards: In the order of their names.
        num_bytes: Size of the rows in Arrow, sound included, as ``datasets`` counts it.
    """

    name: str
    shards: tuple[ShardFile, ...]
    num_bytes: int

    @property
    def clips(self) -> int:
        """Number of rows."""
        return sum(shard.clips for shard in self.shards)

    @property
    def download_bytes(self) -> int:
        """Length of the files."""
        return sum(shard.bytes for shard in self.shards)


@dataclass(frozen=True, kw_only=True)
class Published:
    """The content of all shards but for the sound.

    Attributes:
        rows: One row a clip, split by split; the last column is ``split``, which the shards have in their names.
        splits: The splits, train, validation and test first.
        schema: Of every shard, with the sound.
        class_labels: Names of the classes, by label column.
        sampling_rate: In Hz, if the footer says one.
        cut: Clips that are but a part of their recording, by the suffix of the file that they are stored as.
    """

    rows: pa.Table
    splits: tuple[SplitFiles, ...]
    schema: pa.Schema
    class_labels: Mapping[str, tuple[str, ...]]
    sampling_rate: int | None
    cut: Mapping[str, int]

    def text_of(self, name: str) -> pa.ChunkedArray:
        """Return a column as it is read by people: names of classes instead of their positions."""
        column = self.rows.column(name)
        if name not in self.class_labels:
            return column
        return pa.chunked_array([pa.array(self.class_labels[name], pa.string()).take(column.combine_chunks())])


def read(root: Path, files: Mapping[str, FileRecord], audio_bytes: Mapping[str, int]) -> Published:
    """Read the shards of a dataset.

    Args:
        root: The dataset.
        files: What the ledger says of the shards, by their path in the dataset.
        audio_bytes: How much sound was written into each split.

    Raises:
        CorruptError: A shard is missing or is not what was written.
    """
    by_split: dict[str, list[str]] = {}
    for path in sorted(files):
        by_split.setdefault(Path(path).name.rsplit("-", 3)[0], []).append(path)
    schemas: list[pa.Schema] = []
    parts: list[pa.Table] = []
    splits = []
    for split in sorted(by_split, key=_rank):
        read_shards = [_read(root, path, files[path]) for path in by_split[split]]
        shards, split_tables, sizes, found = zip(*read_shards, strict=True)
        schemas += found
        part = pa.concat_tables(split_tables)
        parts.append(part.append_column("split", pa.repeat(pa.scalar(split), part.num_rows)))
        # What is not read: the sound, and where that of each clip begins.
        num_bytes = sum(sizes) + audio_bytes[split] + 4 * part.num_rows
        splits.append(SplitFiles(name=split, shards=shards, num_bytes=num_bytes))
    if not schemas or any(not schema.equals(schemas[0], check_metadata=True) for schema in schemas):
        raise CorruptError("the shards do not have the same columns", where=f"{FOLDER}{DATA}", hint=_RERUN)
    rows = pa.concat_tables(parts).replace_schema_metadata(None)
    return Published(
        rows=rows.drop_columns(_STORED_AS),
        splits=tuple(splits),
        schema=schemas[0],
        class_labels=_class_labels(schemas[0]),
        sampling_rate=_features(schemas[0]).get(huggingface.AUDIO, {}).get("sampling_rate"),
        cut=_cut(rows),
    )


def check_current(published: Published, manifest: pa.Table, unlicensed: int) -> None:
    """Refuse shards that are not what the manifest says now.

    Args:
        published: What is in the shards.
        manifest: The clips that are to be published: those that nothing excludes.
        unlicensed: How many of them were left out for want of a licence.

    Raises:
        UsageError: The shards are older than the manifest.
    """
    places = pc.index_in(published.rows.column("clip_id"), manifest.column("clip_id").combine_chunks())
    is_whole = manifest.num_rows == published.rows.num_rows + unlicensed and not places.null_count
    if is_whole:
        now = manifest.take(places.combine_chunks())
        is_whole = all(_same(published, now, name) for name in _comparable(published, now))
    if not is_whole:
        raise UsageError("dist/data is not what the manifest says", where=f"{FOLDER}{DATA}", hint=_RERUN)


def _rank(split: str) -> tuple[int, str]:
    return USUAL_SPLITS.index(split) if split in USUAL_SPLITS else len(USUAL_SPLITS), split


def _read(root: Path, path: str, record: FileRecord) -> tuple[ShardFile, pa.Table, int, pa.Schema]:
    try:
        with pq.ParquetFile(root / path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            names = [name for name in schema.names if name != huggingface.AUDIO]
            leaves = [*names, f"{huggingface.AUDIO}.path"]
            groups = [file.read_row_group(group, columns=leaves) for group in range(file.metadata.num_row_groups)]
            size = (root / path).stat().st_size
    except (pa.ArrowException, OSError) as error:
        raise CorruptError(f"a shard cannot be read: {error}", where=path, hint=_RERUN) from error
    if size != record.bytes:
        raise CorruptError(f"the shard has {size:,} bytes; {record.bytes:,} were written", where=path, hint=_RERUN)
    table = pa.concat_tables(groups)
    stored_as = pc.struct_field(table.column(huggingface.AUDIO), "path")
    shard = ShardFile(path=path.removeprefix(FOLDER), bytes=size, sha256=record.sha256, clips=table.num_rows)
    rows = table.select(names).append_column(_STORED_AS, stored_as)
    return shard, rows, sum(group.nbytes for group in groups), schema


def _cut(rows: pa.Table) -> dict[str, int]:
    names = rows.filter(cutting.are_cut(rows)).column(_STORED_AS).to_pylist()
    return dict(sorted(Counter(name.rpartition(".")[2] for name in names).items()))


def _features(schema: pa.Schema) -> Mapping[str, Mapping[str, Any]]:
    try:
        return dict(json.loads(schema.metadata[b"huggingface"])["info"]["features"])
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptError("the footer of a shard does not say what its columns are", hint=_RERUN) from error


def _class_labels(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    return {name: tuple(feature["names"]) for name, feature in _features(schema).items() if "names" in feature}


def _comparable(published: Published, manifest: pa.Table) -> Sequence[str]:
    # A licence may have come from the recipe; then the manifest does not know it.
    return [name for name in published.rows.column_names if name in manifest.column_names and name != LICENSE]


def _same(published: Published, manifest: pa.Table, name: str) -> bool:
    now = manifest.column(name)
    if name in published.class_labels:
        now = now.cast(pa.string())
    written = published.text_of(name)
    if pa.types.is_nested(written.type):
        # What lies below a null has no meaning, and NaN is to equal itself.
        return all(repr(one) == repr(other) for one, other in zip(written.to_pylist(), now.to_pylist(), strict=True))
    one, other = (digest.of_table(pa.table({name: column}), [name]) for column in (written, now))
    return one == other
