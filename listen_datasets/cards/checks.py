"""What no library checks in the documents, checked before they are written: every sentence is a bug of ours.

The validators of the formats accept a Croissant file with a wrong digest, a card with two licences, a statement without a
build type. So each function looks at the specification itself and yields what is wrong, in words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from listen_datasets import licences
from listen_datasets.cards import croissant, datasheet, intoto
from listen_datasets.cards.facts import Facts

_SPLIT = re.compile(r"\w+(\.\w+)*", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ABSOLUTE = re.compile(r'"(/|[A-Za-z]:\\\\|file:)')
_CROISSANT_KEYS = frozenset(
    "@context @type name conformsTo description license url creator datePublished version citeAs keywords inLanguage"
    " isLiveDataset distribution recordSet".split()
)


def of_card(text: str, facts: Facts) -> Iterator[str]:
    """Yield what is wrong with ``README.md``."""
    front = text.split("---\n")[1]
    keys = re.findall(r"^(\w+):", front, re.MULTILINE)
    yield from (f"the card has the key {key} twice" for key in sorted({key for key in keys if keys.count(key) > 1}))
    document = yaml.safe_load(front)
    ids = document["license"] if isinstance(document["license"], list) else [document["license"]]
    yield from (
        f"the card has a licence that the Hub does not know: {name}" for name in ids if name not in licences.HUB_IDS
    )
    if "other" in ids and not {"license_name", "license_link"} <= document.keys():
        yield "the card has the licence `other` without a name and a link"
    info = document["dataset_info"]
    rows = {split["name"]: split["num_examples"] for split in info["splits"]}
    written: dict[str, int] = {}
    for shard in facts.shards:
        written[shard.split] = written.get(shard.split, 0) + shard.rows
    if rows != written:
        yield f"the card counts {rows}, the shards hold {written}"
    yield from (f"{name!r} is no name of a split" for name in rows if not _SPLIT.fullmatch(name))
    if [feature["name"] for feature in info["features"]] != [column.name for column in facts.columns]:
        yield "the card describes other columns than the shards have"
    if {entry["split"] for entry in document["configs"][0]["data_files"]} != set(rows):
        yield "the card's files are those of other splits"
    if not all(isinstance(code, str) for code in document.get("language", [])):
        yield "a language of the card is no text"


def of_croissant(document: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    """Yield what is wrong with ``croissant.json``, besides what only a person can fill in."""
    if tuple(document.get("conformsTo", ())) != croissant.CONFORMS_TO:
        yield "Croissant: conformsTo is not that of 1.1"
    if not _NAME.fullmatch(document.get("name", "")):
        yield "Croissant: the name is missing or not legal"
    unknown = {key for key in document if key not in _CROISSANT_KEYS and not key.startswith("rai:")}
    yield from (f"Croissant: unknown key {key}" for key in sorted(unknown))
    ids = list(_ids(document))
    yield from (f"Croissant: the id {name} is given twice" for name in sorted({i for i in ids if ids.count(i) > 1}))
    files = {
        item["contentUrl"]: (item["sha256"], item["contentSize"])
        for item in document["distribution"]
        if item["@type"] == "cr:FileObject"
    }
    if files != {shard.path: (shard.sha256, f"{shard.bytes} B") for shard in facts.shards}:
        yield "Croissant: its files are not the shards with their digests and sizes"
    records = {item["@id"]: item for item in document["recordSet"]}
    fields = [field["name"] for field in records["default"]["field"]]
    if fields != [*(column.name for column in facts.columns), "split"]:
        yield "Croissant: its fields are not the columns of the shards"
    splits = [split.name for split in facts.splits]
    if [row["splits/name"] for row in records["splits"]["data"]] != splits:
        yield "Croissant: its splits are not the real ones"
    pattern = re.compile(croissant.split_regex(facts))
    for text, split in [*((shard.path, shard.split) for shard in facts.shards), *((name, name) for name in splits)]:
        match = pattern.match(text)
        if match is None or match[1] != split:
            yield f"Croissant: the pattern does not find the split of {text}"


def of_datasheet(text: str) -> Iterator[str]:
    """Yield what is wrong with ``DATASHEET.md``: every question exactly once, in order."""
    asked = [question.id for section in datasheet.questions().values() for question in section]
    if re.findall(r"^<!-- (\S+) -->$", text, re.MULTILINE) != asked:
        yield "the datasheet does not ask every question once, in order"


def of_statement(document: Mapping[str, Any], digests: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with ``provenance.intoto.json``."""
    if document.get("_type") != intoto.STATEMENT or document.get("predicateType") != intoto.PREDICATE:
        yield "provenance: no in-toto statement with SLSA provenance"
    predicate = document.get("predicate", {})
    build = predicate.get("buildDefinition", {})
    if not build.get("buildType") or "externalParameters" not in build:
        yield "provenance: the build definition lacks what SLSA requires"
    if not predicate.get("runDetails", {}).get("builder", {}).get("id"):
        yield "provenance: the builder has no id"
    if {item["name"]: item["digest"]["sha256"] for item in document.get("subject", ())} != dict(digests):
        yield "provenance: its subjects are not the files with their digests"
    if _ABSOLUTE.search(json.dumps(document)):
        yield "provenance: it names a path of this machine"


def _ids(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """Yield the ids that are defined (an object with nothing but an id is a reference)."""
    if isinstance(value, Mapping):
        if "@id" in value and "@type" in value and len(value) > 2:
            yield value["@id"]
        for key, item in value.items():
            if key != "@context":
                yield from _ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from _ids(item)
