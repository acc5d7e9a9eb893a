"""Parquet that ``datasets.load_dataset`` reads as ``Audio`` and ``ClassLabel``: how it is written, and how it is checked.

The layout is that of ``Dataset.to_parquet`` in datasets 5.2: the JSON under the footer key ``huggingface`` says what
Arrow types cannot say, everything else follows from the types. A reader that finds them otherwise gives plain structs
and integers, without any error; hence :func:`problems`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

AUDIO = "audio"
"""Name of the column that holds the recordings."""

AUDIO_TYPE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
"""Exact types in exact order: any other struct stays a struct."""

CHUNKING = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}
"""Content-defined chunking as datasets has it: after an edit most pages are as they were, so little is uploaded."""

MAX_GROUP_BYTES = 100_000_000
MAX_GROUP_ROWS = 1000
"""What a row group may hold, uncompressed, so that the Hub's viewer can page through the shard."""

_FEATURES_KEY = "huggingface"
_CHUNKING_KEY = "content_defined_chunking"
_SHARD = re.compile(r"(?P<split>\w+(?:\.\w+)*)-(?P<index>\d{5})-of-(?P<count>\d{5})\.parquet", re.ASCII)


def shard_name(split: str, index: int, count: int) -> str:
    """Return the file name of a shard; `index` counts from 0."""
    return f"{split}-{index:05d}-of-{count:05d}.parquet"


def schema_with(schema: pa.Schema, class_labels: Mapping[str, Sequence[str]], sampling_rate: int | None) -> pa.Schema:
    """Return a schema whose footer says which columns are ``Audio`` and ``ClassLabel``.

    Args:
        schema: The columns, :data:`AUDIO` among them.
        class_labels: Names of the classes of each label column; a value is a position in them.
        sampling_rate: In Hz, if all recordings share it: readers resample to it.
    """
    audio: dict[str, Any] = {} if sampling_rate is None else {"sampling_rate": sampling_rate}
    features: dict[str, Any] = {AUDIO: {**audio, "_type": "Audio"}}
    for name, names in class_labels.items():
        features[name] = {"names": list(names), "_type": "ClassLabel"}
    return schema.with_metadata({_FEATURES_KEY: json.dumps({"info": {"features": features}})})


def footer() -> dict[str, str]:
    """Return the key-value metadata that is added at the end of a shard."""
    return {_CHUNKING_KEY: json.dumps(CHUNKING)}


def options(schema: pa.Schema) -> dict[str, Any]:
    """Return the arguments of :class:`pyarrow.parquet.ParquetWriter`: recordings are stored as they are."""
    leaves = [leaf for field in schema for leaf in _leaves(field.name, field.type)]
    return {
        "write_page_index": True,
        "use_content_defined_chunking": CHUNKING,
        "compression": {leaf: "none" if _is_media(leaf) else "snappy" for leaf in leaves},
        "use_dictionary": [leaf for leaf in leaves if not _is_media(leaf)],
        "column_encoding": {leaf: "PLAIN" for leaf in leaves if _is_media(leaf)},
    }


def audio_array(data: pa.Buffer, offsets: pa.Buffer, paths: Sequence[str]) -> pa.StructArray:
    """Return the column of n recordings without copying them.

    Args:
        data: The bytes of all recordings, one after the other; less than 2 GiB.
        offsets: int32, n + 1: where each recording begins, and where the last one ends.
        paths: A file name for each recording, for its extension.
    """
    recordings = pa.Array.from_buffers(pa.binary(), len(paths), [None, offsets, data])
    return pa.StructArray.from_arrays([recordings, pa.array(paths, pa.string())], fields=list(AUDIO_TYPE))


# ----------------------------------------------------------------------------------------------------------------------
# The check


