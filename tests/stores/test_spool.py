from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from listen_datasets.errors import MachineError
from listen_datasets.inputs import InputProblem
from listen_datasets.stores.spool import Spool, spooled, spooled_range

PIECES = [b"", b"abc", bytes(5000), b"xyz" * 1000]
WHOLE = b"".join(PIECES)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_what_was_spooled_reads_as_a_file_of_its_own() -> None:
    with spooled(iter(PIECES), "a.wav") as file:
        assert (file.size, file.read(0, 1 << 20), os.lseek(file.fd, 0, os.SEEK_CUR)) == (len(WHOLE), WHOLE, 0)


@pytest.mark.parametrize("in_memory", [0, 1, 3, 4, 5003, 5004, 8002, 8003, 1 << 20])
def test_it_does_not_matter_where_memory_ends(in_memory: int) -> None:
    spool = Spool("a.wav", in_memory=in_memory)
    for piece in PIECES:
        spool.write(piece)

    assert (spool.size, spool.opened().read(0, 1 << 20)) == (len(WHOLE), WHOLE)
    spool.close()


@pytest.mark.parametrize("in_memory", [10, 1 << 20])
def test_a_range_of_a_file_is_copied_and_the_file_keeps_its_position(tmp_path: Path, in_memory: int) -> None:
    (tmp_path / "all").write_bytes(WHOLE)
    with (tmp_path / "all").open("rb") as file:
        spool = Spool("a.wav", in_memory=in_memory)
        spool.write(b"before")
        spool.copy(file.fileno(), 2, 6000)

        assert spool.opened().read(0, 1 << 20) == b"before" + WHOLE[2:6002]
        assert file.tell() == 0
        spool.close()


def test_a_file_that_ends_before_the_range_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "all").write_bytes(b"12345")
    with (
        (tmp_path / "all").open("rb") as file,
        pytest.raises(InputProblem, match="3 bytes less"),
        spooled_range(file.fileno(), 2, 6, "a.wav"),
    ):
        pass


def test_a_spool_that_was_cleared_begins_anew() -> None:
    spool = Spool("a.wav", in_memory=2)
    spool.write(b"12345")
    spool.clear()
    spool.write(b"abc")

    assert (spool.size, spool.opened().read(0, 10)) == (3, b"abc")
    spool.close()


def test_nothing_is_left_open(tmp_path: Path) -> None:
    before = descriptors()
    with spooled(iter([bytes(33 << 20), b"x"]), "a.wav"):
        assert descriptors() == before + 1

    assert descriptors() == before


def test_nothing_is_left_open_after_what_the_pieces_raise() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"abc"
        raise InputProblem("input.unreadable", "gone")

    before = descriptors()
    with pytest.raises(InputProblem, match="gone"), spooled(pieces(), "a.wav"):
        pass

    assert descriptors() == before


@pytest.mark.parametrize("in_memory", [10, 1 << 20])
def test_no_room_is_a_failure_of_the_machine_and_leaves_nothing_open(tmp_path: Path, in_memory: int) -> None:
    (tmp_path / "all").write_bytes(bytes(1 << 16))
    before, (soft, hard) = descriptors(), resource.getrlimit(resource.RLIMIT_FSIZE)
    spool = Spool("a\x1b.wav", in_memory=in_memory)
    with (tmp_path / "all").open("rb") as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            with pytest.raises(MachineError, match="no room") as raised:
                spool.copy(file.fileno(), 0, 1 << 16)
            with pytest.raises(MachineError, match="no room"):
                spool.write(bytes(1 << 16))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            spool.close()

    assert (raised.value.where, raised.value.hint) == ("a\\x1b.wav", "point TMPDIR to a larger disk")
    assert descriptors() == before


def test_a_move_out_of_memory_that_fails_leaves_nothing_open() -> None:
    before, (soft, hard) = descriptors(), resource.getrlimit(resource.RLIMIT_FSIZE)
    spool = Spool("a.wav", in_memory=8192)
    spool.write(bytes(8192))
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(MachineError, match="no room"):
            spool.write(b"x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        spool.close()

    assert descriptors() == before


def test_what_cannot_be_read_is_the_fault_of_the_file_not_of_the_machine() -> None:
    reader, writer = os.pipe()
    spool = Spool("a.wav")
    try:
        with pytest.raises(InputProblem, match=os.strerror(errno.ESPIPE)):
            spool.copy(reader, 0, 5)
    finally:
        spool.close()
        os.close(reader)
        os.close(writer)
