from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import IO

import pytest

from listen_datasets.errors import MachineError, UsageError
from listen_datasets.storage import Disk, Written, is_temporary, make_folder, write_bytes, write_file
from listen_datasets.testing.disks import CountingDisk, FailingDisk, PowerCut, PowerCutDisk, Survives

OPERATIONS = ("create", "write", "flush", "close", "read", "rename", "flush folder")


def test_written_says_what_lies_on_disk(tmp_path: Path) -> None:
    written = write_bytes(Disk(), tmp_path / "a.txt", b"hello")

    assert written == Written(tmp_path / "a.txt", 5, hashlib.sha256(b"hello").hexdigest())
    assert (tmp_path / "a.txt").read_bytes() == b"hello"


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_bytes(Disk(), tmp_path / "dist" / "data" / "a.txt", b"x")

    assert (tmp_path / "dist" / "data" / "a.txt").read_bytes() == b"x"


def test_a_name_of_255_bytes_can_be_written(tmp_path: Path) -> None:
    write_bytes(Disk(), tmp_path / ("n" * 255), b"x")

    assert (tmp_path / ("n" * 255)).read_bytes() == b"x"


def test_an_existing_file_is_not_replaced_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")

    with pytest.raises(UsageError, match=r"a\.txt is there already"):
        write_bytes(Disk(), tmp_path / "a.txt", b"new")

    assert (tmp_path / "a.txt").read_bytes() == b"old"


def test_the_operations_come_in_the_order_that_survives_a_power_cut(tmp_path: Path) -> None:
    disk = CountingDisk(tmp_path)

    write_bytes(disk, tmp_path / "a.txt", b"x")

    assert disk.operations == [
        "create .",
        "write a.txt",
        "flush a.txt",
        "close a.txt",
        "read a.txt",
        "rename a.txt",
        "flush folder .",
    ]


def test_large_and_small_writes_arrive_in_order(tmp_path: Path) -> None:
    pieces = [bytes([i % 251]) * (1 if i % 3 else 1_500_000) for i in range(12)]

    def produce(file: IO[bytes]) -> None:
        for piece in pieces:
            file.write(piece)

    written = write_file(Disk(), tmp_path / "a.bin", produce)

    assert (tmp_path / "a.bin").read_bytes() == b"".join(pieces)
    assert written.bytes == sum(map(len, pieces))


@pytest.mark.parametrize("raised", [ValueError("no"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_a_producer_that_raises_leaves_the_old_file_and_no_litter(tmp_path: Path, raised: BaseException) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")

    def produce(file: IO[bytes]) -> None:
        file.write(b"half")
        raise raised

    with pytest.raises(type(raised)):
        write_file(Disk(), tmp_path / "a.txt", produce, replace=True)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.txt": b"old"}


def test_what_fails_verification_gets_no_final_name(tmp_path: Path) -> None:
    def refuse(path: Path) -> None:
        raise MachineError(f"{path.read_bytes()!r} is bad")

    with pytest.raises(MachineError, match="b'new' is bad"):
        write_file(Disk(), tmp_path / "a.txt", lambda file: file.write(b"new"), verify=refuse)

    assert list(tmp_path.iterdir()) == []


class _ForgetfulDisk(Disk):
    """Loses a byte and says nothing."""

    def write(self, descriptor: int, path: Path, data: memoryview) -> None:
        super().write(descriptor, path, memoryview(bytes(len(data) - 1) + b"!"))


def test_bytes_that_read_back_otherwise_are_found(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="does not read back as it was written"):
        write_bytes(_ForgetfulDisk(), tmp_path / "a.txt", b"hello")

    assert list(tmp_path.iterdir()) == []


def test_a_write_error_that_the_producer_swallows_is_raised(tmp_path: Path) -> None:
    def produce(file: IO[bytes]) -> None:
        try:
            file.write(b"x" * 3_000_000)
        except MachineError:
            file.write(b"y" * 3_000_000)

    with pytest.raises(MachineError, match="ENOSPC"):
        write_file(FailingDisk(2, errno.ENOSPC), tmp_path / "a.txt", produce)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.EMFILE])
@pytest.mark.parametrize("n", range(1, len(OPERATIONS)), ids=OPERATIONS[:-1])
def test_a_refused_operation_leaves_the_old_file_and_no_litter(tmp_path: Path, n: int, number: int) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")

    with pytest.raises(MachineError, match=errno.errorcode[number]):
        write_bytes(FailingDisk(n, number, tmp_path), tmp_path / "a.txt", b"new", replace=True)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.txt": b"old"}


@pytest.mark.parametrize("survives", ["everything", "names", "flushed"])
@pytest.mark.parametrize("n", range(1, len(OPERATIONS) + 1), ids=OPERATIONS)
def test_a_power_cut_leaves_the_old_file_or_the_new_one(tmp_path: Path, n: int, survives: Survives) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")

    with pytest.raises(PowerCut):
        write_bytes(PowerCutDisk(n, tmp_path, survives), tmp_path / "a.txt", b"new", replace=True)

    assert (tmp_path / "a.txt").read_bytes() in {b"old", b"new"}
    assert all(is_temporary(path.name) for path in tmp_path.iterdir() if path.name != "a.txt")


def test_a_message_names_operation_relative_path_errno_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        write_bytes(FailingDisk(4, errno.ENOSPC, tmp_path), tmp_path / "dist" / "a.txt", b"x")

    assert caught.value.message == "cannot write dist/a.txt: No space left on device (ENOSPC)"
    assert caught.value.where == "dist/a.txt"
    assert caught.value.hint == "free some space and run the same command again"


def test_a_message_shows_no_absolute_path_without_a_root(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"^cannot rename a\.txt: "):
        write_bytes(FailingDisk(6, errno.EIO), tmp_path / "a.txt", b"x")


def test_a_real_limit_on_file_size_is_a_clean_failure(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(MachineError, match="EFBIG"):
            write_bytes(Disk(), tmp_path / "a.txt", b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert list(tmp_path.iterdir()) == []


def test_a_link_under_the_final_name_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / "a.txt").symlink_to(tmp_path / "precious")

    write_bytes(Disk(), tmp_path / "a.txt", b"new", replace=True)

    assert (tmp_path / "precious").read_bytes() == b"mine"
    assert not (tmp_path / "a.txt").is_symlink()


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a list that closes itself

    write_bytes(Disk(), tmp_path / "a.txt", b"x")
    with pytest.raises(MachineError):
        write_bytes(FailingDisk(3, errno.EIO), tmp_path / "b.txt", b"x")

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_making_a_folder_that_is_there_does_nothing(tmp_path: Path) -> None:
    disk = CountingDisk()

    make_folder(disk, tmp_path)

    assert disk.operations == []


@pytest.mark.parametrize(("content", "gone"), [(None, True), ("x", False)], ids=["empty", "not empty"])
def test_only_an_empty_folder_is_removed(tmp_path: Path, content: str | None, gone: bool) -> None:  # noqa: FBT001
    folder = tmp_path / "folder"
    folder.mkdir()
    if content is not None:
        (folder / "file").write_text(content)

    assert Disk().rmdir(folder) is gone
    assert folder.exists() is not gone
