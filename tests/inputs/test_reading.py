from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from listen_datasets.inputs import InputProblem, opened
from listen_datasets.model import Fate


def put(root: Path, *paths: str) -> None:
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"x" * len(path))


def problem_of(root: Path, relative: str) -> tuple[str, Fate]:
    with pytest.raises(InputProblem) as caught, opened(root, relative):
        pass
    return caught.value.code, caught.value.fate


def test_a_file_is_opened_and_read_at_any_place(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.wav").write_bytes(b"0123456789")
    with opened(tmp_path, "a/b.wav") as file:
        assert (file.size, file.read(2, 3), file.read(8, 5), file.read(99, 1)) == (10, b"234", b"89", b"")


def test_reading_leaves_the_position_where_the_decoder_expects_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    with opened(tmp_path, "a") as file:
        file.read(2, 3)
        file.read_into(memoryview(bytearray(4)), 0)
        assert os.lseek(file.fd, 0, os.SEEK_CUR) == 0


def test_the_descriptor_is_closed_behind_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with opened(tmp_path, "a") as file:
        fd = file.fd
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


@pytest.mark.parametrize("relative", ["nowhere.wav", "no/where.wav", "file/below.wav", "x" * 300])
def test_what_is_not_there_is_missing(tmp_path: Path, relative: str) -> None:
    put(tmp_path, "file")
    assert problem_of(tmp_path, relative) == ("input.missing", Fate.UNREADABLE)


@pytest.mark.parametrize("relative", ["link.wav", "linked/a.wav", "dangling.wav"])
def test_no_link_is_followed_on_the_way(tmp_path: Path, relative: str) -> None:
    put(tmp_path, "real/a.wav")
    (tmp_path / "link.wav").symlink_to("real/a.wav")
    (tmp_path / "linked").symlink_to("real")
    (tmp_path / "dangling.wav").symlink_to("nowhere")
    assert problem_of(tmp_path, relative) == ("input.link", Fate.REJECTED)


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    put(tmp_path, "real/a.wav")
    (tmp_path / "root").symlink_to("real")
    with opened(tmp_path / "root", "a.wav") as file:
        assert file.size == len("real/a.wav")


def test_a_fifo_neither_blocks_nor_opens(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.wav")
    assert problem_of(tmp_path, "fifo.wav") == ("input.not_regular", Fate.REJECTED)


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    assert problem_of(tmp_path, "folder.wav") == ("input.not_regular", Fate.REJECTED)


def test_a_socket_is_no_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.wav")
        assert problem_of(tmp_path, "socket.wav") == ("input.not_regular", Fate.REJECTED)


@pytest.mark.parametrize("relative", ["../a.wav", "a/../b.wav", ".."])
def test_a_path_that_nobody_checked_cannot_leave_the_root(tmp_path: Path, relative: str) -> None:
    put(tmp_path, "root/a/x", "a.wav")
    assert problem_of(tmp_path / "root", relative)[0] == "metadata.unsafe_path"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_unreadable(tmp_path: Path) -> None:
    put(tmp_path, "a.wav")
    (tmp_path / "a.wav").chmod(0)
    assert problem_of(tmp_path, "a.wav") == ("input.unreadable", Fate.UNREADABLE)


def test_a_file_that_stays_the_same_is_unchanged(tmp_path: Path) -> None:
    put(tmp_path, "a.wav")
    with opened(tmp_path, "a.wav") as file:
        file.check_unchanged()


def test_a_file_that_grows_under_the_reader_is_noticed(tmp_path: Path) -> None:
    put(tmp_path, "a.wav")
    with opened(tmp_path, "a.wav") as file, (tmp_path / "a.wav").open("ab") as other:
        other.write(b"more")
        other.flush()
        with pytest.raises(InputProblem, match="changed while it was read") as caught:
            file.check_unchanged()
    assert (caught.value.code, caught.value.fate) == ("input.changed_during_read", Fate.UNREADABLE)
