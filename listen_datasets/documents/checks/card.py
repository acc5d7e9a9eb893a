"""The dataset card: its YAML against the Hub's words, and its numbers against the shards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import yaml

from listen_datasets import licences
from listen_datasets.documents import strict_yaml, vocabulary
from listen_datasets.documents.facts import Facts
from listen_datasets.recipe import SPLIT_NAME

_KEYS = frozenset(
    [
        "language",
        "language_details",
        "license",
        "license_name",
        "license_link",
        "pretty_name",
        "tags",
        "size_categories",
        "task_categories",
        "task_ids",
        "configs",
        "dataset_info",
    ]
)
_MARK = "---\n"


def card_problems(text: str, facts: Facts) -> list[str]:
    """Return what is wrong with a dataset card."""
    if not text.startswith(_MARK) or f"\n{_MARK}" not in text[len(_MARK) :]:
        return ["the YAML between two lines of dashes is missing"]
    front = text[len(_MARK) :].split(f"\n{_MARK}", 1)[0] + "\n"
    try:
        strict_yaml.load(front.encode())  # refuses doubled keys
        fields = yaml.safe_load(front)
    except (ValueError, yaml.YAMLError) as error:
        return [f"the YAML cannot be read: {error}"]
    if not isinstance(fields, dict):
        return ["the YAML is no table"]
    return [*_words(fields), *_license(fields), *_data_files(fields, facts), *_info(fields, facts)]


def _words(fields: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(map(str, fields.keys() - _KEYS)):
        yield f"the Hub has no field {key}"
    for code in fields.get("language", []):
        if not isinstance(code, str) or not vocabulary.LANGUAGE.fullmatch(code):
            yield f"{code!r} is no language code"
    allowed = {
        "size_categories": frozenset(vocabulary.SIZE_CATEGORIES),
        "task_categories": vocabulary.TASK_CATEGORIES,
        "task_ids": frozenset(vocabulary.TASK_IDS),
    }
    for key, known in allowed.items():
        for value in fields.get(key, []):
            if value not in known:
                yield f"{key} must not be {value!r}"


def _license(fields: Mapping[str, Any]) -> Iterator[str]:
    said = fields.get("license")
    ids = said if isinstance(said, list) else [said]
    for name in ids:
        if name not in licences.HUB_IDS:
            yield f"the Hub has no licence {name!r}"
    if licences.OTHER in ids and not (fields.get("license_name") and fields.get("license_link")):
        yield "the licence `other` needs license_name and license_link"


def _data_files(fields: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    configs = fields.get("configs") or [{}]
    files = {entry.get("split"): entry.get("path", "") for entry in configs[0].get("data_files", [])}
    if not configs[0].get("config_name"):
        yield "configs has no config_name"
    if list(files) != [split.name for split in facts.splits]:
        yield f"configs has the splits {list(files)}"
    every = [shard.path for split in facts.splits for shard in split.files.shards]
    for split in facts.splits:
        matched = [path for path in every if fnmatchcase(path, str(files.get(split.name, "")))]
        if matched != [shard.path for shard in split.files.shards]:
            yield f"the pattern of the split {split.name} finds {matched}"


def _info(fields: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    info = fields.get("dataset_info") or {}
    rows = {entry.get("name"): entry.get("num_examples") for entry in info.get("splits", [])}
    if rows != {split.name: split.clips for split in facts.splits}:
        yield f"dataset_info has the rows {rows}"
    for name in rows:
        if not SPLIT_NAME.match(str(name)):
            yield f"{name!r} is no split name"
    columns = [entry.get("name") for entry in info.get("features", [])]
    if columns != [column.name for column in facts.columns]:
        yield f"dataset_info has the columns {columns}"
    if info.get("download_size") != facts.download_bytes:
        yield f"download_size is {info.get('download_size')}, not {facts.download_bytes}"
    if info.get("dataset_size") != sum(split.files.num_bytes for split in facts.splits):
        yield f"dataset_size is {info.get('dataset_size')}, which is not the sum of num_bytes"
