"""Promises about the whole program, watched from outside: what it opens, what it sends, what outlives it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from listen_datasets import Dataset, stages
from listen_datasets.executors.serial import Serial
from listen_datasets.testing.small import recording

LDS = [sys.executable, "-m", "listen_datasets"]

WATCHED = """
import json, os, sys
events = []
def watch(name, values):
    if name == "open" and isinstance(values[0], (str, bytes)):
        events.append([os.fsdecode(values[0]), values[2]])
    elif name.startswith("socket.") and name not in {"socket.gethostname", "socket.__new__"}:
        events.append([name, 0])
sys.addaudithook(watch)
from listen_datasets.cli.program import run
code = run(sys.argv[1:])
json.dump([code, events], sys.stderr)
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, finished: Path) -> tuple[int, list[tuple[str, int]], Path]:
    """Run the whole job over a source full of ways out; return the exit code, what was opened how, and the dataset."""
    root = tmp_path_factory.mktemp("watched") / "small"
    shutil.copytree(
        finished, root, ignore=shutil.ignore_patterns("dist", "features", "findings", "*.parquet", "*.jsonl")
    )
    outside = root.parent / "outside"
    outside.mkdir()
    for name in ("canary.wav", "canary.csv"):
        (outside / name).write_bytes(recording(60))
    (root / "recordings" / "link.wav").symlink_to(outside / "canary.wav")
    (root / "recordings" / "folder").symlink_to(outside)
    rows = ["../outside/canary.wav", str(outside / "canary.wav"), "folder/canary.wav", "group0/../../canary.wav"]
    with (root / "metadata.csv").open("a", encoding="utf-8") as table:
        table.writelines(f"{path},low,group0,0,CC0-1.0\n" for path in rows)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, "run", str(root), "--engine", "serial", "--quiet"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    code, events = json.loads(done.stderr)
    return code, [(name, flags) for name, flags in events], root


def test_nothing_outside_the_source_is_opened(watched: tuple[int, list[tuple[str, int]], Path]) -> None:
    code, events, root = watched

    assert code == 1
    assert [name for name, _ in events if "canary" in name] == []
    assert [name for name, _ in events if "group0" in name] != []
    assert Dataset.open(root).rejected.num_rows == 6


def test_nothing_outside_the_dataset_is_opened_for_writing(watched: tuple[int, list[tuple[str, int]], Path]) -> None:
    _, events, root = watched
    written = {name for name, flags in events if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)}

    assert written
    # Compilers of the libraries keep caches of their own.
    assert [name for name in written if not name.startswith(str(root)) and "__pycache__" not in name] == []
    assert [name for name in written if "recordings" in name] == []


def test_nothing_is_sent(watched: tuple[int, list[tuple[str, int]], Path]) -> None:
    assert [name for name, _ in watched[1] if name.startswith("socket.")] == []


# ----------------------------------------------------------------------------------------------------------------------


def descendants(pid: int) -> list[int]:
    """Return the children of a process, and their children."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    children = [int(child) for child in text.split()]
    return [*children, *(one for child in children for one in descendants(child))]


def decoders(pid: int) -> list[int]:
    """Return the descendants of a process that have loaded what they decode with, and so have begun."""

    def has_begun(child: int) -> bool:
        try:
            return "libsndfile" in Path(f"/proc/{child}/maps").read_text(encoding="utf-8")
        except FileNotFoundError:
            return False

    return [child for child in descendants(pid) if has_begun(child)]


def until(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(condition())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_run_that_is_ended_leaves_no_worker_and_nothing_half_done(
    small: Path, number: signal.Signals, code: int
) -> None:
    sounds = [recording(key) for key in range(7)]
    for key in range(2000):
        (small / "recordings" / f"{key}.wav").write_bytes(sounds[key % 7])
    command = [*LDS, "ingest", str(small), "--quiet", "--jobs", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as running:
        has_begun = until(lambda: len(decoders(running.pid)) == 3)  # the nursery and two of it
        workers = descendants(running.pid)
        running.send_signal(number)
        _, said = running.communicate(timeout=20)

    assert has_begun
    assert running.returncode == code
    assert b"Traceback" not in said
    assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    assert not (small / "manifest.parquet").exists()
    for path in (small / "recordings").glob("*.wav"):
        path.unlink()
    assert Dataset.open(small).apply(stages.find("ingest"), executor=Serial()).counts.kept == 8
