"""`lds split --audit`: splits of others, in tables, folders and datasets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode

LEAKING = "file_name,split,speaker\na.wav,train,x\nb.wav,test,x\nc.wav,test,y\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(LEAKING, encoding="utf-8")
    return path


def test_a_speaker_in_two_splits_is_listed(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["split", str(table), "--audit", "--group-by", "speaker"]) is ExitCode.FINDINGS
    assert "b.wav (test) and a.wav (train) lie in two splits: both have speaker = x" in capsys.readouterr().out


def test_splits_that_are_apart_are_green(table: Path) -> None:
    table.write_text(LEAKING.replace("b.wav,test,x", "b.wav,test,z"), encoding="utf-8")
    assert run(["split", str(table), "--audit", "--group-by", "speaker"]) is ExitCode.OK


def test_reports_for_machines_list_the_pairs(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["split", str(table), "--audit", "--group-by", "speaker", "--format", "sarif"])
    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert (code, [result["ruleId"] for result in results]) == (ExitCode.FINDINGS, ["split.leakage"])


def test_a_table_that_relates_nothing_is_refused(table: Path) -> None:
    assert run(["split", str(table), "--audit"]) is ExitCode.USAGE


def test_a_table_without_splits_is_refused(table: Path) -> None:
    assert run(["split", str(table), "--audit", "--official", "fold", "--group-by", "speaker"]) is ExitCode.USAGE


def test_one_split_alone_is_not_green(table: Path) -> None:
    table.write_text(LEAKING.replace(",test", ",train"), encoding="utf-8")
    assert run(["split", str(table), "--audit", "--group-by", "speaker"]) is ExitCode.NOTHING


def test_copies_in_the_folders_of_two_splits_are_found(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = next(path for path in sorted((small / "recordings").rglob("*")) if path.is_file()).read_bytes()
    for split in ("train", "test"):
        (tmp_path / "other" / split).mkdir(parents=True)
        (tmp_path / "other" / split / f"{split}.wav").write_bytes(data)
    code = run(["split", str(tmp_path / "other"), "--audit", "--engine", "serial", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert code is ExitCode.FINDINGS
    assert document["audit"]["relations"]["sha256"]["pairs_across"] == 1


def test_our_own_shards_are_audited(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["split", str(finished / "dist"), "--audit", "--engine", "serial", "--json"])
    assert (code, json.loads(capsys.readouterr().out)["valid"]) == (ExitCode.OK, True)


def test_a_dataset_is_audited_without_being_changed(finished: Path) -> None:
    before = sorted(path for path in finished.rglob("*"))
    assert run(["split", str(finished), "--audit"]) is ExitCode.OK
    assert sorted(path for path in finished.rglob("*")) == before
