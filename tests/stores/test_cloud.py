from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest

from listen_datasets.errors import MachineError
from listen_datasets.inputs import InputProblem
from listen_datasets.model import Fate
from listen_datasets.stores.cloud import Cloud, CloudFile
from listen_datasets.stores.single import Single
from listen_datasets.stores.tar import Tar

fsspec = pytest.importorskip("fsspec")

LARGE = np.random.default_rng(0).bytes((16 << 20) + 5)
FILES = {"a/x.wav": b"defg", "a/y.wav": b"", "b.wav": b"abc"}


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        info = tarfile.TarInfo("a.wav")
        info.size = 3
        file.addfile(info, io.BytesIO(b"abc"))
    return buffer.getvalue()


def content(store: Cloud | Single | Tar, path: str) -> bytes:
    with store.opened(path) as file:
        return file.read(0, file.size + 1)


class Shop(fsspec.AbstractFileSystem):  # type: ignore[misc, name-defined]
    """Objects in memory, and requests that fail as they are told.

    Attributes:
        objects: What there is, by key.
        errors: What the next requests raise.
        short: Bytes that are missing of every object when it is read.
        after: What becomes of an object once it was asked about.
    """

    protocol = "shop"
    cachable = False
    objects: ClassVar[dict[str, bytes]] = {}
    errors: ClassVar[list[Exception]] = []
    short: ClassVar[int] = 0
    after: ClassVar[dict[str, bytes]] = {}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix("shop://").rstrip("/")

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        self._fail()
        if path not in self.objects:
            return {"name": path, "type": "directory", "size": 0}
        data = self.objects[path]
        self.objects.update(self.after)
        return {"name": path, "type": "file", "size": len(data), "etag": str(sum(data))}

    def find(self, path: str, **_: Any) -> dict[str, dict[str, Any]]:
        return {name: self.info(name) for name in list(self.objects) if name.startswith(f"{path}/")}

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        self._fail()
        data = self.objects[path]
        return data[: len(data) - self.short][start:end]

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


fsspec.register_implementation("shop", Shop)


@pytest.fixture
def shop() -> Iterator[type[Shop]]:
    yield Shop
    Shop.objects.clear()
    Shop.errors.clear()
    Shop.after.clear()
    Shop.short = 0


BUCKET = Cloud("shop://bucket", pauses=(0.0, 0.0))


# ----------------------------------------------------------------------------------------------------------------------
# Any storage


def test_objects_come_sorted_with_size_and_tag(shop: type[Shop]) -> None:
    shop.objects.update({f"bucket/{path}": data for path, data in FILES.items()}, **{"bucket2/c.wav": b"x"})
    found = list(BUCKET.walk())

    assert [(item.path, item.kind, item.bytes) for item in found] == [
        (path, "file", len(data)) for path, data in FILES.items()
    ]
    assert found[2].stamp == f"3-{sum(b'abc')}"
    assert {path: content(BUCKET, path) for path in FILES} == FILES


def test_large_objects_come_in_parts(shop: type[Shop]) -> None:
    shop.objects["bucket/large.wav"] = LARGE
    assert content(BUCKET, "large.wav") == LARGE


def test_markers_of_folders_are_no_objects_and_junk_is_flagged(shop: type[Shop]) -> None:
    shop.objects.update({"bucket/a/": b"", "bucket/a/.x.wav": b"1", "bucket/__MACOSX/._b.wav": b"2"})
    assert [(found.path, found.junk) for found in BUCKET.walk()] == [("__MACOSX/._b.wav", True), ("a/.x.wav", True)]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("a//b.wav", "input.unsafe_name"),
        ("a/./b.wav", "input.unsafe_name"),
        ("../b.wav", "input.unsafe_name"),
        ("a\\b.wav", "input.unsafe_name"),
        ("a\nb.wav", "input.odd_name"),
    ],
)
def test_keys_that_are_no_paths_are_refused(shop: type[Shop], key: str, code: str) -> None:
    shop.objects[f"bucket/{key}"] = b"x"
    (found,) = BUCKET.walk()

    assert (found.problem and found.problem.code, found.kind != "file", found.path.isprintable()) == (code, True, True)
    with pytest.raises(InputProblem, match="there is no object"):
        content(BUCKET, key)


