from __future__ import annotations

import json

from listen_datasets.reports.ndjson import render
from listen_datasets.testing.reports import EVIL, evil, report, silent, some


def test_each_finding_is_a_line_and_the_last_one_counts() -> None:
    lines = [json.loads(line) for line in render(some()).splitlines()]

    assert [(line["type"], line.get("code"), line.get("file")) for line in lines] == [
        ("finding", "audio.silent", "audio/1.wav"),
        ("finding", "metadata.schema", "tables/m.csv"),
        ("finding", "audio.leading_silence", None),
        ("summary", None, None),
    ]
    assert lines[-1]["by_severity"] == {"error": 2, "warning": 1, "note": 0}
    assert lines[-1]["left_out"] == 0


def test_what_is_left_out_is_counted() -> None:
    assert json.loads(render(report(silent(1), tally={"audio.silent": 9})).splitlines()[-1])["left_out"] == 8


def test_values_come_back_as_they_were() -> None:
    lines = render(evil()).split("\n")

    assert len(lines) == 3
    assert json.loads(lines[0])["value"] == EVIL
