from __future__ import annotations

import json
from typing import Any

from listen_datasets import catalogue
from listen_datasets.reports import Located, Report
from listen_datasets.reports.sarif import render
from listen_datasets.testing.reports import evil, report, silent, some


def run(made: Report) -> dict[str, Any]:
    document = json.loads(render(made))
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
    only: dict[str, Any] = document["runs"][0]
    return only


def test_every_result_names_its_rule() -> None:
    found = run(some())
    rules = found["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == [
        "audio.clipped", "audio.leading_silence", "audio.silent", "metadata.schema",
    ]  # fmt: skip
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in found["results"])
    assert [result["level"] for result in found["results"]] == ["error", "error", "warning"]
    assert rules[2]["help"]["text"] == catalogue.entry("audio.silent").fix


def test_results_lie_in_files_of_the_checkout() -> None:
    first, second, third = run(some())["results"]

    assert first["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "audio/1.wav"}
    assert second["locations"][0] == {
        "physicalLocation": {"artifactLocation": {"uri": "tables/m.csv"}, "region": {"startLine": 3}},
        "logicalLocations": [{"fullyQualifiedName": "rows[3]/label", "kind": "member"}],
    }
    assert "locations" not in third


def test_tables_that_are_no_text_have_one_line() -> None:
    row = some().findings[1]
    (result,) = run(report(Located(row.finding, "m.parquet")))["results"]

    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_a_finding_is_the_same_one_when_its_line_has_moved() -> None:
    item = some().findings[1]
    moved = Located(catalogue.finding("metadata.schema", "x", path="m.csv", line=9, field="/label"), "tables/m.csv")
    prints = [result["partialFingerprints"] for result in run(report(item, moved, silent(1)))["results"]]

    assert prints[0] == prints[1] != prints[2]


def test_paths_are_encoded_and_texts_are_shown() -> None:
    text = render(evil())

    assert "%0D%0A%3A%3Aerror%3A%3Ab%250A" in text
    assert not any(character in text for character in "\r\x00\x1b\ud800")


def test_what_is_left_out_is_counted() -> None:
    found = run(report(silent(1), tally={"audio.silent": 70_000}))

    assert found["properties"]["leftOut"] == 69_999
    assert found["properties"]["findings"] == {"audio.silent": 70_000}
