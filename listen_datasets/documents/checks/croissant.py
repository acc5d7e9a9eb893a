"""Croissant: required keys, ids, files, fields, splits and the pattern that finds them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from listen_datasets.documents import croissant, rai, record_sets
from listen_datasets.documents.facts import Facts

REQUIRED = (
    "@context",
    "@type",
    "conformsTo",
    "name",
    "description",
    "license",
    "url",
    "creator",
    "datePublished",
    "distribution",
)
"""What the specification requires of a dataset."""

FROM_THE_RECIPE = frozenset({"description", "license", "url", "creator", "datePublished"})
"""Those that only a person can say."""

_KEYS = frozenset(
    {
        *REQUIRED,
        "alternateName",
        "version",
        "citeAs",
        "keywords",
        "inLanguage",
        "isLiveDataset",
        "recordSet",
        "prov:wasGeneratedBy",
        *rai.KEYS,
    }
)
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_URL = re.compile(r"https?://\S+")


def croissant_problems(document: Mapping[str, Any], facts: Facts, *, may_lack: Collection[str] = ()) -> list[str]:
    """Return what is wrong with a Croissant document.

    Args:
        document: The document.
        facts: What it should state.
        may_lack: Required keys that nobody could fill in, some of :data:`FROM_THE_RECIPE`.
    """
    return [
        *(f"{key} is missing" for key in REQUIRED if not document.get(key) and key not in may_lack),
        *_terms(document),
        *_about(document),
        *_people(document),
        *_rai(document),
        *_ids(document),
        *_files(document, facts),
        *_fields(document, facts),
        *_splits(document, facts),
    ]


def _terms(document: Mapping[str, Any]) -> Iterator[str]:
    if document.get("@context") != croissant.CONTEXT:
        yield "the context is not that of Croissant 1.1"
    if document.get("conformsTo") != list(croissant.CONFORMS_TO):
        yield "conformsTo does not name Croissant 1.1 and RAI 1.0"
    for key in sorted(document.keys() - _KEYS):
        yield f"the key {key} is not known"


def _about(document: Mapping[str, Any]) -> Iterator[str]:
    if not _NAME.fullmatch(str(document.get("name", ""))):
        yield f"the name {document.get('name')!r} has characters that are not allowed"
    if not _VERSION.fullmatch(str(document.get("version", ""))):
        yield f"the version {document.get('version')!r} is not MAJOR.MINOR.PATCH"
    if "datePublished" in document and not _is_date(document["datePublished"]):
        yield f"datePublished {document['datePublished']!r} is no date"


def _people(document: Mapping[str, Any]) -> Iterator[str]:
    for url in _each(document.get("license")):
        if not _URL.fullmatch(str(url)):
            yield f"the licence {url!r} is no URL"
    for creator in _each(document.get("creator")):
        if not isinstance(creator, Mapping) or not creator.get("name"):
            yield "a creator has no name"


def _rai(document: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(rai.KEYS & document.keys()):
        value = document[key]
        texts = [value] if key in rai.ONE_TEXT else value
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
            yield f"{key} is not {'a text' if key in rai.ONE_TEXT else 'a list of texts'}"
        elif key == rai.TIMEFRAME and not all(map(_is_date, texts)):
            yield f"{key} is no list of dates"


def _ids(document: Mapping[str, Any]) -> Iterator[str]:
    seen: set[str] = set()
    sets = document.get("recordSet", [])
    nodes = [*document.get("distribution", []), *sets, *(field for item in sets for field in item.get("field", []))]
    for node in nodes:
        name = node.get("@id")
        if not name or name in seen:
            yield f"the @id {name!r} stands twice" if name else "a node has no @id"
        seen.add(name)
        if not _NAME.fullmatch(str(node.get("name", ""))):
            yield f"the name {node.get('name')!r} has characters that are not allowed"


def _files(document: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    nodes = [node for node in document.get("distribution", []) if node.get("@type") == "cr:FileObject"]
    found = {node.get("contentUrl"): (node.get("sha256"), node.get("contentSize")) for node in nodes}
    shards = [shard for split in facts.splits for shard in split.files.shards]
    expected = {shard.path: (shard.sha256, f"{shard.bytes} B") for shard in shards}
    for path in sorted(expected.keys() | found.keys(), key=str):
        if found.get(path) != expected.get(path):
            yield f"the file {path} is {found.get(path)}, not {expected.get(path)}"
    sets = [node for node in document.get("distribution", []) if node.get("@type") == "cr:FileSet"]
    if len(sets) != 1 or sets[0].get("includes") != "data/*.parquet" or "containedIn" in sets[0]:
        yield "there is not exactly one set of files data/*.parquet"


def _fields(document: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    fields = _record_set(document, "default").get("field", [])
    columns = [field.get("source", {}).get("extract", {}).get("column") for field in fields]
    described = [column.name for column in facts.columns if record_sets.is_described(column)]
    if columns != [*described, None]:
        yield f"the fields are of the columns {columns}, not {described}"
    if _record_set(document, "default").get("key") != {"@id": "default/clip_id"}:
        yield "the key of the records is not clip_id"


def _splits(document: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    rows = [row.get("splits/name") for row in _record_set(document, "splits").get("data", [])]
    if rows != [split.name for split in facts.splits]:
        yield f"the splits are {rows}"
    fields = _record_set(document, "default").get("field", [])
    field: Mapping[str, Any] = next((field for field in fields if field.get("@id") == "default/split"), {})
    pattern = field.get("source", {}).get("transform", {}).get("regex", "")
    for split in facts.splits:
        for shard in split.files.shards:
            first = re.match(pattern, f"/any/where/{shard.path}")
            once = first[1] if first and first.groups() else ""
            second = re.match(pattern, once)
            if once != split.name or second is None or second[1] != once:
                yield f"the pattern does not find the split of {shard.path}"


def _record_set(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next((item for item in document.get("recordSet", []) if item.get("@id") == name), {})


def _each(value: Any) -> list[Any]:  # noqa: ANN401 - nothing, a value, or a list of them
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _is_date(value: object) -> bool:
    try:
        dt.date.fromisoformat(str(value))
    except ValueError:
        return False
    return True
