"""The whole job, command by command, on the sample data whose defects are known."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from listen_datasets import Dataset, ledger
from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"

JOB = [
    (["init", "{}", "--license", "CC0-1.0", "--label", "label", "--group-by", "group", "--stratify-by", "label"], 0),
    (["ingest", "{}", "{source}/recordings", "--metadata", "{source}/metadata.csv"], 1),
    (["validate", "{}"], 1),
    (["dedup", "{}"], 0),
    (["features", "{}", "--extractor", "loudness"], 0),
    (["split", "{}", "--ratios", "train=0.6,validation=0.2,test=0.2"], 0),
    (["shard", "{}"], 0),
    (["card", "{}"], 0),
    (["verify", "{}"], 0),
    (["status", "{}"], 0),
    (["log", "{}"], 0),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path_factory.mktemp("job") / "sample"))


@pytest.fixture(scope="module")
def done(source: Path) -> tuple[Path, dict[str, ExitCode]]:
    """Run the job; return the dataset and the exit code of each command."""
    root = source.parent / "dataset"
    codes = {}
    for arguments, _ in JOB:
        if arguments[0] == "validate":
            shutil.copy(source / "metadata.schema.json", root)
        codes[arguments[0]] = run([text.format(root, source=source) for text in arguments] + ["--engine", "serial"])
    return root, codes


@pytest.mark.parametrize(("command", "code"), [(arguments[0], code) for arguments, code in JOB])
def test_a_command_exits_as_the_data_deserves(done: tuple[Path, dict[str, ExitCode]], command: str, code: int) -> None:
    assert done[1][command] == code


def test_every_planted_defect_is_found_where_it_should_be(done: tuple[Path, dict[str, ExitCode]]) -> None:
    dataset = Dataset.open(done[0])
    paths = dict(zip(*(dataset.manifest[name].to_pylist() for name in ("clip_id", "path")), strict=True))
    found: defaultdict[tuple[str, str], set[str | None]] = defaultdict(set)
    for stage in ("ingest", "validate", "dedup"):
        for item in dataset.findings(stage):
            found[stage, item.code] |= {paths.get(item.clip_id or ""), item.path, item.value}

    planted = json.loads((SAMPLE / "planted.json").read_text(encoding="utf-8"))

    assert [
        item for item in planted if item["code"] is not None and item["path"] not in found[item["stage"], item["code"]]
    ] == []


def test_every_input_has_one_fate_after_every_stage(done: tuple[Path, dict[str, ExitCode]]) -> None:
    entries = Dataset.open(done[0]).ledger().entries

    assert [entry.stage for entry in entries] == ["ingest", "validate", "dedup", "features", "split", "shard", "card"]
    assert {entry.counts["inputs"] for entry in entries} == {66}
    assert [entry.counts["kept"] for entry in entries] == sorted(
        (entry.counts["kept"] for entry in entries), reverse=True
    )


def test_a_group_lies_in_one_split(done: tuple[Path, dict[str, ExitCode]]) -> None:
    manifest = Dataset.open(done[0]).manifest.select(["group", "split"]).to_pylist()
    splits: defaultdict[str, set[str]] = defaultdict(set)
    for row in manifest:
        if row["split"] is not None:
            splits[row["group"]].add(row["split"])

    assert {len(names) for names in splits.values()} == {1}
    assert set.union(*splits.values()) == {"train", "validation", "test"}


def test_the_ledger_knows_every_file_of_the_dataset(done: tuple[Path, dict[str, ExitCode]]) -> None:
    root = done[0]
    known = ledger.state(Dataset.open(root).ledger().entries)
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}

    mine = {"lds.toml", "metadata.schema.json", "provenance.jsonl", ".lds/lock", ".lds/cache/stamps.parquet"}
    assert there - known.keys() == mine
    assert known.keys() <= there


def test_the_sample_data_were_not_touched(done: tuple[Path, dict[str, ExitCode]], source: Path) -> None:
    def content(folder: Path) -> dict[str, bytes]:
        files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    assert content(source) == content(SAMPLE)
