from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from listen_datasets.documents import statement
from listen_datasets.documents.checks import statement_problems
from listen_datasets.documents.facts import Facts

FILES = {"data/train-00000-of-00001.parquet": "a" * 64, "README.md": "b" * 64}


def changed(facts: Facts, change: Callable[[dict[str, Any]], object]) -> list[str]:
    document = copy.deepcopy(statement.statement(facts, FILES))
    change(document)
    return statement_problems(document, FILES)


def build(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["predicate"]["buildDefinition"]
    return found


def test_our_own_statement_is_right(facts: Facts) -> None:
    assert changed(facts, dict) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda d: d.update(_type="https://in-toto.io/Statement/v0.1"), "_type is"),
        (lambda d: d.update(predicateType="x"), "predicateType is 'x'"),
        (lambda d: d["subject"][0]["digest"].update(sha256="0" * 64), "the digest of README.md is 000"),
        (lambda d: d["subject"][0].pop("digest"), "the digest of README.md is None"),
        (lambda d: d["subject"].pop(), "the digest of data/train-00000-of-00001.parquet is None"),
        (lambda d: d["subject"].append({"name": "x", "digest": {"sha256": "c" * 64}}), "the digest of x is ccc"),
        (lambda d: d["subject"].append(d["subject"][0]), "a subject stands there twice"),
        (lambda d: build(d).pop("buildType"), "buildType is missing"),
        (lambda d: build(d).pop("externalParameters"), "externalParameters is missing"),
        (lambda d: d["predicate"].pop("buildDefinition"), "buildType is missing"),
        (lambda d: d["predicate"]["runDetails"]["builder"].pop("id"), "builder.id is missing"),
        (lambda d: d["predicate"].pop("runDetails"), "builder.id is missing"),
        (lambda d: d.pop("predicate"), "buildType is missing"),
        (lambda d: d["predicate"]["runDetails"].update(metadata={"startedOn": "x"}), "metadata would tell"),
        (lambda d: build(d).update(internalParameters={"argv": []}), "internalParameters would tell"),
        (lambda d: build(d)["externalParameters"].update(home="/home/ada"), ".home is a path of the machine"),
        (lambda d: build(d)["externalParameters"].update(files=["/srv/a"]), ".files[0] is a path of the machine"),
        (lambda d: build(d)["resolvedDependencies"].append({"name": "x"}), "x has neither a digest nor a reason"),
        (lambda d: build(d)["resolvedDependencies"][0]["digest"].update(sha256="abc"), "metadata is 'abc'"),
    ],
)
def test_what_the_library_misses_is_noticed(
    facts: Facts, change: Callable[[dict[str, Any]], object], expected: str
) -> None:
    assert expected in "; ".join(changed(facts, change))
