"""The record sets of ``croissant.json``: which records the shards hold, and what their fields are.

Specification: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html, "RecordSet" and "Field".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from listen_datasets import huggingface
from listen_datasets.documents.facts import Column, Facts
from listen_datasets.text import visible

SHARDS = "shards"
"""The ``@id`` of the set of all files."""

SPLIT_TYPES = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}

_TYPES = {
    "string": "sc:Text",
    "bool": "sc:Boolean",
    "halffloat": "cr:Float16",
    "float": "cr:Float32",
    "double": "cr:Float64",
    **{f"int{bits}": f"cr:Int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"cr:UInt{bits}" for bits in (8, 16, 32, 64)},
}
_ODD = re.compile(r"[^A-Za-z0-9_.-]+")


def record_sets(facts: Facts) -> Iterator[dict[str, Any]]:
    """Yield the splits, the classes of each label column, and the clips."""
    yield _splits(facts)
    classes = {column.name: column for column in facts.columns if column.classes}
    label_sets = dict(zip(classes, _set_names(list(classes)), strict=True))
    for name, column in classes.items():
        yield _labels(column, label_sets[name])
    ids = field_ids(facts.columns)
    described = [column for column in facts.columns if is_described(column)]
    left_out = [column.name for column in facts.columns if column not in described]
    note = f" Structured columns that Croissant has no type for: {', '.join(left_out)}." if left_out else ""
    yield {
        "@type": "cr:RecordSet",
        "@id": "default",
        "name": "default",
        "description": f"One record a clip.{visible(note, limit=len(note))}",
        "key": {"@id": "default/clip_id"},
        "field": [
            *(
                _field(column, ids[column.name], label_sets.get(column.name), facts.sampling_rate)
                for column in described
            ),
            _split_field(facts),
        ],
    }


def field_ids(columns: Sequence[Column]) -> dict[str, str]:
    """Return the ``@id`` of the field of each column, by its name: letters, digits, ``_``, ``.`` and ``-`` only."""
    taken: set[str] = set()
    ids = {}
    # Names that can stay as they are come first, so that no other takes theirs.
    for column in sorted(columns, key=lambda column: column.name == "split" or bool(_ODD.search(column.name))):
        stem = _ODD.sub("_", column.name)
        name, number = stem, 1
        while name in taken or name == "split":
            number += 1
            name = f"{stem}_{number}"
        taken.add(name)
        ids[column.name] = f"default/{name}"
    return ids


def is_described(column: Column) -> bool:
    """Tell whether Croissant has a type for a column: scalars, and lists of them; not structs."""
    return column.owner == "recording" or _leaf(column.type) is not None


def split_regex(splits: Sequence[str]) -> str:
    """Return the pattern that finds the split in the path of a shard, and in its own result: readers apply it twice."""
    names = "|".join(re.escape(name) for name in sorted(splits, key=lambda name: (-len(name), name)))
    return rf"(?:.*/)?({names})(?:-[0-9]{{5}}-of-[0-9]{{5}}\.parquet)?$"


def _set_names(columns: Sequence[str]) -> list[str]:
    return ["labels" if position == 0 else f"labels_{position + 1}" for position in range(len(columns))]


def _splits(facts: Facts) -> dict[str, Any]:
    names = [split.name for split in facts.splits]
    has_types = all(name in SPLIT_TYPES for name in names)
    fields = [_inline("splits/name", "sc:Text", "Name of the split.")]
    if has_types:
        fields.append(_inline("splits/url", ["sc:URL", "wd:Q3985153"], "What the split is for."))
    rows = [{"splits/name": name, **({"splits/url": SPLIT_TYPES[name]} if has_types else {})} for name in names]
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The splits.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": fields,
        "data": rows,
    }


def _labels(column: Column, name: str) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"The classes of the column {visible(column.name)}.",
        "dataType": "sc:Enumeration",
        "key": {"@id": f"{name}/id"},
        "field": [
            _inline(f"{name}/id", "sc:Integer", "The value in the column."),
            _inline(f"{name}/name", "sc:Text", "The class."),
        ],
        "data": [{f"{name}/id": position, f"{name}/name": text} for position, text in enumerate(column.classes)],
    }


def _inline(name: str, kind: str | list[str], description: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": name,
        "name": name.rsplit("/", 1)[-1],
        "description": description,
        "dataType": kind,
    }


def _field(column: Column, name: str, labels: str | None, sampling_rate: int | None) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": SHARDS}, "extract": {"column": column.name}}
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": name,
        "name": name.removeprefix("default/"),
        "description": _described(column),
        "dataType": _data_type(column, labels),
        "source": source,
    }
    if column.name == huggingface.AUDIO:
        source["transform"] = {"jsonPath": "bytes"}
        if sampling_rate is not None:
            source["samplingRate"] = sampling_rate
    elif pa.types.is_nested(column.type):
        field["isArray"] = True
        field["arrayShape"] = ",".join(["-1"] * _depth(column.type))
    if labels is not None:
        field["references"] = {"field": {"@id": f"{labels}/id"}}
    return field


def _split_field(facts: Facts) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": "default/split",
        "name": "split",
        "description": "The split, from the name of the file.",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": SHARDS},
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": split_regex([split.name for split in facts.splits])},
        },
        "references": {"field": {"@id": "splits/name"}},
    }


def _described(column: Column) -> str:
    text = column.description or f"The column {visible(column.name)} of the metadata."
    return f"{text} Unit: {column.unit}." if column.unit else text


def _data_type(column: Column, labels: str | None) -> str | list[str]:
    if column.owner == "recording":
        return "sc:AudioObject"
    return ["sc:Integer", "cr:Label"] if labels is not None else _TYPES[str(_leaf(column.type))]


def _leaf(kind: pa.DataType) -> pa.DataType | None:
    """Return the type of the values in a list of any depth, if Croissant has a name for it."""
    while pa.types.is_list(kind):
        kind = kind.value_type
    return kind if str(kind) in _TYPES else None


def _depth(kind: pa.DataType) -> int:
    return 1 + _depth(kind.value_type) if pa.types.is_list(kind) else 0