@pytest.mark.parametrize("error", [OSError("connection reset"), TimeoutError(), ConnectionError("reset")])
def test_what_may_pass_is_tried_again(shop: type[Shop], error: Exception) -> None:
    shop.objects["bucket/a.wav"] = b"abc"
    shop.errors.extend([error, error])

    assert content(BUCKET, "a.wav") == b"abc"


def test_what_does_not_pass_is_unreadable_without_secrets(shop: type[Shop]) -> None:
    shop.objects["bucket/a.wav"] = b"abc"
    shop.errors.extend([OSError("https://me:hunter2@s3.example.org/a?X-Amz-Signature=hunter2 broke")] * 3)

    with pytest.raises(InputProblem, match=r"s3\.example\.org/a broke") as raised:
        content(BUCKET, "a.wav")
    assert (raised.value.code, raised.value.fate) == ("input.unreadable", Fate.UNREADABLE)
    assert "hunter2" not in raised.value.reason
    assert shop.errors == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileNotFoundError("a"), "input.missing"),
        (PermissionError("Access Denied"), "input.unreadable"),
        (RuntimeError("no credentials, token: hunter2"), "input.unreadable"),
    ],
)
def test_a_clear_answer_is_taken_for_one(shop: type[Shop], error: Exception, code: str) -> None:
    shop.errors.extend([error, OSError("asked again")])

    with pytest.raises(InputProblem) as raised:
        content(BUCKET, "a.wav")
    assert (raised.value.code, len(shop.errors), "hunter2" in raised.value.reason) == (code, 1, False)


def test_fewer_bytes_than_promised_are_no_recording(shop: type[Shop]) -> None:
    shop.objects["bucket/a.wav"] = b"abcdef"
    shop.short = 2

    with pytest.raises(InputProblem, match="4 bytes came of 6 promised") as raised:
        content(BUCKET, "a.wav")
    assert raised.value.code == "input.unreadable"


@pytest.mark.parametrize(("before", "after"), [(b"abc", b"abcdef"), (LARGE, LARGE[:-1] + b"?")])
def test_an_object_that_changes_while_it_is_fetched_is_told(shop: type[Shop], before: bytes, after: bytes) -> None:
    shop.objects["bucket/a.wav"] = before
    shop.after["bucket/a.wav"] = after

    with pytest.raises(InputProblem, match="changed while it was fetched") as raised:
        content(BUCKET, "a.wav")
    assert raised.value.code == "input.changed_during_read"


def test_a_folder_is_no_recording(shop: type[Shop]) -> None:
    with pytest.raises(InputProblem, match="is no object"):
        content(BUCKET, "a")


def test_a_listing_that_fails_ends_the_run(shop: type[Shop]) -> None:
    shop.errors.append(PermissionError("Access Denied"))
    with pytest.raises(
        MachineError, match="cannot be listed: shop://bucket cannot be read: PermissionError Access Denied"
    ):
        BUCKET.walk()


def test_an_object_can_be_a_recording_or_an_archive(shop: type[Shop]) -> None:
    shop.objects.update({"bucket/take.wav": b"RIFF", "bucket/all.tgz": archive()})
    single, tar = Single(CloudFile("shop://bucket/take.wav")), Tar(CloudFile("shop://bucket/all.tgz"))

    assert [found.path for found in (*single.walk(), *tar.walk())] == ["take.wav", "a.wav"]
    assert (content(single, "take.wav"), content(tar, "a.wav")) == (b"RIFF", b"abc")
    assert CloudFile("shop://bucket/all.tgz").head() == archive()


