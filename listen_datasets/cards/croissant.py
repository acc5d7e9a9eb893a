"""``dist/croissant.json``: Croissant 1.1 with RAI 1.0 (MLCommons), JSON-LD that describes every shard and column."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from listen_datasets import licences
from listen_datasets.cards.facts import Column, Facts

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
PARQUET = "application/x-parquet"

_TERMS = """annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field fileProperty fileObject
fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path readLines recordSet references regex repeated
replace samplingRate sdVersion separator source subField transform unArchive value""".split()
# Written out: readers refuse a context that is only an address. schema.org is https there, whatever the appendix says.
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
    **{term: f"cr:{term}" for term in _TERMS},
}
_SPLIT_TYPES = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}
_TYPES = {
    "string": "sc:Text", "large_string": "sc:Text", "bool": "sc:Boolean", "int8": "cr:Int8", "int16": "cr:Int16",
    "int32": "cr:Int32", "int64": "cr:Int64", "uint8": "cr:UInt8", "uint16": "cr:UInt16", "uint32": "cr:UInt32",
    "uint64": "cr:UInt64", "halffloat": "cr:Float16", "float": "cr:Float32", "double": "cr:Float64",
}  # fmt: skip
_RAI = {
    "col.acquired": ("dataCollection", False),
    "com.missing": ("dataCollectionMissingData", False),
    "pre.raw": ("dataCollectionRawData", False),
    "use.impact": ("dataBiases", True),
    "com.errors": ("dataLimitations", True),
    "use.could": ("dataUseCases", True),
    "com.sensitive": ("personalSensitiveInformation", True),
    "col.impact": ("dataSocialImpact", False),
    "mai.update": ("dataReleaseMaintenancePlan", True),
}
"""Datasheet question to RAI key, and whether the key holds a list."""

REQUIRED = {
    "description": "description", "license": "license", "url": "url", "creator": "authors",
    "datePublished": "published", "citeAs": "citation",
}  # fmt: skip
"""Keys that the specification requires or urges and only a person knows, to the key of ``[dataset]`` that fills them."""


def croissant(facts: Facts, answers: Mapping[str, str]) -> str:
    """Return the document; what nobody has said is left out, never invented (see :func:`missing`)."""
    return json.dumps(document(facts, answers), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def document(facts: Facts, answers: Mapping[str, str]) -> dict[str, Any]:
    """Return the document as plain values."""
    about = facts.about
    urls = [page for text in facts.licence_counts if text and (page := licences.page(text))]
    whole: dict[str, Any] = {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "name": about.name,
        "conformsTo": list(CONFORMS_TO),
        "description": about.description,
        "license": urls[0] if len(urls) == 1 else urls,
        "url": about.url,
        "creator": [{"@type": "sc:Person", "name": author.name} for author in about.authors],
        "datePublished": about.published,
        "version": about.version,
        "citeAs": about.citation,
        "keywords": list(dict.fromkeys(("audio", *about.keywords))),
        "inLanguage": list(about.languages),
        "isLiveDataset": False,
        **{
            f"rai:{key}": [answers[name]] if many else answers[name]
            for name, (key, many) in _RAI.items()
            if name in answers
        },
        "distribution": _distribution(facts),
        "recordSet": _record_sets(facts),
    }
    return {key: value for key, value in whole.items() if value not in (None, "", [])}


def missing(document: Mapping[str, Any]) -> dict[str, str]:
    """Return what the specification requires and the document lacks: its key to the key of ``[dataset]``."""
    return {key: ours for key, ours in REQUIRED.items() if key not in document}


def _distribution(facts: Facts) -> list[dict[str, Any]]:
    files = [
        {
            "@type": "cr:FileObject",
            "@id": shard.path,
            "name": shard.path.rpartition("/")[2],
            "description": f"{shard.rows} clips of the split {shard.split}.",
            "contentUrl": shard.path,
            "contentSize": f"{shard.bytes} B",
            "encodingFormat": PARQUET,
            "sha256": shard.sha256,
        }
        for shard in facts.shards
    ]
    together = {
        "@type": "cr:FileSet",
        "@id": "shards",
        "name": "shards",
        "description": "All shards.",
        "encodingFormat": PARQUET,
        "includes": "data/*.parquet",
    }
    return [*files, together]


def _record_sets(facts: Facts) -> list[dict[str, Any]]:
    sets = [_splits(facts)]
    sets += [_labels(column) for column in facts.columns if column.labels]
    fields = [_field(column, facts) for column in facts.columns]
    sets.append(
        {
            "@type": "cr:RecordSet",
            "@id": "default",
            "name": "default",
            "description": "One record a clip.",
            "key": {"@id": "default/clip_id"},
            "field": [*fields, _split_field(facts)],
        }
    )
    return sets


def _splits(facts: Facts) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The splits.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "name": "name", "description": "Name of the split.", "dataType": "sc:Text"},
            {"@type": "cr:Field", "@id": "splits/url", "name": "url", "description": "Its kind.", "dataType": ["sc:URL", "wd:Q3985153"]},
        ],
        "data": [
            {"splits/name": split.name, "splits/url": _SPLIT_TYPES.get(split.name, "cr:Split")} for split in facts.splits
        ],
    }  # fmt: skip


def _labels(column: Column) -> dict[str, Any]:
    name = f"labels-{column.name}"
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"Classes of the column {column.name}.",
        "dataType": "sc:Enumeration",
        "key": {"@id": f"{name}/id"},
        "field": [
            {"@type": "cr:Field", "@id": f"{name}/id", "name": "id", "description": "Number of the class.", "dataType": "sc:Integer"},
            {"@type": "cr:Field", "@id": f"{name}/name", "name": "name", "description": "Name of the class.", "dataType": "sc:Text"},
        ],
        "data": [{f"{name}/id": number, f"{name}/name": text} for number, text in enumerate(column.labels)],
    }  # fmt: skip


def _field(column: Column, facts: Facts) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": "shards"}, "extract": {"column": column.name}}
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"default/{column.name}",
        "name": column.name,
        "description": column.description or ("The recording." if column.is_audio else "From the metadata."),
        "source": source,
    }
    if column.is_audio:
        source["transform"] = {"jsonPath": "bytes"}
        if facts.sampling_rate:
            source["samplingRate"] = facts.sampling_rate
        return {**field, "dataType": "sc:AudioObject"}
    if column.labels:
        references = {"field": {"@id": f"labels-{column.name}/id"}}
        return {**field, "dataType": ["sc:Integer", "cr:Label"], "references": references}
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return {**field, "dataType": _type(kind.value_type), "isArray": True, "arrayShape": "-1"}
    return {**field, "dataType": _type(kind)}


def _type(kind: pa.DataType) -> str:
    return _TYPES.get(str(kind), "sc:Text")


def split_regex(facts: Facts) -> str:
    """Return the pattern that finds a split in a shard's path and, because readers apply it twice, in its own result."""
    names = "|".join(re.escape(split.name) for split in facts.splits)
    return rf"(?:.*/)?({names})(?:-[0-9]{{5}}-of-[0-9]{{5}}\.parquet)?$"


def _split_field(facts: Facts) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": "default/split",
        "name": "split",
        "description": "The split of the clip, from the name of its shard.",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": "shards"},
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": split_regex(facts)},
        },
        "references": {"field": {"@id": "splits/name"}},
    }
