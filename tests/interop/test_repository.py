"""What others take from the repository, the action and the hooks, is what their tools take."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.interop

ROOT = Path(__file__).resolve().parents[2]


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed (extra interop)")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_action_is_what_the_schema_of_actions_asks_for() -> None:
    done = tool("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_jobs_of_the_readme_are_what_the_schema_of_workflows_asks_for(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    jobs = [part.partition("```")[0] for part in text.split("```yaml\n")[1:]]
    workflows = [job for job in jobs if job.startswith("on:")]
    assert workflows
    for number, job in enumerate(workflows):
        (tmp_path / f"{number}.yml").write_text(job, encoding="utf-8")

    done = tool(
        "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, sorted(tmp_path.iterdir()))
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hooks_are_what_pre_commit_takes() -> None:
    done = tool("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("number", [0, 1])
def test_the_scripts_of_the_action_are_sound(number: int, tmp_path: Path) -> None:
    step = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"][number]
    (tmp_path / "step.sh").write_text(f"#!/bin/bash\nset -eo pipefail\n{step['run']}", encoding="utf-8")

    done = tool("shellcheck", "--severity=style", str(tmp_path / "step.sh"))

    assert done.returncode == 0, done.stdout + done.stderr
