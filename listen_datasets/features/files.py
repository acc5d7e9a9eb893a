"""Files of features: ``features/<name>/part-<number>.parquet``, and what their footers say.

A row belongs to a clip as it was: beside its `clip_id`, the footer has a key made of the digest of its samples and its
span. A part stays as it is while every clip in it is still wanted and what made it has not changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from listen_datasets import digest
from listen_datasets.arrays import column_of, float_leaves, is_matrix
from listen_datasets.storage import Disk, Written, write_parquet

FOLDER = "features"
CLIP_ID = pa.field("clip_id", pa.string(), nullable=False, metadata={"description": "Name of the clip."})

_ABOUT, _ROWS = b"lds", b"lds.rows"
_GROUP_CLIPS = 64  # who asks for one clip decodes so many


def part_name(name: str, number: int) -> str:
    """Return the path of a part in the dataset."""
    return f"{FOLDER}/{name}/part-{number:05}.parquet"


def key_of(pcm_md5: str, first: int, num_samples: int, sample_rate: int) -> str:
    """Return the key of a clip as it is: of what it sounds like, and where it lies in its recording."""
    return digest.of_json([pcm_md5, first, num_samples, sample_rate]).removeprefix("sha256:")[:32]


@dataclass(frozen=True)
class Undefined:
    """A clip for which columns are null.

    Attributes:
        clip_id: Which clip.
        columns: Which columns.
        reason: Words of an exception; empty if the extractor has no value for such a clip.
    """

    clip_id: str
    columns: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class Footer:
    """What a part says about itself.

    Attributes:
        about: What made it: extractor, version, parameters, and the digest of a model.
        keys: Of its rows, in order.
        undefined: The rows that lack something.
    """

    about: Mapping[str, Any]
    keys: tuple[str, ...]
    undefined: tuple[Undefined, ...]

    def metadata(self) -> dict[bytes, bytes]:
        """Return it as metadata of a schema."""
        undefined = [[one.clip_id, list(one.columns), one.reason] for one in self.undefined]
        rows = {"keys": list(self.keys), "undefined": undefined}
        return {_ABOUT: digest.canonical_json(self.about), _ROWS: digest.canonical_json(rows)}

    def without(self, keep: Sequence[int], clip_ids: Sequence[str]) -> Footer:
        """Return that of some of the rows, by their numbers; `clip_ids` are those of all rows."""
        left = {clip_ids[number] for number in keep}
        undefined = tuple(one for one in self.undefined if one.clip_id in left)
        return Footer(self.about, tuple(self.keys[number] for number in keep), undefined)


def footer_of(path: Path) -> Footer | None:
    """Return what a part says about itself; None if it says nothing, or is no such file."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
        about, rows = json.loads(metadata[_ABOUT]), json.loads(metadata[_ROWS])
        undefined = (Undefined(clip_id, tuple(columns), reason) for clip_id, columns, reason in rows["undefined"])
        return Footer(about, tuple(rows["keys"]), tuple(undefined))
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError):
        return None


def clip_ids_of(path: Path) -> tuple[str, ...]:
    """Return the clips of a part, in order."""
    return tuple(pq.read_table(path, columns=["clip_id"], page_checksum_verification=True).column(0).to_pylist())


def count_of(path: Path) -> int:
    """Return how many rows a part has."""
    return int(pq.read_metadata(path).num_rows)


def table_of(
    fields: Sequence[pa.Field], clip_ids: Sequence[str], rows: Sequence[Mapping[str, Any]], footer: Footer
) -> pa.Table:
    """Return a part: one row a clip, its footer in the schema."""
    columns = [column_of([row[field.name] for row in rows], field) for field in fields]
    schema = pa.schema([CLIP_ID, *fields], metadata=footer.metadata())
    return pa.table([pa.array(clip_ids, CLIP_ID.type), *columns], schema=schema)


def write(disk: Disk, path: Path, table: pa.Table) -> Written:
    """Write a part; one that an interrupted run left there is replaced."""
    starts = range(0, max(1, table.num_rows), _GROUP_CLIPS)
    return write_parquet(
        disk,
        path,
        (table.slice(start, _GROUP_CLIPS) for start in starts),
        schema=table.schema,
        replace=True,
        compression="zstd",
        compression_level=1,
        use_dictionary=False,
        # Floats compress when their first bytes stand together, their second bytes, and so on.
        use_byte_stream_split=[leaf for field in table.schema for leaf in float_leaves(field)],
        write_statistics=[field.name for field in table.schema if not is_matrix(field.type)],
    )


def kept(fields: Sequence[pa.Field], path: Path, footer: Footer, keep: Sequence[int]) -> pa.Table:
    """Return some rows of a part, by their numbers, as a part of their own: the same as if it had been made so."""
    table = pq.read_table(path, page_checksum_verification=True)
    about = footer.without(keep, table.column("clip_id").to_pylist())
    # What is read carries marks of Parquet that a new table has not.
    schema = pa.schema([CLIP_ID, *fields], metadata=about.metadata())
    return table.take(keep).combine_chunks().cast(schema)
