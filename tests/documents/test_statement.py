from __future__ import annotations

import json
from dataclasses import replace

import pytest

from listen_datasets.documents import checks, statement
from listen_datasets.documents.facts import Facts

FILES = {"data/train-00000-of-00001.parquet": "a" * 64, "README.md": "b" * 64}


def test_the_subjects_are_the_files_in_the_order_of_their_bytes(facts: Facts) -> None:
    document = statement.statement(facts, FILES)
    assert document["subject"] == [
        {"name": "README.md", "digest": {"sha256": "b" * 64}},
        {"name": "data/train-00000-of-00001.parquet", "digest": {"sha256": "a" * 64}},
    ]
    names = ["a.md", "Z.md", "data/b", "é.md", "b.a"]
    found = statement.statement(facts, dict.fromkeys(names, "0" * 64))["subject"]
    assert [item["name"] for item in found] == ["Z.md", "a.md", "b.a", "data/b", "é.md"]
    assert checks.statement_problems(document, FILES) == []


def test_it_says_what_was_done_with_which_settings(facts: Facts) -> None:
    build = statement.statement(facts, FILES)["predicate"]["buildDefinition"]
    stages = build["externalParameters"]["stages"]
    assert [stage["name"] for stage in stages] == ["ingest", "validate", "split", "shard"]
    assert stages[1]["config"] == {"min-duration": 0.5}
    assert stages[1]["counts"]["kept"] == 6
    assert build["externalParameters"]["seed"] == 0


def test_what_went_in_has_digests_or_a_reason(facts: Facts) -> None:
    build = statement.statement(facts, FILES, datasheet="c" * 64)["predicate"]["buildDefinition"]
    found = {item["name"]: item for item in build["resolvedDependencies"]}
    assert found["recordings"]["digest"] == {"sha256": "1" * 64}
    assert found["recordings"]["annotations"]["sources"] == [{"name": "main", "license": "CC-BY-4.0"}]
    assert found["metadata"]["digest"] == {"sha256": "2" * 64}
    assert found["datasheet"]["digest"] == {"sha256": "c" * 64}
    assert found["listen-datasets"]["uri"] == f"pkg:pypi/listen-datasets@{facts.lds_version}"


def test_nothing_of_the_run_is_in_it(facts: Facts) -> None:
    text = json.dumps(statement.statement(facts, FILES))
    for word in ("run1", "2024-01-01", "started", "invocationId", "seconds"):
        assert word not in text


@pytest.mark.parametrize("path", ["/home/ada/x.yaml", "/srv/x/", "~/x", "C:\\x", "c:/x", "\\\\host\\x", "file:///x"])
def test_a_path_of_the_machine_is_hidden(facts: Facts, path: str) -> None:
    stages = (replace(facts.stages[0], config={"where": [path], "deep": {"x": path}}),)
    text = json.dumps(statement.statement(replace(facts, stages=stages), FILES))
    assert json.dumps(path)[1:-1] not in text
    assert text.count("(a path of the machine)") == 2


@pytest.mark.parametrize(
    "text", ["train", "a/b", "/x", "https://example.org/x", "CC-BY-4.0", "data/x.parquet", "1:2", ""]
)
def test_other_texts_stay(text: str) -> None:
    assert statement.without_paths({"x": text}) == {"x": text}
