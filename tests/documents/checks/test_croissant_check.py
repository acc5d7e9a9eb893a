from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from listen_datasets.documents import croissant
from listen_datasets.documents.checks import FROM_THE_RECIPE, croissant_problems
from listen_datasets.documents.facts import Facts

Change = Callable[[dict[str, Any]], object]


def changed(facts: Facts, change: Change) -> list[str]:
    document = copy.deepcopy(croissant.croissant(facts, {"use.could": "x", "com.missing": "y"}))
    change(document)
    return croissant_problems(document, facts)


def records(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in document["recordSet"] if item["@id"] == name)


def last_field(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = records(document, "default")["field"][-1]
    return found


def test_our_own_document_is_right(facts: Facts) -> None:
    assert changed(facts, dict) == []


@pytest.mark.parametrize(
    "key",
    [
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
    ],
)
def test_every_required_key_is_missed(facts: Facts, key: str) -> None:
    assert f"{key} is missing" in changed(facts, lambda document: document.pop(key))


def test_what_only_a_person_can_say_may_lack(facts: Facts) -> None:
    document = croissant.croissant(facts, {})
    for key in FROM_THE_RECIPE:
        del document[key]
    assert croissant_problems(document, facts, may_lack=FROM_THE_RECIPE) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda d: d["@context"].update({"@vocab": "http://schema.org/"}), "context"),
        (lambda d: d.update(conformsTo="http://mlcommons.org/croissant/1.1"), "conformsTo"),
        (lambda d: d.update(name="my data"), "the name 'my data'"),
        (lambda d: d.update(licence="x"), "the key licence is not known"),
        (lambda d: d.update({"rai:dataBias": ["x"]}), "the key rai:dataBias is not known"),
        (lambda d: d.update({"rai:dataUseCases": "x"}), "rai:dataUseCases is not a list of texts"),
        (lambda d: d.update({"rai:dataUseCases": []}), "rai:dataUseCases is not a list of texts"),
        (lambda d: d.update({"rai:dataCollectionMissingData": ["x"]}), "rai:dataCollectionMissingData is not a text"),
        (lambda d: d.update({"rai:dataCollectionTimeframe": ["spring"]}), "no list of dates"),
        (lambda d: d.update(version="1.0"), "not MAJOR.MINOR.PATCH"),
        (lambda d: d.update(datePublished="May 2024"), "is no date"),
        (lambda d: d.update(license="CC-BY-4.0"), "is no URL"),
        (lambda d: d.update(creator="Ada"), "creator has no name"),
        (lambda d: d.update(creator=[{"@type": "sc:Person"}]), "creator has no name"),
        (lambda d: d["distribution"][0].update({"@id": "shards"}), "'shards' stands twice"),
        (lambda d: d["distribution"][0].pop("@id"), "a node has no @id"),
        (lambda d: d["recordSet"][0].update(name="the splits"), "the name 'the splits'"),
        (lambda d: d["distribution"][0].update(sha256="0" * 64), "the file data/train-00000-of-00001.parquet is"),
        (lambda d: d["distribution"][0].update(contentSize="1 B"), "the file data/train-00000-of-00001.parquet is"),
        (lambda d: d["distribution"].pop(0), "the file data/train-00000-of-00001.parquet is None"),
        (lambda d: d["distribution"].pop(), "exactly one set of files"),
        (lambda d: d["distribution"][-1].update(containedIn=["x"]), "exactly one set of files"),
        (lambda d: records(d, "default")["field"].pop(0), "the fields are of the columns"),
        (lambda d: records(d, "default").pop("key"), "the key of the records"),
        (lambda d: records(d, "splits")["data"].pop(), "the splits are ['train', 'validation']"),
        (lambda d: d["recordSet"].pop(0), "the splits are []"),
        (lambda d: last_field(d)["source"]["transform"].update(regex="(train|test)-.*"), "the pattern does not find"),
        (lambda d: last_field(d)["source"]["transform"].update(regex="(?:.*/)?(train|test|validation)-.*"), "pattern"),
        (lambda d: records(d, "default")["field"].pop(), "the pattern does not find"),
    ],
)
def test_what_mlcroissant_misses_is_noticed(facts: Facts, change: Change, expected: str) -> None:
    assert expected in "; ".join(changed(facts, change))
