"""Every exit code as a shell sees it: a table of calls of the program, each in a process of its own.

What ends by a signal stands in `test_exit_codes.py`.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from listen_datasets import Dataset, lock, stages
from listen_datasets.cli.program import run
from listen_datasets.executors.serial import Serial
from listen_datasets.storage import Disk
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise
from listen_datasets.testing.small import small_dataset

_PAGE = b"<!DOCTYPE html><html></html>"
_NARROW = "\n[validate]\nmin-bandwidth-ratio = 0.2\n"  # tones fill no band


def shell(folder: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a folder where `d` is the dataset and `lds` is this package."""
    lds = f'lds() {{ {shlex.quote(sys.executable)} -m listen_datasets "$@"; }}\n'
    return subprocess.run(
        ["/bin/sh", "-c", lds + command], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def ingest(root: Path) -> None:
    Dataset.open(root).apply(stages.find("ingest"), executor=Serial())


def with_an_error(root: Path) -> None:
    table = root / "metadata.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",low,", ",lo,", 1), encoding="utf-8")
    ingest(root)


def with_a_warning(root: Path) -> None:
    recipe = root / "lds.toml"
    recipe.write_text(recipe.read_text(encoding="utf-8") + _NARROW, encoding="utf-8")


def with_a_note(root: Path) -> None:
    (root / "recordings" / "group0" / "low.wav").write_bytes(encode(noise(1, duration=0.5, sample_rate=16_000), 16_000))
    ingest(root)


def without_a_clip(root: Path) -> None:
    for path in sorted((root / "recordings").rglob("*.wav")):
        path.unlink()
    (root / "recordings" / "page.wav").write_bytes(_PAGE)
    (root / "lds.toml").write_text('[dataset]\nname = "x"\n[[source]]\nname = "main"\npath = "recordings"\n', "utf-8")
    ingest(root)


def without_a_manifest(root: Path) -> None:
    recipe = (root / "lds.toml").read_bytes()
    shutil.rmtree(root)
    root.mkdir()
    (root / "lds.toml").write_bytes(recipe)


def without_a_recording(root: Path) -> None:
    without_a_manifest(root)
    (root / "recordings").mkdir()
    (root / "metadata.csv").write_text("file_name,label\na.wav,low\n", encoding="utf-8")


def without_a_row(root: Path) -> None:
    (root / "metadata.csv").write_text("file_name,label\n", encoding="utf-8")


def with_recordings_away(root: Path) -> None:
    (root / "recordings").rename(root / "away")


def with_another_manifest(root: Path) -> None:
    with (root / "manifest.parquet").open("ab") as file:
        file.write(b"x")


def with_a_broken_recipe(root: Path) -> None:
    (root / "lds.toml").write_text("[validate]\nmin-duraton = 1\n", encoding="utf-8")


def with_a_broken_schema(root: Path) -> None:
    (root / "metadata.schema.json").write_text('{"type": "strin"}', encoding="utf-8")


def without_the_schema(root: Path) -> None:
    recipe = (root / "lds.toml").read_text(encoding="utf-8")
    (root / "lds.toml").write_text(f'metadata-schema = "gone.json"\n{recipe}', encoding="utf-8")


def as_it_is(_root: Path) -> None:
    pass


Case = tuple[Callable[[Path], None], str, int]

VALIDATE: list[Case] = [
    (as_it_is, "lds validate d", 0),
    (as_it_is, "lds validate d --fail-on note", 0),
    (with_a_note, "lds validate d --fail-on note", 1),
    (with_a_note, "lds validate d --fail-on warning", 0),
    (with_a_warning, "lds validate d", 0),
    (with_a_warning, "lds validate d --fail-on warning", 1),
    (with_an_error, "lds validate d", 1),
    (with_an_error, "lds validate d --fail-on never", 0),
]
"""All levels stand in `test_every_level_lets_through_what_lies_below`, without processes."""

NOTHING: list[Case] = [
    (without_a_manifest, "lds validate d", 5),
    (without_a_manifest, "lds validate d --fail-on never", 5),
    (without_a_manifest, "lds validate d --allow-empty", 0),
    (without_a_manifest, "lds split d", 5),
    (without_a_manifest, "lds verify d", 5),
    (without_a_clip, "lds validate d", 5),
    (without_a_clip, "lds validate d --fail-on never", 5),
    (without_a_clip, "lds validate d --allow-empty", 0),
    (without_a_clip, "lds dedup d", 5),
    (without_a_clip, "lds run d", 5),  # though 1 would say that recordings were rejected
    (without_a_clip, "lds run d --allow-empty", 1),
    (without_a_clip, "lds run d --allow-empty --fail-on never", 0),
    (without_a_recording, "lds ingest d", 5),
    (without_a_recording, "lds run d --allow-empty", 0),
    (without_a_row, "lds ingest d", 5),
]

OTHERS: list[Case] = [
    (as_it_is, "lds validate", 2),
    (as_it_is, "lds validate d --fail-on sometimes", 2),
    (as_it_is, "lds validate d --format sarf", 2),
    (as_it_is, "lds validate d --output sarif", 2),
    (as_it_is, "lds validate d --disable audio.slient", 2),
    (as_it_is, "lds validate elsewhere", 2),
    (as_it_is, "lds shard d", 2),
    (with_a_broken_recipe, "lds validate d", 2),
    (with_a_broken_schema, "lds validate d", 2),
    (without_the_schema, "lds validate d", 2),
    (with_recordings_away, "lds features d", 3),
    (with_recordings_away, "lds features d --fail-on never", 3),
    (with_another_manifest, "lds validate d", 6),
    (with_another_manifest, "lds verify d", 6),
    (as_it_is, "ulimit -f 1; lds validate d", 7),
    (as_it_is, "lds validate d > /dev/full", 7),
    (as_it_is, "lds validate d --output sarif:/proc/findings.sarif", 7),
]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset that has been ingested and that nothing is wrong with."""
    root = small_dataset(tmp_path_factory.mktemp("ready") / "d")
    ingest(root)
    return root


@pytest.fixture
def folder(ready: Path, tmp_path: Path) -> Path:
    shutil.copytree(ready, tmp_path / "d")
    return tmp_path


@pytest.mark.parametrize(
    ("prepare", "command", "code"),
    [pytest.param(*case, id=f"{case[0].__name__}: {case[1]}") for case in (*VALIDATE, *NOTHING, *OTHERS)],
)
def test_exit_code(folder: Path, prepare: Callable[[Path], None], command: str, code: int) -> None:
    prepare(folder / "d")

    done = shell(folder, command)

    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert ("error: " in done.stderr) == (code in {2, 5, 7} or (code == 6 and "verify" not in command))


@pytest.mark.parametrize(
    ("prepare", "codes"),
    [
        (as_it_is, (0, 0, 0, 0, 0)),
        (with_a_note, (0, 0, 0, 1, 0)),
        (with_a_warning, (0, 0, 1, 1, 0)),
        (with_an_error, (1, 1, 1, 1, 0)),
    ],
)
def test_every_level_lets_through_what_lies_below(
    folder: Path, prepare: Callable[[Path], None], codes: tuple[int, ...]
) -> None:
    prepare(folder / "d")
    levels = ([], *(["--fail-on", level] for level in ("error", "warning", "note", "never")))

    assert tuple(run(["validate", str(folder / "d"), *level]) for level in levels) == codes


def test_4_when_another_run_holds_the_dataset(folder: Path) -> None:
    with lock.locked(Disk(folder / "d"), folder / "d", "other-run"):
        done = shell(folder, "lds validate d")

    assert done.returncode == 4
    assert "other-run" in done.stderr


def test_70_when_a_plug_in_has_a_bug(folder: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    information = installed / "broken-1.dist-info"
    information.mkdir(parents=True)
    (installed / "broken_rule.py").write_text("def check(table, config):\n    return 1 / 0\n", encoding="utf-8")
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n", encoding="utf-8")
    (information / "entry_points.txt").write_text("[listen_datasets.rules]\nx = broken_rule:check\n", encoding="utf-8")
    paths = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])

    done = shell(folder, "lds validate d", PYTHONPATH=paths)

    assert done.returncode == 70
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("option", ["--json", "--format json"])
def test_nothing_that_is_allowed_is_a_document_too(folder: Path, option: str) -> None:
    without_a_manifest(folder / "d")

    done = shell(folder, f"lds validate d --allow-empty {option}")

    assert done.returncode == 0
    assert json.loads(done.stdout)["nothing"] == "validate needs ingest, which has not run"
    assert json.loads(done.stderr.splitlines()[-1]) == {"message_type": "exit", "code": 0, "reason": "ok"}
