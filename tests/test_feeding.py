from __future__ import annotations

import os
from pathlib import Path

import pytest

from listen_datasets.feeding import Feed


@pytest.mark.parametrize("size", [0, 1, (1 << 16) + 1, 1_000_000])
def test_what_comes_out_is_what_the_file_holds(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "file").write_bytes(data)
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    feed = Feed(fd)

    with open(feed.descriptor, "rb", closefd=False) as pipe:
        assert pipe.read() == data
    feed.close()
    assert (feed.failure, os.lseek(fd, 0, os.SEEK_CUR)) == (None, 0)
    os.close(fd)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)  # a folder
    feed = Feed(fd)

    with open(feed.descriptor, "rb", closefd=False) as pipe:
        assert pipe.read() == b""
    feed.close()
    assert feed.failure == "the file cannot be read: Is a directory"
    os.close(fd)


def test_the_rest_may_be_left_unread(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(1_000_000))
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    feed = Feed(fd)

    assert os.read(feed.descriptor, 10) == bytes(10)
    feed.close()
    assert feed.failure is None
    os.close(fd)
