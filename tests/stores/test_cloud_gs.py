from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from listen_datasets.errors import MachineError
from listen_datasets.inputs import InputProblem
from listen_datasets.stores.cloud import Cloud, CloudFile

emulator = pytest.importorskip("gcp_storage_emulator.server")

LARGE = np.random.default_rng(0).bytes((16 << 20) + 5)
FILES = {"a/x.wav": b"defg", "a/y.wav": b"", "b.wav": b"abc", "large.wav": LARGE}


def content(store: Cloud, path: str) -> bytes:
    with store.opened(path) as file:
        return file.read(0, file.size + 1)


@pytest.fixture(scope="module", autouse=True)
def objects() -> Iterator[Any]:
    """Start a server that speaks Google Cloud Storage, and configure it the way users do: by the environment.

    Gives the file system that fills it.
    """
    server = emulator.create_server("127.0.0.1", 0, in_memory=True)
    server.start()
    host, port = server._api._httpd.server_address
    with stopping(server), pytest.MonkeyPatch.context() as environment:
        environment.setenv("STORAGE_EMULATOR_HOST", f"http://{host}:{port}")
        # Else it asks for the kind of each bucket by gRPC, which the server does not speak, and waits for a minute.
        environment.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        gcsfs = pytest.importorskip("gcsfs")
        filesystem = gcsfs.GCSFileSystem(project="project", token="anon", skip_instance_cache=True)  # noqa: S106 - none
        filesystem.mkdir("bucket")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of aiohttp, about sending much at once
            for path, data in FILES.items():
                filesystem.pipe_file(f"bucket/corpus/{path}", data)
        yield filesystem


@contextlib.contextmanager
def stopping(server: Any) -> Iterator[None]:
    try:
        yield
    finally:
        server.stop()


STORE = Cloud("gs://bucket/corpus", pauses=())


def test_objects_come_sorted_with_size_and_tag() -> None:
    found = list(STORE.walk())

    assert [(item.path, item.bytes) for item in found] == [(path, len(data)) for path, data in FILES.items()]
    assert all(item.stamp and not item.stamp.endswith("-None") for item in found)


@pytest.mark.parametrize("path", FILES)
def test_an_object_is_read(path: str) -> None:
    assert content(STORE, path) == FILES[path]


def test_what_is_not_there_is_missing() -> None:
    with pytest.raises(InputProblem, match=r"there is no gs://bucket/corpus/c\.wav") as raised:
        content(STORE, "c.wav")
    assert raised.value.code == "input.missing"
    with pytest.raises(MachineError, match="cannot be listed: there is no gs://nowhere"):
        Cloud("gs://nowhere/at/all", pauses=()).walk()


def test_an_object_and_a_prefix_are_told_apart() -> None:
    assert CloudFile("gs://bucket/corpus/b.wav").is_file
    assert not CloudFile("gs://bucket/corpus").is_file


def test_what_is_put_in_its_place_has_another_stamp(objects: Any) -> None:
    objects.pipe_file("bucket/changing/a.wav", b"abc")
    store = Cloud("gs://bucket/changing", pauses=())
    (before,) = store.walk()
    objects.pipe_file("bucket/changing/a.wav", b"xyz")
    (after,) = store.walk()

    assert before.stamp != after.stamp
    assert content(store, "a.wav") == b"xyz"
