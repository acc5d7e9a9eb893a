from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from listen_datasets.errors import MachineError
from listen_datasets.storage import Disk, write_bytes
from listen_datasets.testing.disks import CountingDisk, FailingDisk, PowerCut, PowerCutDisk, Survives


def test_a_counting_disk_remembers_operations_by_relative_path(tmp_path: Path) -> None:
    disk = CountingDisk(tmp_path)

    disk.mkdir(tmp_path / "dist")
    disk.unlink(tmp_path / "dist" / "a")

    assert disk.operations == ["make folder dist", "remove dist/a"]


def test_a_failing_disk_refuses_one_operation(tmp_path: Path) -> None:
    disk = FailingDisk(2, errno.EIO)

    disk.mkdir(tmp_path / "a")
    with pytest.raises(MachineError, match="EIO"):
        disk.mkdir(tmp_path / "b")
    disk.mkdir(tmp_path / "c")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"]


def test_after_a_power_cut_nothing_works(tmp_path: Path) -> None:
    disk = PowerCutDisk(1, tmp_path)

    with pytest.raises(PowerCut):
        disk.mkdir(tmp_path / "a")
    with pytest.raises(PowerCut):
        disk.mkdir(tmp_path / "b")

    assert list(tmp_path.iterdir()) == []


def _careless(disk: Disk, root: Path) -> None:
    """Write and rename a file without a flush, then lose power."""
    descriptor = disk.create(root / "new")
    disk.write(descriptor, root / "new", memoryview(b"new bytes"))
    disk.close(descriptor, root / "new")
    disk.rename(root / "new", root / "kept")
    disk.unlink(root / "other")


@pytest.mark.parametrize(
    ("survives", "left"),
    [
        ("everything", {"kept": b"new bytes", "other": b"x"}),
        ("names", {"kept": b"", "other": b"x"}),
        ("flushed", {"kept": b"old", "other": b"x"}),
    ],
)
def test_a_power_cut_shows_what_was_not_flushed(tmp_path: Path, survives: Survives, left: dict[str, bytes]) -> None:
    (tmp_path / "kept").write_bytes(b"old")
    (tmp_path / "other").write_bytes(b"x")

    with pytest.raises(PowerCut):
        _careless(PowerCutDisk(5, tmp_path, survives), tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == left


def test_a_removal_that_was_not_flushed_comes_undone(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    disk = PowerCutDisk(2, tmp_path, "flushed")

    disk.unlink(tmp_path / "a")
    with pytest.raises(PowerCut):
        disk.mkdir(tmp_path / "b")

    assert (tmp_path / "a").read_bytes() == b"x"


def test_what_was_flushed_survives(tmp_path: Path) -> None:
    disk = PowerCutDisk(10, tmp_path, "flushed")

    write_bytes(disk, tmp_path / "dist" / "a", b"x")
    with pytest.raises(PowerCut):
        disk.unlink(tmp_path / "dist" / "a")

    assert (tmp_path / "dist" / "a").read_bytes() == b"x"


def test_a_power_cut_tears_the_write_it_hits(tmp_path: Path) -> None:
    disk = PowerCutDisk(2, tmp_path)
    descriptor = disk.open_append(tmp_path / "a")

    with pytest.raises(PowerCut):
        disk.append(descriptor, tmp_path / "a", b"12345678")
    os.close(descriptor)

    assert (tmp_path / "a").read_bytes() == b"1234"
