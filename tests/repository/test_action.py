"""`action.yml` does what it says: its steps are run as GitHub's runner runs them, on datasets good, bad and hostile."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from listen_datasets import __version__, stages
from listen_datasets.testing.small import small_dataset

ROOT = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]

_EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


@dataclass
class Job:
    """A job on a machine that has a checkout: runs steps, and gathers what they leave behind.

    Attributes:
        home: Its folder.
        path: What it looks for programs in.
    """

    home: Path
    path: str = field(default_factory=lambda: os.environ["PATH"])

    def __post_init__(self) -> None:
        for name in ("checkout", "temp"):
            (self.home / name).mkdir()

    @property
    def checkout(self) -> Path:
        return self.home / "checkout"

    def step(self, step: dict[str, Any], **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run a step as the runner does: inputs have their defaults, expressions stand in `env` alone."""
        known = {f"inputs.{name}": value["default"] for name, value in ACTION["inputs"].items()}
        known |= {f"inputs.{name}": value for name, value in inputs.items()} | {"github.action_path": str(ROOT)}
        files = {f"GITHUB_{name}": str(self.home / name.lower()) for name in ("OUTPUT", "STEP_SUMMARY", "PATH")}
        said = {name: _EXPRESSION.sub(lambda match: known[match[1]], text) for name, text in step["env"].items()}
        script = self.home / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self.checkout,
            env={"PATH": self.path, "HOME": str(self.home), "RUNNER_TEMP": str(self.home / "temp"), **files, **said},
            capture_output=True,
            text=True,
            check=False,
        )

    def left(self, name: str) -> str:
        path = self.home / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.left("output").splitlines())


