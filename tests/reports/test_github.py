from __future__ import annotations

import pytest

from listen_datasets.reports import Report
from listen_datasets.reports.github import render
from listen_datasets.testing.reports import evil, report, silent, some


def commands(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("::")]


def test_findings_are_annotations_of_their_lines() -> None:
    assert render(some()).splitlines() == [
        "::error file=audio/1.wav,title=audio.silent::Every sample of clip 1 is zero.",
        "::error file=tables/m.csv,line=3,title=metadata.schema::`cat` is none of `dog`.%0Adid you mean `dog`?",
        "::warning title=audio.leading_silence::x.wav: The clip begins with 3 s below -60 dBFS.",
        "lds validate birds: 2 error, 1 warning, 0 note",
    ]


def test_no_text_makes_a_command_of_its_own() -> None:
    (command,) = commands(render(evil()))

    assert render(evil()).isprintable() is False  # line feeds
    assert len(render(evil()).splitlines()) == 2
    head, _, message = command.removeprefix("::error ").partition("::")
    assert "::" not in head
    assert [part.partition("=")[0] for part in head.split(",")] == ["file", "line", "title"]
    assert "%250A" in message
    assert not any(character in command for character in "\r\x00\x1b\ud800")


def test_no_more_than_a_step_shows_and_every_code_before_any_twice() -> None:
    many = report(*map(silent, range(30)), some().findings[1], tally={"audio.silent": 5_000})
    found = commands(render(many))

    assert len(found) == 10
    assert [sum(code in line for line in found) for code in ("audio.silent", "metadata.schema")] == [9, 1]
    assert render(many).splitlines()[-1] == "lds validate birds: 5001 error, 0 warning, 0 note; 4991 of them not shown"


@pytest.mark.parametrize("empty", [report()])
def test_nothing_found_is_said(empty: Report) -> None:
    assert render(empty) == "lds validate birds: 0 error, 0 warning, 0 note\n"
