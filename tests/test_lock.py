from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from listen_datasets.errors import LockedError, MachineError
from listen_datasets.lock import NAME, locked
from listen_datasets.storage import Disk
from listen_datasets.testing.disks import FailingDisk

ROOT = Path(__file__).parents[1]

HOLD = """
import sys
from pathlib import Path
from listen_datasets.lock import locked
from listen_datasets.storage import Disk
with locked(Disk(), Path(sys.argv[1]), "holder"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Yield another process that holds the lock until its standard input ends."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def _take(root: Path, run: str = "r2", timeout: float = 0.0) -> None:
    with locked(Disk(), root, run, timeout=timeout):
        pass


def test_while_held_the_text_names_the_holder_and_then_nobody(tmp_path: Path) -> None:
    with locked(Disk(), tmp_path, "r1"):
        held = json.loads((tmp_path / NAME).read_text())

    assert held["run"] == "r1"
    assert held["pid"] == os.getpid()
    assert (tmp_path / NAME).read_text() == ""


def test_a_second_run_is_refused_within_a_second_with_the_holders_name(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    start = time.monotonic()

    with pytest.raises(LockedError, match=f"run holder, pid {holder.pid}, host "):
        _take(tmp_path)

    assert time.monotonic() - start < 1


def test_a_killed_holder_leaves_the_lock_free(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    holder.kill()
    holder.wait()

    _take(tmp_path)


def test_with_a_timeout_a_run_waits_for_the_other(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    assert holder.stdin is not None
    threading.Timer(0.1, holder.stdin.close).start()

    _take(tmp_path, timeout=10)


def test_one_of_many_racing_threads_gets_the_lock(tmp_path: Path) -> None:
    barrier = threading.Barrier(20)
    ended = threading.Barrier(20)
    outcomes: list[str] = []

    def race() -> None:
        barrier.wait()
        try:
            with locked(Disk(), tmp_path, "r"):
                outcomes.append("held")
                ended.wait()
        except LockedError:
            outcomes.append("refused")
            ended.wait()

    threads = [threading.Thread(target=race) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["held", *["refused"] * 19]


def test_the_lock_is_released_when_its_run_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="oops"), locked(Disk(), tmp_path, "r1"):
        raise ValueError("oops")

    _take(tmp_path)


def test_a_held_lock_is_still_mine(tmp_path: Path) -> None:
    with locked(Disk(), tmp_path, "r1") as lock:
        assert lock.still_mine()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": "r2"}'])
def test_a_lock_that_names_another_is_not_mine(tmp_path: Path, text: str) -> None:
    with locked(Disk(), tmp_path, "r1") as lock:
        lock.path.write_text(text)

        assert not lock.still_mine()


@pytest.mark.parametrize("back", [True, False], ids=["replaced", "removed"])
def test_a_lock_file_that_was_taken_away_is_not_mine(tmp_path: Path, back: bool) -> None:  # noqa: FBT001
    with locked(Disk(), tmp_path, "r1") as lock:
        text = lock.path.read_text()
        lock.path.unlink()
        if back:
            lock.path.write_text(text)

        assert not lock.still_mine()


def test_a_lock_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".lds").mkdir()
    (tmp_path / "precious").write_text("mine")
    (tmp_path / NAME).symlink_to(tmp_path / "precious")

    with pytest.raises(MachineError, match="ELOOP"):
        _take(tmp_path)

    assert (tmp_path / "precious").read_text() == "mine"


def test_a_read_only_dataset_is_a_failure_of_the_machine(tmp_path: Path) -> None:
    with (
        pytest.raises(MachineError, match=r"cannot open \.lds/lock: .* \(EROFS\)"),
        locked(FailingDisk(3, errno.EROFS, tmp_path), tmp_path, "r1"),
    ):
        pass


def test_the_lock_is_not_inherited_by_child_processes(tmp_path: Path) -> None:
    with locked(Disk(), tmp_path, "r1") as lock:
        assert not os.get_inheritable(lock.descriptor)
