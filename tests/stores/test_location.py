from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from listen_datasets.errors import MachineError, RecipeError
from listen_datasets.stores import Store
from listen_datasets.stores.archive_file import LocalFile
from listen_datasets.stores.cloud import Cloud, CloudFile
from listen_datasets.stores.folder import Folder
from listen_datasets.stores.location import LAYOUTS, store_of
from listen_datasets.stores.single import Single
from listen_datasets.stores.tar import Tar
from listen_datasets.stores.urls import Policy
from listen_datasets.stores.zip import Zip


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("a.wav")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
    return buffer.getvalue()


def zip_() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.wav", b"abc")
    return buffer.getvalue()


ARCHIVES: dict[str, tuple[Callable[[], bytes], type[Tar | Zip]]] = {
    "tar": (tar, Tar),
    "tar.gz": (lambda: gzip.compress(tar()), Tar),
    "tar.bz2": (lambda: bz2.compress(tar()), Tar),
    "tar.xz": (lambda: lzma.compress(tar()), Tar),
    "zip": (zip_, Zip),
    "empty zip": (lambda: b"PK\x05\x06" + bytes(18), Zip),
}


def content(store: Store) -> bytes:
    with store.opened("a.wav") as file:
        return file.read(0, 10)


# ----------------------------------------------------------------------------------------------------------------------
# On this machine


def test_a_folder_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()

    assert store_of(tmp_path, "audio") == Folder(tmp_path / "audio")
    assert store_of(Path("/elsewhere"), str(tmp_path / "audio")) == Folder(tmp_path / "audio")
    assert store_of(tmp_path, "folder:audio") == store_of(tmp_path, "audio", "folder") == Folder(tmp_path / "audio")


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_is_known_by_its_content_and_not_by_its_name(tmp_path: Path, name: str) -> None:
    make, kind = ARCHIVES[name]
    (tmp_path / "audio.wav").write_bytes(make())

    assert store_of(tmp_path, "audio.wav") == kind(LocalFile(tmp_path / "audio.wav"))


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_the_kind_can_be_said(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a:b").write_bytes(ARCHIVES[kind][0]())

    assert content(store_of(tmp_path, f"{kind}:a:b")) == b"abc"
    assert content(store_of(tmp_path, "a:b", kind)) == b"abc"
    assert content(store_of(tmp_path, "a:b")) == b"abc"


def test_a_path_that_begins_like_a_kind_can_be_said_too(tmp_path: Path) -> None:
    (tmp_path / "tar:x").mkdir()
    assert store_of(tmp_path, "./tar:x") == Folder(tmp_path / "tar:x")


@pytest.mark.parametrize(
    ("path", "kind", "says"),
    [
        ("nothing", None, "there is no file nothing"),
        ("take.wav", None, "neither a folder nor an archive"),
        ("empty", None, "neither a folder nor an archive"),
        ("zeros", None, "neither a folder nor an archive"),
        ("pipe", None, "not a regular file"),
        ("tar:take.wav", None, "is to be tar is no archive"),
        ("tar:a.zip", None, "is to be tar is zip"),
        ("tar:folder", None, "is to be tar is a folder"),
        ("folder:a.zip", None, "is to be folder is no folder"),
        ("folder", "shelf", "no kind of source called shelf"),
        ("a.zst", None, "cannot read Zstandard"),
    ],
)
def test_what_is_no_source_is_refused_with_what_was_seen(
    tmp_path: Path, path: str, kind: str | None, says: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.zip").write_bytes(zip_())
    (tmp_path / "take.wav").write_bytes(b"RIFF" + bytes(2000))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "zeros").write_bytes(bytes(20_000))
    (tmp_path / "a.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(100))
    os.mkfifo(tmp_path / "pipe")

    if says == "cannot read Zstandard" and sys.version_info >= (3, 14):
        pytest.skip("Python 3.14 reads it")
    with pytest.raises(RecipeError, match=says):
        store_of(tmp_path, path, kind)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_can_be_said(tmp_path: Path, name: str) -> None:
    assert type(store_of(tmp_path, f"{name}:.")).__module__ == LAYOUTS[name].partition(":")[0]


def test_nothing_far_away_is_imported_for_a_folder(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom listen_datasets.stores.location import store_of\n"
        f"store_of(Path({str(tmp_path)!r}), '.')\nprint(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert {"fsspec", "s3fs", "aiohttp", "huggingface_hub"} & set(done.stdout.split()) == set()


# ----------------------------------------------------------------------------------------------------------------------
# Far away


@pytest.mark.parametrize(
    ("url", "says", "hint"),
    [
        ("ftp://example.org/a.tar", "ftp:// is no place that is read", "there are https://, s3://, gs://, hf://"),
        ("file:///etc/passwd", "names no host", None),
        ("http://example.org/a.tar?sig=hunter2", "may be changed on its way", "`allow-http = true`"),
        ("https://me:hunter2@example.org/a.tar", "holds a user name", "credentials come from the environment"),
        ("https://127.0.0.1/a.tar?sig=hunter2", "must not be asked", "`allow-private-hosts`"),
    ],
)
def test_urls_that_are_not_asked_are_refused_with_advice(tmp_path: Path, url: str, says: str, hint: str | None) -> None:
    with pytest.raises(RecipeError, match=says) as raised:
        store_of(tmp_path, url)

    assert (hint or "") in (raised.value.hint or "")
    assert "hunter2" not in f"{raised.value} {raised.value.where} {raised.value.hint}"


def test_a_server_that_is_not_there_is_a_failure_of_the_machine(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="cannot be reached"):
        store_of(tmp_path, "https://no-such-host.invalid/a.tar", policy=Policy())


def test_objects_in_the_cloud_are_what_they_are(tmp_path: Path) -> None:
    filesystem = pytest.importorskip("fsspec").filesystem("memory")
    filesystem.pipe_file("/location/audio/a.wav", b"abc")
    filesystem.pipe_file("/location/all", gzip.compress(tar()))

    assert store_of(tmp_path, "memory://location/audio") == Cloud("memory://location/audio")
    assert store_of(tmp_path, "memory://location/all") == Tar(CloudFile("memory://location/all"))
    assert store_of(tmp_path, "memory://location/audio/a.wav") == Single(CloudFile("memory://location/audio/a.wav"))
    with pytest.raises(RecipeError, match="there is no memory://location/nothing"):
        store_of(tmp_path, "memory://location/nothing")
