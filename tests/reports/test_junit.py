from __future__ import annotations

from xml.etree import ElementTree as ET

from listen_datasets.reports import Report
from listen_datasets.reports.junit import ROWS, render
from listen_datasets.testing.reports import evil, report, silent, some


def cases(made: Report) -> dict[str, ET.Element]:
    return {case.attrib["name"]: case for case in ET.fromstring(render(made)).iter("testcase")}


def test_each_code_is_a_case_and_errors_fail() -> None:
    found = cases(some())

    assert list(found) == ["audio.clipped", "audio.leading_silence", "audio.silent", "metadata.schema"]
    assert [case.find("failure") is not None for case in found.values()] == [False, False, True, True]
    failure = found["metadata.schema"].find("failure")
    assert failure is not None
    assert (failure.text or "").startswith("tables/m.csv:3: `cat` is none of `dog`.\n")
    assert "x.wav: The clip begins" in (found["audio.leading_silence"].findtext("system-out") or "")


def test_counts_are_those_of_the_cases() -> None:
    root = ET.fromstring(render(some()))

    assert {name: root.attrib[name] for name in ("tests", "failures", "errors")} == {
        "tests": "4",
        "failures": "2",
        "errors": "0",
    }


def test_only_the_first_rows_are_listed_and_all_are_counted() -> None:
    failure = cases(report(*map(silent, range(ROWS + 5)), tally={"audio.silent": 1_234}))["audio.silent"].find(
        "failure"
    )

    assert failure is not None
    assert failure.attrib["message"].startswith("1234 x ")
    lines = (failure.text or "").splitlines()
    assert len(lines) == ROWS + 2
    assert lines[ROWS] == "... and 1,214 more"


def test_what_xml_does_not_allow_is_left_out() -> None:
    text = render(evil())

    ET.fromstring(text)
    assert not any(character in text for character in "\x00\x1b\ufffe\ud800")