INSTALL, RUN = STEPS


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job whose machine has an `lds`."""
    made = Job(tmp_path)
    program = tmp_path / "bin" / "lds"
    program.parent.mkdir()
    paths = f"PYTHONPATH={ROOT} " if os.environ.get("PYTHONPATH") else ""
    program.write_text(f'#!/bin/sh\nexec env {paths}{sys.executable} -m listen_datasets "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    made.path = f"{program.parent}{os.pathsep}{made.path}"
    return made


@pytest.fixture
def good(job: Job) -> Path:
    return small_dataset(job.checkout / "tones")


@pytest.fixture
def bad(good: Path) -> Path:
    (good / "recordings" / "page.wav").write_bytes(b"<!DOCTYPE html><html></html>")
    table = good / "metadata.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",low,", ",lo,", 1), encoding="utf-8")
    return good


def test_the_commands_that_it_takes_are_those_that_report() -> None:
    (listed,) = re.findall(r"^ +(.+)\) ;;$", RUN["run"], re.MULTILINE)

    assert listed.split(" | ") == ["run", *stages.ORDER]
    assert all(name in ACTION["inputs"]["command"]["description"] for name in listed.split(" | "))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step["id"]))
def test_nothing_is_pasted_into_a_script(step: dict[str, Any]) -> None:
    assert "${{" not in step["run"]
    assert step["shell"] == "bash"


def test_every_input_is_used_and_every_output_is_made() -> None:
    used = {name for step in STEPS for text in step["env"].values() for name in _EXPRESSION.findall(text)}

    assert used - {"github.action_path"} == {f"inputs.{name}" for name in ACTION["inputs"]}
    assert {name: item["value"] for name, item in ACTION["outputs"].items()} == {
        name: f"${{{{ steps.lds.outputs.{name} }}}}" for name in ACTION["outputs"]
    }


def test_a_good_dataset_passes(job: Job, good: Path) -> None:
    done = job.step(RUN, dataset="tones")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "::error" not in done.stdout
    assert (job.outputs["exit-code"], job.outputs["errors"]) == ("0", "0")
    assert job.outputs["notes"] == "2"  # tones of half a second are too short for two columns of loudness
    assert set(job.outputs) == set(ACTION["outputs"])
    assert "### `lds run`: `small`" in job.left("step_summary")
    assert (good / "dist" / "README.md").is_file()


def test_a_bad_dataset_fails_and_says_where(job: Job, bad: Path) -> None:
    done = job.step(RUN, dataset="tones")

    assert done.returncode == 1, done.stdout + done.stderr
    assert "::error file=tones/recordings/page.wav,title=audio.not_audio::" in done.stdout
    assert "::error file=tones/metadata.csv,line=2,title=metadata.schema::" in done.stdout
    assert (job.outputs["exit-code"], job.outputs["errors"]) == ("1", "2")
    assert int(job.outputs["warnings"]) > 0
    assert "| Error | `metadata.schema` | 1 |" in job.left("step_summary")
    (found,) = json.loads(Path(job.outputs["sarif"]).read_text(encoding="utf-8"))["runs"]
    assert {"audio.not_audio", "metadata.schema"} <= {result["ruleId"] for result in found["results"]}
    assert ET.parse(job.outputs["junit"]).getroot().attrib["failures"] == "2"  # noqa: S314 - ours
    assert len(Path(job.outputs["ndjson"]).read_text(encoding="utf-8").splitlines()) == 1 + len(found["results"])


@pytest.mark.parametrize(("fail_on", "code"), [("never", 0), ("warning", 1)])
def test_inputs_reach_the_command(fail_on: str, code: int, job: Job, bad: Path) -> None:
    job.step(RUN, dataset="tones", command="ingest")
    job.home.joinpath("output").unlink()

    done = job.step(
        RUN, dataset="tones", command="validate", **{"fail-on": fail_on}, args="--force\n  --min-duration 9"
    )

    assert done.returncode == code
    assert job.outputs["exit-code"] == str(code)
    assert "title=clip.too_short::" in done.stdout
    assert "`lds validate`" in job.left("step_summary")


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"dataset": "elsewhere"}, 2),
        ({"dataset": "tones", "fail-on": "sometimes"}, 2),
        ({"dataset": "tones", "command": "validate"}, 5),
        ({"dataset": "tones", "command": "status"}, 2),
        ({"dataset": "tones", "args": "--nothing"}, 2),
    ],
)
def test_what_cannot_be_done_is_an_annotation(inputs: dict[str, str], code: int, job: Job, good: Path) -> None:
    done = job.step(RUN, **inputs)

    assert done.returncode == code
    assert job.outputs == {"exit-code": str(code)}
    assert done.stdout.count("::error title=lds") == 1
    assert job.left("step_summary") == ""


@pytest.mark.parametrize("name", ["dataset", "command", "fail-on", "args"])
@pytest.mark.parametrize("text", ["$(touch hit)`touch hit`", '"; touch hit; "', "a\ntouch hit\n", "* -- --force"])
def test_an_input_is_never_code(text: str, name: str, job: Job, good: Path) -> None:
    inputs = {"dataset": "tones", "command": "validate", name: text}

    done = job.step(RUN, **inputs)

    assert done.returncode in {2, 5}
    assert sorted(path.name for path in job.checkout.iterdir()) == ["tones"]
    assert not (good / "manifest.parquet").exists()


def test_a_file_name_is_never_a_command_of_the_runner(job: Job, good: Path) -> None:
    (good / "recordings" / "a\n::error::of its own.wav").write_bytes(b"<!DOCTYPE html><html></html>")

    done = job.step(RUN, dataset="elsewhere\n::warning::of its own")

    before, _, after = done.stdout.partition("::stop-commands::")
    token, _, said = after.partition("\n")
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert "::" not in before
    assert said.partition(f"::{token}::\n")[2].startswith("::error title=lds run::Exit code 2")

    done = job.step(RUN, dataset="tones")

    assert done.returncode == 1
    assert not [line for line in done.stdout.splitlines() if line.startswith("::error::")]


def test_an_lds_that_is_there_is_taken(job: Job) -> None:
    done = job.step(INSTALL)

    assert (done.returncode, done.stdout) == (0, f"lds {__version__}\n")
    assert job.left("path") == ""


@pytest.mark.parametrize(
    ("version", "what"), [("1.2.3", "listen-datasets==1.2.3"), ("", str(ROOT))], ids=["of PyPI", "of the action"]
)
def test_else_it_is_installed_into_an_environment_of_its_own(version: str, what: str, tmp_path: Path) -> None:
    job = Job(tmp_path)
    # A Python whose `venv` makes an environment that writes down how it is called.
    environment = '#!/bin/sh\nprintf "%s\\n" "$@" > "$RUNNER_TEMP/called"\n'
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\n[ "$1" = -c ] && exit 0\nmkdir -p "$3/bin"\n'
        f"cat > \"$3/bin/python\" <<'END'\n{environment}END\nchmod +x \"$3/bin/python\"\n",
        encoding="utf-8",
    )  # fmt: skip
    fake.chmod(0o755)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "sh", "mkdir", "cat", "chmod"):
        (tools / name).symlink_to(str(shutil.which(name)))
    job.path = f"{fake.parent}{os.pathsep}{tools}"

    done = job.step(INSTALL, version=version)

    assert done.returncode == 0, done.stderr
    assert job.left("temp/called").splitlines() == ["-m", "pip", "install", "--quiet", "--", what]
    assert job.left("path") == f"{tmp_path}/temp/lds-environment/bin\n"


@pytest.mark.parametrize("version", ["1.0 ; x", "$(touch hit)", "-r", "1\n2"])
def test_a_version_that_is_none_is_refused(version: str, job: Job) -> None:
    done = job.step(INSTALL, version=version)

    assert done.returncode == 2
    assert "::error title=lds::" in done.stdout
    assert list(job.checkout.iterdir()) == []
