from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pytest

from listen_datasets.errors import MachineError
from listen_datasets.inputs import InputProblem
from listen_datasets.stores.cloud import Cloud, CloudFile

constants = pytest.importorskip("huggingface_hub.constants")

LARGE = np.random.default_rng(0).bytes((16 << 20) + 5)
FILES = {"corpus/a/x.wav": b"defg", "corpus/a/y.wav": b"", "corpus/b.wav": b"abc", "large.wav": LARGE}
STORE = Cloud("hf://datasets/me/set/corpus", pauses=())


class Hub(BaseHTTPRequestHandler):
    """One repository, asked the way huggingface_hub does.

    Attributes:
        files: What is in it.
        asked: The requests so far.
    """

    protocol_version = "HTTP/1.1"
    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        self.asked.append(f"GET {path}")
        if path in {"/api/datasets/me/set", "/api/datasets/me/set/revision/main"}:
            self._answer_json({"id": "me/set", "sha": 40 * "0", "private": False})
        elif path.startswith("/api/datasets/me/set/tree/main"):
            folder = path.removeprefix("/api/datasets/me/set/tree/main").strip("/")
            is_recursive = parse_qs(parts.query).get("recursive", [""])[0].lower() == "true"
            self._answer_json([self._entry(name) for name in sorted(self._below(folder, is_recursive=is_recursive))])
        elif (name := path.removeprefix("/datasets/me/set/resolve/main/")) in self.files:
            first, _, last = self.headers["range"].removeprefix("bytes=").partition("-")
            self._answer(self.files[name][int(first) : int(last) + 1], 206)
        else:
            self._answer(b"{}", 404, "RepoNotFound")

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.asked.append(f"POST {self.path}")
        known = self._below("", is_recursive=True)
        self._answer_json([self._entry(path) for path in asked["paths"] if path in known])

    def _below(self, folder: str, *, is_recursive: bool) -> set[str]:
        prefix = f"{folder}/" if folder else ""
        parts = [path.removeprefix(prefix).split("/") for path in self.files if path.startswith(prefix)]
        depths = [len(names) if is_recursive else 1 for names in parts]
        return {
            prefix + "/".join(names[:end])
            for names, most in zip(parts, depths, strict=True)
            for end in range(1, most + 1)
        }

    def _entry(self, path: str) -> dict[str, Any]:
        if path not in self.files:
            return {"type": "directory", "oid": 40 * "1", "size": 0, "path": path}
        data = self.files[path]
        oid = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        return {"type": "file", "oid": oid, "size": len(data), "path": path}

    def _answer_json(self, value: object) -> None:
        self._answer(json.dumps(value).encode())

    def _answer(self, data: bytes, status: int = 200, error: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if error:
            self.send_header("X-Error-Code", error)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    block_on_close = False


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with Server(("127.0.0.1", 0), Hub) as server, pytest.MonkeyPatch.context() as environment:
        # What HF_ENDPOINT and HF_HUB_OFFLINE set when the library is loaded, which another test may have done.
        endpoint = f"http://127.0.0.1:{server.server_port}"
        environment.setattr(constants, "ENDPOINT", endpoint)
        environment.setattr(constants, "HF_HUB_OFFLINE", False)
        environment.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        )
        environment.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def hub() -> type[Hub]:
    Hub.files.clear()
    Hub.files.update(FILES)
    Hub.asked.clear()
    return Hub


def content(store: Cloud, path: str) -> bytes:
    with store.opened(path) as file:
        return file.read(0, file.size + 1)


def test_objects_come_sorted_with_size_and_tag() -> None:
    found = list(STORE.walk())

    assert [(item.path, item.bytes) for item in found] == [("a/x.wav", 4), ("a/y.wav", 0), ("b.wav", 3)]
    assert found[2].stamp == "3-a9993e364706816aba3e25717850c26c9cd0d89d"  # the SHA-1 of "abc"


@pytest.mark.parametrize("path", FILES)
def test_an_object_is_read(path: str) -> None:
    assert content(Cloud("hf://datasets/me/set", pauses=()), path) == FILES[path]


def test_what_is_not_there_is_missing() -> None:
    with pytest.raises(InputProblem, match=r"there is no hf://datasets/me/set/corpus/c\.wav") as raised:
        content(STORE, "c.wav")
    assert raised.value.code == "input.missing"
    with pytest.raises(MachineError, match="cannot be listed: there is no hf://datasets/me/nowhere"):
        Cloud("hf://datasets/me/nowhere/at/all", pauses=()).walk()


def test_an_object_and_a_folder_are_told_apart() -> None:
    assert CloudFile("hf://datasets/me/set/corpus/b.wav").is_file
    assert not CloudFile("hf://datasets/me/set/corpus").is_file


def test_an_object_says_of_itself_what_the_listing_says() -> None:
    found = {item.path: item.stamp for item in STORE.walk()}
    assert CloudFile("hf://datasets/me/set/corpus/a/x.wav").stamp() == found["a/x.wav"]


def test_a_listing_is_not_remembered(hub: type[Hub]) -> None:
    before = {item.path: item.stamp for item in STORE.walk()}
    hub.files.update({"corpus/b.wav": b"xyz", "corpus/c.wav": b"new"})
    after = {item.path: item.stamp for item in STORE.walk()}

    assert set(after) - set(before) == {"c.wav"}
    assert (after["b.wav"] == before["b.wav"], after["a/x.wav"] == before["a/x.wav"]) == (False, True)


def test_an_object_that_changes_while_it_is_fetched_is_told(hub: type[Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = hub.do_GET

    def changing(handler: Hub) -> None:
        fetch(handler)
        hub.files["large.wav"] = LARGE[:-1] + b"?"

    monkeypatch.setattr(hub, "do_GET", changing)
    with pytest.raises(InputProblem, match="changed while it was fetched"):
        content(Cloud("hf://datasets/me/set", pauses=()), "large.wav")


def test_opening_an_object_lists_no_folder(hub: type[Hub]) -> None:
    content(STORE, "a/x.wav")
    assert [asked for asked in hub.asked if "/tree/" in asked] == []
