"""``croissant.json``: Croissant 1.1 with RAI 1.0.

Specifications: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html and croissant-rai-spec.html. The context
stands inline, because readers accept no reference. What the recipe does not say is left out, never made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from listen_datasets import huggingface, licences
from listen_datasets.documents import rai
from listen_datasets.documents.facts import Column, Facts
from listen_datasets.text import visible

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
MIME = "application/x-parquet"
SHARDS = "shards"
SPLIT_TYPES = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}

_TERMS = """
    annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field fileProperty fileObject
    fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path readLines recordSet references regex
    repeated replace samplingRate sdVersion separator source subField transform unArchive value
"""
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "wd": "http://www.wikidata.org/entity/",
    "conformsTo": "dct:conformsTo",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}

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


def croissant(facts: Facts, answers: Mapping[str, str]) -> dict[str, Any]:
    """Return the document.

    Args:
        facts: What was measured.
        answers: What people have answered, by the ids of the datasheet.
    """
    about = facts.about
    pages = [page for page in (licences.page(item.name) for item in facts.licences.licences) if page is not None]
    creators = [_creator(author.name, author.orcid, author.affiliation) for author in about.authors]
    found: dict[str, Any] = {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "name": about.name,
        "alternateName": about.title or None,
        "description": about.description.strip() or None,
        "conformsTo": list(CONFORMS_TO),
        "license": _one_or_all(pages),
        "url": about.url,
        "creator": _one_or_all(creators),
        "datePublished": about.published,
        "version": about.version,
        "citeAs": facts.citation,
        "keywords": list(about.keywords),
        "inLanguage": list(about.languages),
        "isLiveDataset": False,
        "prov:wasGeneratedBy": {"@type": "prov:Activity", "prov:label": f"lds {facts.lds_version}"},
        **rai.keys(facts, answers),
        "distribution": list(_distribution(facts)),
        "recordSet": list(_record_sets(facts)),
    }
    return {key: value for key, value in found.items() if value not in (None, [], "")}


def field_ids(columns: Sequence[Column]) -> dict[str, str]:
    """Return the ``@id`` of the field of each column, by its name: letters, digits, ``_``, ``.`` and ``-`` only."""
    taken: set[str] = set()
    ids = {}
    for column in sorted(columns, key=lambda column: bool(_ODD.search(column.name))):
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


def _creator(name: str, orcid: str | None, affiliation: str | None) -> dict[str, Any]:
    person: dict[str, Any] = {"@type": "sc:Person", "name": name}
    if orcid:
        person["sameAs"] = orcid
    if affiliation:
        person["affiliation"] = {"@type": "sc:Organization", "name": affiliation}
    return person


def _one_or_all(values: list[Any]) -> Any:  # noqa: ANN401 - a value, or a list of them
    return values[0] if len(values) == 1 else values


def _distribution(facts: Facts) -> Iterator[dict[str, Any]]:
    for split in facts.splits:
        for shard in split.files.shards:
            name = shard.path.rsplit("/", 1)[-1]
            yield {
                "@type": "cr:FileObject",
                "@id": shard.path,
                "name": name,
                "description": f"{shard.clips} clips of the split {split.name}.",
                "contentUrl": shard.path,
                "contentSize": f"{shard.bytes} B",
                "encodingFormat": MIME,
                "sha256": shard.sha256,
            }
    yield {
        "@type": "cr:FileSet",
        "@id": SHARDS,
        "name": SHARDS,
        "description": "All Parquet files.",
        "encodingFormat": MIME,
        "includes": "data/*.parquet",
    }


def _record_sets(facts: Facts) -> Iterator[dict[str, Any]]:
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
