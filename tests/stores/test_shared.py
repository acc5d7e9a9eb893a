from __future__ import annotations

import gzip
import io
import os
import pickle
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from listen_datasets.stores import Store
from listen_datasets.stores.archive_file import LocalFile
from listen_datasets.stores.folder import Folder
from listen_datasets.stores.members import Limits
from listen_datasets.stores.shared import Shared, shared
from listen_datasets.stores.spool import Copy
from listen_datasets.stores.tar import Tar
from listen_datasets.stores.zip import Zip

FILES = {"a.wav": b"abc", "b/c.wav": bytes(70_000), "d.wav": os.urandom(100_000)}


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def store(folder: Path, data: bytes, limits: Limits | None = None) -> Tar:
    (folder / "all.tar").write_bytes(data)
    return Tar(LocalFile(folder / "all.tar"), limits or Limits())


def content(archive: Store, path: str) -> bytes:
    with archive.opened(path) as file:
        return file.read(0, file.size + 1)


def head(archive: Store) -> bytes:
    """Return the first bytes of what a process reads."""
    assert isinstance(archive, Tar | Zip)
    fd = archive.file.descriptor()
    try:
        return os.pread(fd, 5, 0)
    finally:
        os.close(fd)


@dataclass(frozen=True)
class Far:
    """An archive far away: each descriptor is fetched anew.

    Attributes:
        file: Where it really lies.
        fetched: Grows with each.
    """

    file: LocalFile
    fetched: list[str] = field(default_factory=list, compare=False)

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def size(self) -> int:
        return self.file.size

    def head(self) -> bytes:
        return self.file.head()

    def stamp(self) -> str:
        return self.file.stamp()

    def descriptor(self) -> int:
        self.fetched.append(self.name)
        return self.file.descriptor()


def test_a_compressed_archive_is_unpacked_once_and_read_the_same(tmp_path: Path) -> None:
    packed = store(tmp_path, gzip.compress(tar_of(FILES)))
    made = shared(packed)

    assert (head(packed)[:2], head(made)) == (b"\x1f\x8b", b"a.wav")
    assert [(found, found.stamp) for found in made.walk()] == [(found, found.stamp) for found in packed.walk()]
    assert {path: content(made, path) for path in FILES} == FILES
    assert shared(packed) is made


def test_another_process_opens_the_copy(tmp_path: Path) -> None:
    made = shared(store(tmp_path, gzip.compress(tar_of(FILES))))
    script = (
        "import os, pickle, sys\n"
        "store = pickle.loads(sys.stdin.buffer.read())\n"
        "with store.opened('a.wav') as file: data = file.read(0, 9)\n"
        "print(os.pread(store.file.descriptor(), 5, 0), data)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], input=pickle.dumps(made), capture_output=True, check=True)

    assert done.stdout.decode().strip() == "b'a.wav' b'abc'"


def test_what_is_far_away_is_fetched_once(tmp_path: Path) -> None:
    (tmp_path / "all.tar").write_bytes(tar_of(FILES))
    far = Far(LocalFile(tmp_path / "all.tar"))
    made = shared(Tar(far))

    assert [head(made), head(made)] == [b"a.wav", b"a.wav"]
    assert {path: content(made, path) for path in FILES} == FILES
    assert far.fetched == ["all.tar"]


@pytest.mark.parametrize("held_by", [os.getpid(), 1 << 22], ids=["this process", "no process"])
def test_without_the_copy_the_archive_is_read_itself(tmp_path: Path, held_by: int) -> None:
    packed = store(tmp_path, gzip.compress(tar_of(FILES)))
    with (tmp_path / "all.tar").open("rb") as other:
        gone = Tar(Shared(packed.file, Copy(held_by, other.fileno(), (0, 0, 0)), packed.file.stamp()))

        assert head(gone)[:2] == b"\x1f\x8b"
        assert {path: content(gone, path) for path in FILES} == FILES


def test_an_archive_that_changed_since_is_read_anew(tmp_path: Path) -> None:
    made = shared(store(tmp_path, gzip.compress(tar_of(FILES))))
    store(tmp_path, gzip.compress(tar_of({"a.wav": b"changed"})))

    assert content(made, "a.wav") == b"changed"


def test_the_copy_goes_with_its_last_user(tmp_path: Path) -> None:
    with (tmp_path / "all.tar").open("wb") as file:
        copy = Copy.held(os.dup(file.fileno()))
    fd = copy.fd
    del copy

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


@pytest.mark.parametrize("data", [tar_of(FILES), gzip.compress(tar_of(FILES))[:-20], gzip.compress(bytes(20 << 20))])
def test_what_is_plain_damaged_or_a_bomb_stays_as_it_is(tmp_path: Path, data: bytes) -> None:
    archive = store(tmp_path, data)
    assert shared(archive) is archive


def test_a_copy_takes_no_more_than_it_may(tmp_path: Path) -> None:
    archive = store(tmp_path, gzip.compress(tar_of(FILES)))
    assert shared(archive, most=100_000) is archive


@pytest.mark.parametrize(
    "archive", [Tar(LocalFile(Path("/nonexistent/all.tar"))), Zip(LocalFile(Path("/nonexistent"))), Folder(Path())]
)
def test_what_is_not_there_and_what_is_no_archive_stays_as_it_is(archive: Store) -> None:
    assert shared(archive) is archive
