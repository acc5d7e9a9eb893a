from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from listen_datasets import journal
from listen_datasets.journal import Journal
from listen_datasets.storage import Disk
from listen_datasets.testing.disks import PowerCut, PowerCutDisk, Survives


def open_(folder: Path, key: str = "sha256:0", disk: Disk | None = None) -> Journal:
    return Journal(disk or Disk(), folder, "ingest", key)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    made = open_(tmp_path / "run")
    for data in (b"one", b"two", b"three"):
        made.append(data)
    return tmp_path / "run"


def test_pieces_come_back_in_order(run: Path) -> None:
    assert list(open_(run).pieces()) == [b"one", b"two", b"three"]


def test_more_can_be_added_later(run: Path) -> None:
    open_(run).append(b"four")

    assert list(open_(run).pieces()) == [b"one", b"two", b"three", b"four"]


def test_pieces_of_other_parameters_do_not_count(run: Path) -> None:
    other = open_(run, "sha256:1")
    other.append(b"four")

    assert list(open_(run, "sha256:1").pieces()) == [b"four"]
    assert list(open_(run).pieces()) == [b"one", b"two", b"three"]


def test_a_piece_that_is_not_what_was_written_does_not_count(run: Path) -> None:
    (run / "piece-000002").write_bytes(b"tw0")
    (run / "piece-000003").unlink()

    assert list(open_(run).pieces()) == [b"one"]


@pytest.mark.parametrize("torn", [b'{"v":1', b"garbage\n", b"\xff\xfe"])
def test_a_torn_last_line_is_cut_off_before_more_is_written(run: Path, torn: bytes) -> None:
    with (run / journal.NAME).open("ab") as file:
        file.write(torn)

    open_(run).append(b"four")

    assert list(open_(run).pieces()) == [b"one", b"two", b"three", b"four"]
    assert torn not in (run / journal.NAME).read_bytes()


def test_nothing_counts_behind_a_line_that_does_not_follow(run: Path) -> None:
    lines = (run / journal.NAME).read_bytes().splitlines(keepends=True)
    (run / journal.NAME).write_bytes(lines[0] + lines[2])

    assert list(open_(run).pieces()) == [b"one"]


@pytest.mark.parametrize("survives", get_args(Survives))
@pytest.mark.parametrize("operation", range(1, 30))
def test_a_power_cut_at_any_operation_loses_the_last_piece_at_most(
    tmp_path: Path, operation: int, survives: Survives
) -> None:
    data = [b"one", b"two"]
    done = 0
    try:
        made = open_(tmp_path / "run", disk=PowerCutDisk(operation, tmp_path, survives))
        for piece in data:
            made.append(piece)
            done += 1
    except PowerCut:
        pass

    found = list(open_(tmp_path / "run").pieces())
    assert found == data[: len(found)]
    assert len(found) >= done
    open_(tmp_path / "run").append(b"more")
    assert list(open_(tmp_path / "run").pieces()) == [*found, b"more"]


def test_the_run_with_the_most_work_is_found(tmp_path: Path) -> None:
    for name, number in (("a", 1), ("b", 3), ("c", 2)):
        made = open_(tmp_path / name)
        for _ in range(number):
            made.append(b"x")
    (tmp_path / "empty").mkdir()

    assert journal.unfinished(tmp_path, "ingest") == "b"
    assert journal.unfinished(tmp_path, "features") is None
    assert journal.unfinished(tmp_path / "nowhere", "ingest") is None
