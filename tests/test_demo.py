"""The demo on the sample data: what was planted is found, and nothing else is called an error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from listen_datasets import Dataset

ROOT = Path(__file__).resolve().parent.parent
PLANTED = json.loads((ROOT / "sample_data" / "planted.json").read_text(encoding="utf-8"))
ACCOMPANIED = {("validate", "metadata.schema", "events/quay/whistle_02.ogg")}
"""Errors that follow from a planted defect: a recording without a row lacks what the schema requires."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("demo") / "dataset"
    command = [sys.executable, str(ROOT / "sample_data" / "demo.py"), str(folder)]
    return folder, subprocess.run(command, capture_output=True, text=True, check=False)


def test_demo_finds_every_planted_defect(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = demo

    assert done.returncode == 0, done.stdout + done.stderr
    assert "MISSED" not in done.stdout
    assert done.stdout.count("  found ") == sum(item["code"] is not None for item in PLANTED)
    assert done.stdout.count("  later ") == sum(item["code"] is None for item in PLANTED)


def test_demo_calls_nothing_else_an_error(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = demo
    dataset = Dataset.open(folder)
    names = dict(zip(*(dataset.manifest[name].to_pylist() for name in ("clip_id", "path")), strict=True))
    expected = {(item["stage"], item["code"], item["path"]) for item in PLANTED} | ACCOMPANIED

    errors = {
        (stage, item.code, names.get(item.clip_id or "") or item.value or item.path)
        for stage in ("ingest", "validate", "dedup", "features", "split", "shard", "card")
        for item in dataset.findings(stage)
        if item.severity == "error"
    }

    assert errors <= expected


def test_values_that_look_like_nothing_survive_to_the_shards(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    import pyarrow.dataset as ds  # noqa: PLC0415 - only here

    folder, _ = demo
    table = ds.dataset(folder / "dist" / "data", format="parquet").to_table(columns=["take", "transcript", "group"])

    assert {"007", "001"} <= set(table["take"].to_pylist())
    assert {"null", "None", "no"} <= set(table["transcript"].to_pylist())
    assert "NA" in set(table["group"].to_pylist())
