from __future__ import annotations

import json

import pytest

from listen_datasets import catalogue
from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode


def explained(capsys: pytest.CaptureFixture[str], *codes: str) -> str:
    assert run(["explain", *codes]) is ExitCode.OK
    return capsys.readouterr().out


def test_a_code_is_explained_with_all_that_the_catalogue_says(capsys: pytest.CaptureFixture[str]) -> None:
    said = " ".join(explained(capsys, "audio.clipped").split())

    entry = catalogue.entry("audio.clipped")
    assert said == (
        f"audio.clipped {entry.severity}, reported by lds {entry.stage} "
        f"what {entry.meaning} why {entry.why} fix {entry.fix}"
    )


def test_without_a_code_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained(capsys).splitlines()

    assert [line.split()[0] for line in lines] == list(catalogue.entries())
    assert max(map(len, lines)) < 80


@pytest.mark.parametrize("text", ["split", "split.", "split.*"])
def test_the_beginning_of_codes_lists_them(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    listed = [line.split()[0] for line in explained(capsys, text).splitlines()]

    assert listed == [code for code in catalogue.entries() if code.startswith("split.")]


def test_every_code_can_be_explained_in_the_width_of_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    said = explained(capsys, *catalogue.entries())

    assert max(map(len, said.splitlines())) < 80


def test_an_unknown_code_is_a_usage_error_that_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "audio.cliped"]) is ExitCode.USAGE
    assert "did you mean audio.clipped?" in capsys.readouterr().err


def test_the_document_has_the_fields_of_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(explained(capsys, "audio.clipped", "--json"))

    assert set(document["codes"]) == {"audio.clipped"}
    assert set(document["codes"]["audio.clipped"]) == {"severity", "stage", "meaning", "why", "fix"}