def problems(path: Path, *, rows: int | None = None) -> list[str]:
    """Return what keeps a shard from being read as it is meant, one sentence each; nothing if all is well.

    Args:
        path: The file.
        rows: How many it must have.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
    except (pa.ArrowException, OSError) as error:
        return [f"it is no Parquet file that can be read: {error}"]
    found = [*_type_problems(schema), *_feature_problems(schema), *_group_problems(metadata)]
    if rows is not None and metadata.num_rows != rows:
        found.append(f"it has {metadata.num_rows} rows, not {rows}")
    if _CHUNKING_KEY.encode() not in (metadata.metadata or {}):
        found.append(f"its footer has no {_CHUNKING_KEY}")
    return found


def name_problems(names: Iterable[str], splits: Iterable[str]) -> list[str]:
    """Return what is wrong with the file names of all shards together: each split has all of its shards, once."""
    found: list[str] = []
    indices: dict[str, list[tuple[int, int]]] = {split: [] for split in splits}
    for name in names:
        match = _SHARD.fullmatch(name)
        if match is None or match["split"] not in indices:
            found.append(f"{name} is no shard of a split")
        else:
            indices[match["split"]].append((int(match["index"]), int(match["count"])))
    for split, pairs in indices.items():
        if not pairs or sorted(pairs) != [(index, len(pairs)) for index in range(len(pairs))]:
            found.append(f"the shards of {split} are not complete")
    return found


def _type_problems(schema: pa.Schema) -> Iterator[str]:
    for field in schema:
        if any(_is_unreadable(kind) for kind in _types(field.type)):
            yield f"the column {field.name} has the type {field.type}, which does not load everywhere"
    if AUDIO not in schema.names:
        yield f"it has no column {AUDIO}"
    elif schema.field(AUDIO).type != AUDIO_TYPE or not schema.field(AUDIO).nullable:
        yield f"the column {AUDIO} is {schema.field(AUDIO)}, which loads as a plain struct"


def _feature_problems(schema: pa.Schema) -> Iterator[str]:
    described = features(schema)
    if described.get(AUDIO, {}).get("_type") != "Audio":
        yield f"its footer does not say that {AUDIO} is Audio"
    for name, feature in described.items():
        if name not in schema.names:
            yield f"its footer names a column {name}, which it has not"
        elif feature.get("_type") == "ClassLabel" and schema.field(name).type != pa.int64():
            yield f"the label column {name} is {schema.field(name).type}, which loads as a plain number"
        elif feature.get("_type") not in {"Audio", "ClassLabel"}:
            yield f"its footer describes {name}, which only some readers understand"


def features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """Return what the footer says of columns that Arrow's types cannot say: nothing, if it cannot be read."""
    try:
        found = json.loads((schema.metadata or {})[_FEATURES_KEY.encode()])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    is_sound = isinstance(found, dict) and all(isinstance(feature, dict) for feature in found.values())
    return found if is_sound else {}


def _group_problems(metadata: pq.FileMetaData) -> Iterator[str]:
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        # A recording that is larger than a row group may be is one by itself.
        if group.num_rows > MAX_GROUP_ROWS or (group.num_rows > 1 and group.total_byte_size > MAX_GROUP_BYTES):
            yield f"row group {index} has {group.num_rows} rows and {group.total_byte_size} bytes"
        for position in range(group.num_columns):
            chunk = group.column(position)
            if not chunk.has_offset_index:
                yield f"row group {index} has no offset index of {chunk.path_in_schema}"
            if _is_media(chunk.path_in_schema) and chunk.compression != "UNCOMPRESSED":
                yield f"row group {index} compresses {chunk.path_in_schema}"


def _leaves(path: str, kind: pa.DataType) -> list[str]:
    """Return the columns of a field as Parquet names them."""
    if pa.types.is_struct(kind):
        fields = [kind.field(position) for position in range(kind.num_fields)]
        return [leaf for field in fields for leaf in _leaves(f"{path}.{field.name}", field.type)]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _leaves(f"{path}.list.element", kind.value_type)
    return [path]


def _is_media(leaf: str) -> bool:
    return leaf in {f"{AUDIO}.bytes", f"{AUDIO}.path"}


def _types(kind: pa.DataType) -> Iterator[pa.DataType]:
    yield kind
    if pa.types.is_nested(kind):
        for position in range(kind.num_fields):
            yield from _types(kind.field(position).type)


def _is_unreadable(kind: pa.DataType) -> bool:
    is_view = pa.types.is_string_view(kind) or pa.types.is_binary_view(kind)
    return bool(is_view or pa.types.is_map(kind) or pa.types.is_dictionary(kind))
