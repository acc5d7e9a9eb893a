"""`.pre-commit-hooks.yaml`: each hook is run as pre-commit runs it, without the environment that it would make."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from listen_datasets.testing.small import small_dataset

ROOT = Path(__file__).resolve().parents[2]
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}


def run(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *words = shlex.split(HOOKS[name]["entry"])
    assert program == "lds"
    command = [sys.executable, "-m", "listen_datasets", *words, *HOOKS[name]["args"]]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("hook", HOOKS.values(), ids=list(HOOKS))
def test_a_hook_asks_for_no_files_and_for_a_call_of_its_own(hook: dict[str, Any]) -> None:
    assert (hook["language"], hook["pass_filenames"], hook["require_serial"]) == ("python", False, True)
    assert hook["args"] == ["."]


def test_a_good_dataset_passes_every_hook(tmp_path: Path) -> None:
    root = small_dataset(tmp_path / "tones")

    assert {name: run(name, root).returncode for name in HOOKS} == dict.fromkeys(HOOKS, 0)


def test_a_label_that_the_schema_does_not_allow_stops_the_commit(tmp_path: Path) -> None:
    root = small_dataset(tmp_path / "tones")
    table = root / "metadata.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",low,", ",lo,", 1), encoding="utf-8")

    run("lds-ingest", root)
    done = run("lds-validate", root)

    assert done.returncode == 1
    assert "metadata.csv:2: " in done.stdout


def test_a_schema_that_cannot_be_used_stops_the_commit(tmp_path: Path) -> None:
    root = small_dataset(tmp_path / "tones")
    schema = root / "metadata.schema.json"
    schema.write_text(schema.read_text(encoding="utf-8").replace('"string"', '"text"', 1), encoding="utf-8")

    done = run("lds-schema-check", root)

    assert done.returncode == 2
    assert "metadata.schema.json" in done.stderr


def test_a_changed_byte_stops_the_commit(tmp_path: Path) -> None:
    root = small_dataset(tmp_path / "tones")
    run("lds-ingest", root)
    with (root / "rejected.parquet").open("ab") as file:
        file.write(b"x")

    assert run("lds-verify", root).returncode == 6