def test_packages_that_are_missing_are_named() -> None:
    script = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['s3fs', 'gcsfs', 'huggingface_hub']))\n"
        "from listen_datasets.errors import RecipeError\n"
        "from listen_datasets.stores.cloud import Cloud\n"
        "for scheme in ('s3', 'gs', 'hf'):\n"
        "    try: Cloud(f'{scheme}://bucket').walk()\n"
        "    except RecipeError as error: print(error.where, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [
        "s3:// pip install 'listen-datasets[s3]'",
        "gs:// pip install 'listen-datasets[gs]'",
        "hf:// pip install 'listen-datasets[hub]'",
    ]


# ----------------------------------------------------------------------------------------------------------------------
# fsspec's own memory, and a server that speaks S3


def test_the_memory_of_fsspec_is_a_storage() -> None:
    filesystem = fsspec.filesystem("memory")
    for path, data in FILES.items():
        filesystem.pipe_file(f"/bucket/sub/{path}", data)
    store = Cloud("memory://bucket/sub")

    assert [(found.path, found.bytes) for found in store.walk()] == [(path, len(FILES[path])) for path in FILES]
    assert {path: content(store, path) for path in FILES} == FILES
    assert CloudFile("memory://bucket/sub/b.wav").is_file
    assert not CloudFile("memory://bucket/sub").is_file


@pytest.fixture(scope="module")
def s3() -> Iterator[None]:
    """Start an S3 server of this process with one bucket, and configure it the way users do: by the environment."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    boto3 = pytest.importorskip("boto3")
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_EC2_METADATA_DISABLED": "true",
        }.items():  # fmt: skip
            environment.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        for key, data in {**FILES, "large.wav": LARGE}.items():
            client.put_object(Bucket="bucket", Key=f"corpus/{key}", Body=data)
        client.put_object(Bucket="bucket", Key="all.tar.gz", Body=archive())
        yield
    server.stop()


@pytest.mark.usefixtures("s3")
def test_s3_is_listed_and_read() -> None:
    store = Cloud("s3://bucket/corpus")
    found = list(store.walk())

    assert [(item.path, item.bytes) for item in found] == [
        ("a/x.wav", 4), ("a/y.wav", 0), ("b.wav", 3), ("large.wav", len(LARGE)),
    ]  # fmt: skip
    assert found[2].stamp == '3-"900150983cd24fb0d6963f7d28e17f72"'  # the MD5 of "abc"
    assert {path: content(store, path) for path in (*FILES, "large.wav")} == {**FILES, "large.wav": LARGE}


@pytest.mark.usefixtures("s3")
def test_an_archive_in_s3_is_read() -> None:
    tar = Tar(CloudFile("s3://bucket/all.tar.gz"))

    assert [item.path for item in tar.walk()] == ["a.wav"]
    assert content(tar, "a.wav") == b"abc"


@pytest.mark.usefixtures("s3")
def test_what_is_not_in_s3_is_missing() -> None:
    with pytest.raises(InputProblem, match=r"there is no s3://bucket/corpus/c\.wav") as raised:
        content(Cloud("s3://bucket/corpus"), "c.wav")
    assert raised.value.code == "input.missing"
    with pytest.raises(MachineError, match="cannot be listed: there is no s3://nowhere"):
        Cloud("s3://nowhere/at/all").walk()


@pytest.mark.usefixtures("s3")
def test_wrong_credentials_stay_unspoken(monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "from listen_datasets.stores.cloud import Cloud\n"
        "try: Cloud('s3://bucket/corpus', pauses=()).walk()\n"
        "except Exception as error: print(type(error).__name__, error, error.hint)\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nonexistent")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)

    assert done.stdout.startswith("MachineError the source cannot be listed: s3://bucket/corpus cannot be read: NoCred")
    assert "hunter2" not in done.stdout + done.stderr
