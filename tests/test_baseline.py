from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.baseline import Known, compare, read
from listen_datasets.errors import UsageError
from listen_datasets.model import Finding


def finding(code: str = "audio.clipped", **fields: Any) -> Finding:
    return Finding(code=code, severity="error", message="x", **fields)


def known(*items: Finding, **by_code: int) -> Known:
    counts = {**Counter(item.code for item in items), **{key.replace("_", "."): n for key, n in by_code.items()}}
    return Known(by_code=counts, items=items)


def compared(now: list[Finding], before: Known) -> tuple[list[Finding], dict[str, int], int, int]:
    found = compare(now, Counter(item.code for item in now), before)
    return list(found.findings), dict(found.by_code), found.known, found.gone


@pytest.mark.parametrize(
    ("before", "now", "is_same"),
    [
        ({"clip_id": "a", "path": "a.wav"}, {"clip_id": "a", "path": "renamed.wav"}, True),
        ({"clip_id": "a", "line": 3}, {"clip_id": "a", "line": 7}, True),
        ({"clip_id": "a", "value": "dgo"}, {"clip_id": "a", "value": "cta"}, True),
        ({"clip_id": "a"}, {"clip_id": "b"}, False),
        ({"clip_id": "a", "field": "/x"}, {"clip_id": "a", "field": "/y"}, False),
        ({"path": "m.csv", "line": 3, "value": "v"}, {"path": "m.csv", "line": 4, "value": "v"}, True),
        ({"path": "m.csv", "value": "v"}, {"path": "m.csv", "value": "w"}, False),
        ({"path": "m.csv"}, {"path": "n.csv"}, False),
        ({"code": "audio.silent"}, {"code": "audio.clipped"}, False),
    ],
)
def test_a_finding_is_known_by_its_code_and_place(before: dict[str, Any], now: dict[str, Any], is_same: bool) -> None:  # noqa: FBT001
    new, _, number, gone = compared([finding(**now)], known(finding(**before)))

    assert (len(new), number, gone) == ((0, 1, 0) if is_same else (1, 0, 1))


def test_what_comes_more_often_than_before_is_new() -> None:
    new, by_code, number, gone = compared([finding(path="m.csv")] * 3, known(finding(path="m.csv")))

    assert (len(new), by_code, number, gone) == (2, {"audio.clipped": 2}, 1, 0)


@pytest.mark.parametrize(("number", "before", "new"), [(5000, 4990, 10), (4990, 5000, 0), (5000, 5000, 0)])
def test_findings_beyond_those_stored_are_compared_by_number(number: int, before: int, new: int) -> None:
    stored = tuple(finding(clip_id=str(n)) for n in range(10))
    others = [finding(clip_id=str(n)) for n in range(3, 13)]
    found = compare(others, {"audio.clipped": number}, known(*stored, audio_clipped=before))

    assert (dict(found.by_code), len(found.findings)) == ({"audio.clipped": new} if new else {}, min(new, 3))


places = st.builds(
    finding,
    code=st.sampled_from(["a.b", "c.d"]),
    clip_id=st.none() | st.sampled_from("xyz"),
    value=st.sampled_from("12"),
)


@given(now=st.lists(places, max_size=12), before=st.lists(places, max_size=12))
def test_nothing_is_lost(now: list[Finding], before: list[Finding]) -> None:
    new, by_code, number, gone = compared(now, known(*before))

    assert len(new) == sum(by_code.values())
    assert len(new) + number == len(now)
    assert gone + number == len(before)
    assert compared(now, known(*now)) == ([], {}, len(now), 0)


def test_the_document_of_a_stage_and_of_a_run_is_read(tmp_path: Path) -> None:
    item = finding(clip_id="a", evidence={"value": 1})
    findings = {"by_severity": {}, "by_code": {"audio.clipped": 1}, "items": [msgspec.to_builtins(item)]}
    (tmp_path / "one.json").write_text(json.dumps({"command": "validate", "findings": findings, "report": {}}))
    (tmp_path / "all.json").write_text(json.dumps({"command": "run", "stages": {"validate": {"findings": findings}}}))

    assert read(tmp_path / "one.json") == read(tmp_path / "all.json") == {"validate": known(item)}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"command": 3}', '{"command": "validate", "findings": {"items": []}}', "[" * 100_000]
)
def test_what_is_no_document_is_refused_with_the_way_to_make_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(UsageError, match="baseline") as caught:
        read(tmp_path / "bad.json")

    assert "--json" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["missing.json", "folder"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=name):
        read(tmp_path / name)
