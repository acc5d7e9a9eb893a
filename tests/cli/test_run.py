from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from listen_datasets import Dataset, lock, stages
from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode, LockedError
from listen_datasets.executors.serial import Serial
from listen_datasets.storage import Disk


def lds(*arguments: str) -> ExitCode:
    return run([*arguments, "--engine", "serial"])


def test_run_says_which_stages_it_skipped(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lds("run", str(small)) is ExitCode.OK
    assert "up to date" not in capsys.readouterr().out

    assert lds("run", str(small)) is ExitCode.OK
    assert capsys.readouterr().out.count("(up to date: nothing has changed)") == len(stages.ORDER)


def test_run_goes_on_after_findings_and_exits_1(small: Path) -> None:
    (small / "recordings" / "page.wav").write_bytes(b"<!DOCTYPE html><html></html>")

    assert lds("run", str(small)) is ExitCode.FINDINGS
    assert (small / "dist" / "README.md").is_file()


def test_run_that_fails_prints_what_was_done_before(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(small / "recordings" / "group0")
    shutil.rmtree(small / "recordings" / "group1")
    shutil.rmtree(small / "recordings" / "group2")

    assert lds("run", str(small), "--json") is ExitCode.USAGE
    said = capsys.readouterr()
    assert list(json.loads(said.out)["stages"]) == ["ingest", "validate", "dedup", "features"]
    assert json.loads(said.err.splitlines()[-1])["code"] == ExitCode.USAGE


def test_one_report_holds_what_all_stages_found(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small.parent)
    (small / "recordings" / "page.wav").write_bytes(b"<!DOCTYPE html><html></html>")
    table = small / "metadata.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",low,", ",lo,", 1), encoding="utf-8")

    assert lds("run", "small", "--format", "github", "--output", "ndjson:found.ndjson") is ExitCode.FINDINGS

    said = capsys.readouterr()
    assert "::error file=small/recordings/page.wav,title=audio.not_audio::" in said.out  # of ingest
    assert "::error file=small/metadata.csv,line=2,title=metadata.schema::" in said.out  # of validate
    assert said.out.splitlines()[-1].startswith("lds run small: 2 error, ")
    assert said.err == "wrote found.ndjson\n"
    *found, summary = map(json.loads, Path("found.ndjson").read_text(encoding="utf-8").splitlines())
    assert {"audio.not_audio", "metadata.schema"} <= {item["code"] for item in found}
    assert summary["by_code"] == dict(Counter(item["code"] for item in found))
    assert (summary["stage"], summary["counts"]["inputs"], summary["left_out"]) == ("run", 9, 0)


def test_a_run_that_fails_reports_what_was_found_before(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small.parent)
    (small / "recordings" / "page.wav").write_bytes(b"<!DOCTYPE html><html></html>")
    recipe = small / "lds.toml"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace('["group"]', '["grup"]'), encoding="utf-8")

    assert lds("run", "small", "--output", "sarif:found.sarif") is ExitCode.USAGE

    assert "card: " not in capsys.readouterr().out
    (result,) = [
        item
        for item in json.loads(Path("found.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
        if item["level"] == "error"
    ]
    assert result["ruleId"] == "audio.not_audio"


def test_format_json_of_a_run_is_its_one_document(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lds("run", str(small), "--format", "json") is ExitCode.OK

    assert list(json.loads(capsys.readouterr().out)["stages"]) == list(stages.ORDER)


def test_json_exit_line_stands_even_where_the_call_cannot_be_parsed(capsys: pytest.CaptureFixture[str]) -> None:
    assert lds("split", "somewhere", "--bogus", "--json") is ExitCode.USAGE
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["code"] == ExitCode.USAGE


def test_nobody_comes_between_the_stages_of_a_held_dataset(small: Path) -> None:
    with Dataset.open(small).locked() as held:
        held.apply(stages.find("ingest"), executor=Serial())
        with pytest.raises(LockedError):
            Dataset.open(small).apply(stages.find("split"), executor=Serial())
        held.apply(stages.find("validate"), executor=Serial())
    with lock.locked(Disk(small), small, "next"):
        pass


@pytest.mark.parametrize("text", ["Creative Commons", "CC-BY"])
def test_licence_that_is_no_spdx_id_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lds("init", str(tmp_path / "new"), "--license", text) is ExitCode.USAGE
    assert f"'{text}' is no SPDX id" in capsys.readouterr().err
    assert not (tmp_path / "new" / "lds.toml").exists()


def test_source_is_entered_only_when_its_ingest_succeeds(small: Path, tmp_path: Path) -> None:
    before = (small / "lds.toml").read_bytes()
    other = tmp_path / "other"
    shutil.copytree(small / "recordings" / "group0", other)
    table = tmp_path / "table.csv"
    table.write_bytes("file_name,label\nlow.wav,grün\n".encode("latin-1"))

    assert lds("ingest", str(small), str(other), "--metadata", str(table)) is ExitCode.USAGE
    assert (small / "lds.toml").read_bytes() == before

    table.write_text("file_name,label\nlow.wav,low\nhigh.wav,high\n", encoding="utf-8")
    assert lds("ingest", str(small), str(other), "--metadata", str(table)) is ExitCode.OK
    assert [source.name for source in Dataset.open(small).recipe.source] == ["main", "other"]


@pytest.mark.parametrize("path", ["recordings/group0", "."])
def test_sources_that_overlap_are_refused(path: str, small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (small / "lds.toml").open("a", encoding="utf-8") as recipe:
        recipe.write(f'\n[[source]]\nname = "again"\npath = "{path}"\n')

    assert lds("ingest", str(small)) is ExitCode.USAGE
    assert "would count twice" in capsys.readouterr().err


def test_features_of_recordings_that_were_away_are_made_when_they_are_back(small: Path) -> None:
    assert lds("ingest", str(small)) is ExitCode.OK
    (small / "recordings").rename(small / "away")
    assert lds("features", str(small)) is ExitCode.INCOMPLETE

    (small / "away").rename(small / "recordings")
    assert lds("features", str(small)) is ExitCode.OK
