"""Reports from the shell's side: formats on standard output, and files beside."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode


@pytest.fixture
def bad(small: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset with a recording that is none and a label that the schema does not allow, seen from the folder above."""
    (small / "recordings" / "page.wav").write_bytes(b"<!DOCTYPE html><html></html>")
    table = small / "metadata.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",low,", ",lo,", 1), encoding="utf-8")
    assert run(["ingest", str(small), "--engine", "serial", "--quiet"]) is ExitCode.FINDINGS
    monkeypatch.chdir(small.parent)
    return small


def test_an_annotation_leads_to_the_line_of_the_table(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["validate", str(bad), "--format", "github"]) is ExitCode.FINDINGS

    said = capsys.readouterr()
    assert "::error file=small/metadata.csv,line=2,title=metadata.schema::" in said.out
    assert said.err == ""


def test_an_annotation_leads_to_the_recording(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    run(["ingest", str(bad), "--format", "github"])

    assert "::error file=small/recordings/page.wav,title=audio.not_audio::" in capsys.readouterr().out


def test_several_reports_at_once(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    outputs = ["sarif:found.sarif", "junit:reports/found.xml", "ndjson:found.ndjson", "markdown:summary.md"]
    arguments = [part for output in outputs for part in ("--output", output)]

    assert run(["validate", str(bad), *arguments]) is ExitCode.FINDINGS

    said = capsys.readouterr()
    assert "error metadata.schema  x1" in said.out
    assert [line for line in said.err.splitlines() if line.startswith("wrote ")] == [
        "wrote found.sarif", "wrote reports/found.xml", "wrote found.ndjson", "wrote summary.md",
    ]  # fmt: skip
    assert json.loads(Path("found.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert ET.parse("reports/found.xml").getroot().attrib["failures"] == "1"  # noqa: S314 - ours
    assert '"code": "metadata.schema"' in Path("found.ndjson").read_text(encoding="utf-8").splitlines()[0]
    assert "| Error | `metadata.schema` | 1 |" in Path("summary.md").read_text(encoding="utf-8")


def test_a_report_of_an_earlier_run_is_the_same(bad: Path) -> None:
    run(["validate", str(bad), "--output", "sarif:one.sarif"])
    run(["validate", str(bad), "--output", "sarif:two.sarif"])
    run(["validate", str(bad), "--force", "--output", "sarif:three.sarif"])

    assert Path("one.sarif").read_bytes() == Path("two.sarif").read_bytes() == Path("three.sarif").read_bytes()


def test_format_json_is_json(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    run(["validate", str(bad), "--json"])
    one = json.loads(capsys.readouterr().out)
    run(["validate", str(bad), "--format", "json"])
    two = json.loads(capsys.readouterr().out)

    assert {**one, "up_to_date": True} == two


def test_what_is_elsewhere_is_not_named_as_a_file(
    bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    capsys.readouterr()
    run(["validate", str(bad), "--format", "github"])

    assert "::error title=metadata.schema::metadata.csv:2: " in capsys.readouterr().out


@pytest.mark.parametrize("output", ["sarif", "sarif:", "text:x", "csv:x", "sarif:folder", "sarif:link"])
def test_an_output_that_cannot_be_is_a_usage_error(
    output: str, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("gone")

    assert run(["ingest", str(small), "--output", output]) is ExitCode.USAGE
    assert "--output" in capsys.readouterr().err
    assert not (small / "manifest.parquet").exists()


def _baseline(dataset: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    capsys.readouterr()
    run(["validate", str(dataset), "--json"])
    path = dataset.parent / "findings.json"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    return path


def test_what_a_baseline_knows_fails_no_more(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _baseline(bad, capsys)
    arguments = ["validate", str(bad), "--baseline", str(path)]

    assert run(arguments) is ExitCode.OK
    said = capsys.readouterr().out
    number = sum(json.loads(path.read_text(encoding="utf-8"))["findings"]["by_code"].values())
    assert f"beside the baseline: 0 new findings, {number} known, 0 gone" in said
    assert "metadata.schema" not in said.replace("metadata.schema.json", "")
    run([*arguments, "--format", "github"])
    assert "::error" not in capsys.readouterr().out


def test_what_a_baseline_does_not_know_fails(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _baseline(bad, capsys)
    table = bad / "metadata.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",high,", ",hi,", 1), encoding="utf-8")
    run(["ingest", str(bad), "--engine", "serial"])
    arguments = ["validate", str(bad), "--baseline", str(path)]
    capsys.readouterr()

    assert run(arguments) is ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "error metadata.schema  x1" in said
    assert "`lo`" not in said
    assert "`hi` is none of" in said
    assert run([*arguments, "--json"]) is ExitCode.FINDINGS
    document = json.loads(capsys.readouterr().out)
    assert document["baseline"]["new"] == {"label.rare": 1, "metadata.schema": 1}
    assert document["baseline"]["gone"] == 0
    assert document["findings"]["by_code"]["metadata.schema"] == 2


def test_a_baseline_of_another_stage_is_refused(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _baseline(bad, capsys)

    assert run(["ingest", str(bad), "--baseline", str(path)]) is ExitCode.USAGE
    assert "says nothing of what ingest found" in capsys.readouterr().err
