"""Reports are read by the models of those who read them, and are what the official schemas of their formats ask for.

`make test-all` and `make interop` fetch the schemas (`official_schemas.py`); a schema that is not there skips its tests.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode
from listen_datasets.reports import Report, junit, sarif
from listen_datasets.testing.reports import evil, report, some

pytestmark = pytest.mark.interop

REPORTS = pytest.mark.parametrize("made", [report(), some(), evil()], ids=["nothing", "some", "evil"])


@REPORTS
def test_sarif_is_what_its_model_takes(made: Report) -> None:
    model = pytest.importorskip("sarif_pydantic").Sarif.model_validate(json.loads(sarif.render(made)))

    assert len(model.runs[0].results) == len(made.findings)


@REPORTS
def test_junit_is_what_its_parser_takes(made: Report, tmp_path: Path) -> None:
    (tmp_path / "found.xml").write_text(junit.render(made), encoding="utf-8")
    parsed = pytest.importorskip("junitparser").JUnitXml.fromfile(str(tmp_path / "found.xml"))

    assert (parsed.tests, parsed.failures) == (
        len(made.codes),
        sum(code != "audio.leading_silence" for code in made.tally),
    )


def official(name: str) -> Path:
    path = Path(sys.prefix) / "official-schemas" / name
    if not path.is_file():
        pytest.skip(f"{name} has not been fetched; `make interop` does it")
    return path


@pytest.fixture(scope="module")
def sarif_problems() -> Callable[[Any], list[str]]:
    """What the schema of OASIS says about a document: of draft 4, with a pattern that ECMA's rules refuse and Python's take."""
    schema = json.loads(official("sarif-2.1.0.json").read_text(encoding="utf-8"))
    formats = jsonschema.FormatChecker(())
    for name in ("uri", "uri-reference", "date-time"):
        decides = jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True)
        formats.checks(name)(decides.is_valid)
    checker = jsonschema.Draft4Validator(schema, format_checker=formats)
    return lambda document: [f"{error.json_path}: {error.message}" for error in checker.iter_errors(document)]


@pytest.fixture(scope="module")
def junit_problems() -> Callable[[str], list[str]]:
    """What the schema of Jenkins says about a text."""
    schema = pytest.importorskip("xmlschema").XMLSchema(str(official("junit-10.xsd")))
    return lambda text: [str(error.reason) for error in schema.iter_errors(text)]


@REPORTS
def test_sarif_is_what_its_official_schema_asks_for(made: Report, sarif_problems: Callable[[Any], list[str]]) -> None:
    assert sarif_problems(json.loads(sarif.render(made))) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("version",), "2.0.0"),
        (("runs", 0, "results", 0, "level"), "fatal"),
        (("runs", 0, "results", 0, "message"), None),
        (("runs", 0, "results", 1, "locations", 0, "physicalLocation", "region", "startLine"), 0),
        (("runs", 0, "tool", "driver", "informationUri"), "not a uri"),
        (("runs", 0, "tool", "driver", "rules", 0, "severity"), "error"),
    ],
)
def test_that_schema_finds_what_is_wrong(
    place: tuple[str | int, ...], value: object, sarif_problems: Callable[[Any], list[str]]
) -> None:
    document = json.loads(sarif.render(some()))
    parent = document
    for part in place[:-1]:
        parent = parent[part]
    parent[place[-1]] = value

    assert sarif_problems(document)


@REPORTS
def test_junit_is_what_jenkins_asks_for(made: Report, junit_problems: Callable[[str], list[str]]) -> None:
    assert junit_problems(junit.render(made)) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<testcase ", "<testcase severity='x' "),
        (' name="audio.silent"', ""),
        ("<failure ", "<failure count='1' "),
        ("<testsuite ", "<testsuite warnings='1' "),
        ('time="0"', 'time="soon"'),
    ],
)
def test_that_form_finds_what_is_wrong(before: str, after: str, junit_problems: Callable[[str], list[str]]) -> None:
    text = junit.render(some())
    assert before in text

    assert junit_problems(text.replace(before, after))


def test_what_a_run_reports_is_valid(
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
    sarif_problems: Callable[[Any], list[str]],
    junit_problems: Callable[[str], list[str]],
) -> None:
    monkeypatch.chdir(small.parent)
    (small / "recordings" / "a b%,ü.wav").write_bytes(b"<!DOCTYPE html><html></html>")
    outputs = ["--output", "sarif:found.sarif", "--output", "junit:found.xml"]

    assert run(["run", "small", "--engine", "serial", *outputs]) is ExitCode.FINDINGS

    document = json.loads(Path("found.sarif").read_text(encoding="utf-8"))
    uris = {
        location["physicalLocation"]["artifactLocation"]["uri"]
        for result in document["runs"][0]["results"]
        for location in result.get("locations", ())
        if "physicalLocation" in location
    }
    assert "small/recordings/a%20b%25%2C%C3%BC.wav" in uris
    assert sarif_problems(document) == []
    assert junit_problems(Path("found.xml").read_text(encoding="utf-8").partition("\n")[2]) == []
