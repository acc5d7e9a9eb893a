from __future__ import annotations

import contextlib
import http.server
import io
import os
import re
import socket
import ssl
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from listen_datasets.errors import MachineError
from listen_datasets.inputs import InputProblem
from listen_datasets.model import Fate
from listen_datasets.stores import web
from listen_datasets.stores.archive_file import HEAD
from listen_datasets.stores.single import Single
from listen_datasets.stores.tar import Tar
from listen_datasets.stores.urls import Policy
from listen_datasets.stores.web import WebFile

LOCAL = Policy(private_hosts=("127.0.0.1",), plain_http=True)
DATA = np.random.default_rng(0).bytes(3_000_000)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        server.asked.append(self.headers)
        server.answer(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def reply(self, status: int, body: bytes = b"", **headers: object) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[object] = []
        self.answer: Callable[[Handler], None] = lambda handler: handler.reply(404)

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # who asked may have seen enough
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/files/take%201.wav?signature=hunter2"

    def file(self, **fields: object) -> WebFile:
        return WebFile(self.url, LOCAL, pauses=(0.0, 0.0), **fields)  # type: ignore[arg-type]


@dataclass
class Shop:
    """A server that knows ranges, and fails as it is told.

    Attributes:
        data: What it serves.
        tag: Its entity tag; None for a server that gives none.
        knows_ranges: Whether it heeds them.
        misleads: Whether it sends the beginning where the rest was asked for.
        cuts: Bytes after which the next answers break off.
        failures: Statuses of the next answers.
    """

    data: bytes = DATA
    tag: str | None = '"1"'
    knows_ranges: bool = True
    misleads: bool = False
    cuts: list[int] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)

    def __call__(self, handler: Handler) -> None:
        if self.failures:
            return handler.reply(self.failures.pop(0))
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
        is_same = handler.headers.get("If-Range", self.tag) == self.tag
        if not (wanted and is_same and self.knows_ranges):
            return self._send(handler, 200, self.data, None)
        start, end = int(wanted[1]), min(int(wanted[2] or len(self.data)) + 1, len(self.data))
        if self.misleads:
            start = 0
        if start >= len(self.data):
            return handler.reply(416, Content_Range=f"bytes */{len(self.data)}", ETag=self.tag)
        return self._send(handler, 206, self.data[start:end], f"bytes {start}-{end - 1}/{len(self.data)}")

    def _send(self, handler: Handler, status: int, body: bytes, range_: str | None) -> None:
        cut = self.cuts.pop(0) if self.cuts and len(body) > HEAD else len(body)
        try:
            handler.reply(status, body[:cut], Content_Length=len(body), ETag=self.tag, Content_Range=range_)
        except ConnectionError:
            return  # who asked has seen enough
        handler.close_connection = cut < len(body)


@pytest.fixture
def server() -> Iterator[Server]:
    web._beginning.cache_clear()  # an earlier server may have had the same port
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def content(file: WebFile) -> bytes:
    fd = file.descriptor()
    try:
        return os.pread(fd, 1 << 30, 0)
    finally:
        os.close(fd)


# ----------------------------------------------------------------------------------------------------------------------
# Whole and repeated transfers


@pytest.mark.parametrize("shop", [Shop(), Shop(knows_ranges=False), Shop(tag=None), Shop(data=b"abc"), Shop(data=b"")])
def test_a_file_comes_with_its_size_and_its_beginning(server: Server, shop: Shop) -> None:
    server.answer = shop
    file = server.file()

    assert (file.name, file.size, file.head()) == ("take 1.wav", len(shop.data), shop.data[:HEAD])
    assert content(file) == shop.data


def test_its_stamp_is_size_and_tag(server: Server) -> None:
    server.answer = Shop()
    assert server.file().stamp() == '3000000-"1"'


def test_a_server_that_does_not_say_the_length_is_believed_when_it_ends_well(server: Server) -> None:
    def chunked(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    server.answer = chunked
    assert (server.file().size, content(server.file())) == (None, b"abcde")


def test_a_chunked_answer_that_breaks_off_is_unreadable(server: Server) -> None:
    def chunked(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"3\r\nabc\r\n")
        handler.close_connection = True

    server.answer = chunked
    with pytest.raises(InputProblem, match="cannot be fetched"):
        content(server.file())


def test_an_answer_without_length_or_end_proves_nothing(server: Server) -> None:
    def close(handler: Handler) -> None:
        handler.reply(200, b"abc", Content_Length=None)
        handler.close_connection = True

    server.answer = close
    with pytest.raises(InputProblem, match="does not say how long"):
        content(server.file())


def test_an_answer_that_breaks_off_is_gone_on_with_where_it_ended(server: Server) -> None:
    server.answer = Shop(cuts=[1_000_000, 500_000])
    file = server.file()

    assert content(file) == DATA
    assert [headers["Range"] for headers in server.asked] == [  # type: ignore[index]
        f"bytes=0-{HEAD - 1}", None, "bytes=1000000-", "bytes=1500000-",
    ]  # fmt: skip


@pytest.mark.parametrize("shop", [Shop(knows_ranges=False, cuts=[1000]), Shop(tag=None, cuts=[1000])])
def test_an_answer_that_breaks_off_is_begun_anew_where_it_cannot_be_gone_on_with(server: Server, shop: Shop) -> None:
    server.answer = shop
    assert content(server.file()) == DATA


def test_fewer_bytes_than_promised_are_no_file(server: Server) -> None:
    server.answer = Shop(cuts=[1000, 1000, 1000, 1000])

    with pytest.raises(InputProblem, match="3,000 bytes came of 3,000,000 promised") as raised:
        content(server.file())
    assert (raised.value.code, raised.value.fate) == ("input.unreadable", Fate.UNREADABLE)


def test_another_part_than_was_asked_for_is_not_taken(server: Server) -> None:
    server.answer = Shop(misleads=True, cuts=[1000])
    with pytest.raises(InputProblem, match="another part of the file"):
        content(server.file())


def test_a_file_that_changes_meanwhile_is_told(server: Server) -> None:
    server.answer = Shop()
    file = server.file()
    file.head()
    server.answer = Shop(tag='"2"')

    with pytest.raises(InputProblem, match="changed while it was fetched") as raised:
        content(file)
    assert raised.value.code == "input.changed_during_read"


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_server_in_trouble_is_asked_again(server: Server, status: int) -> None:
    server.answer = Shop(failures=[status, status])
    assert content(server.file()) == DATA


def test_a_server_in_trouble_is_not_asked_for_ever(server: Server) -> None:
    server.answer = Shop(failures=[503] * 10)

    with pytest.raises(InputProblem, match="cannot be fetched: the server answers 503"):
        content(server.file())
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "code"), [(404, "missing"), (410, "missing"), (401, "unreadable"), (403, "unreadable")]
)
def test_a_clear_answer_is_taken_for_one(server: Server, status: int, code: str) -> None:
    server.answer = Shop(failures=[status] * 10)

    with pytest.raises(InputProblem, match=f"answers {status}") as raised:
        content(server.file())
    assert (raised.value.code, len(server.asked)) == (f"input.{code}", 1)
    assert "hunter2" not in raised.value.reason


def test_more_bytes_than_allowed_end_the_transfer(server: Server) -> None:
    server.answer = Shop()

    with pytest.raises(InputProblem, match="more than 2,000,000 bytes") as raised:
        content(server.file(most=2_000_000))
    assert raised.value.code == "input.archive_limit"


def test_a_server_that_is_not_there_is_unreadable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        file = WebFile(f"http://127.0.0.1:{taken.getsockname()[1]}/a?sig=hunter2", LOCAL, pauses=())
        with pytest.raises(InputProblem, match="ConnectionRefusedError") as raised:
            file.head()

    assert (raised.value.code, "hunter2" in raised.value.reason) == ("input.unreadable", False)


def test_what_is_no_http_is_unreadable(server: Server) -> None:
    def greet(handler: Handler) -> None:
        handler.wfile.write(b"SSH-2.0-hello\r\n")

    server.answer = greet
    with pytest.raises(InputProblem, match="BadStatusLine"):
        content(server.file())


def _drip(handler: Handler) -> None:
    """Send zeros, one at a time, until nobody listens any more."""
    with contextlib.suppress(OSError):
        while not threading.Event().wait(0.02):
            handler.wfile.write(b"0")


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"])
def test_a_server_that_drips_does_not_hold_anybody_for_ever(server: Server, start: bytes) -> None:
    def drip(handler: Handler) -> None:
        handler.wfile.write(start)
        _drip(handler)

    server.answer = drip
    began = time.monotonic()
    with pytest.raises(InputProblem, match="cannot be fetched"):
        content(WebFile(server.url, LOCAL, pauses=(), silence=0.1))
    assert time.monotonic() - began < 5


def test_a_file_that_drips_is_given_up_too(server: Server) -> None:
    shop = Shop(data=DATA[:2000])

    def answer(handler: Handler) -> None:
        if "Range" in handler.headers:
            return shop(handler)
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nETag: "1"\r\n\r\n')
        return _drip(handler)

    server.answer = answer
    began = time.monotonic()
    with pytest.raises(InputProblem, match="it was not there after 0 s"):
        content(WebFile(server.url, LOCAL, pauses=(), silence=0.1))
    assert time.monotonic() - began < 5


def test_a_server_that_falls_silent_is_given_up(server: Server) -> None:
    answered = threading.Event()

    def wait(_: Handler) -> None:
        answered.wait(5)

    server.answer = wait

    with pytest.raises(InputProblem, match="cannot be fetched"):
        WebFile(server.url, LOCAL, pauses=(), silence=0.1).head()
    answered.set()


# ----------------------------------------------------------------------------------------------------------------------
# Where it may lead


def test_redirections_are_followed(server: Server) -> None:
    def answer(handler: Handler) -> None:
        place = {"/files": "/one", "/one": "two", "/two": f"http://127.0.0.1:{server.server_address[1]}/three"}
        for start, target in place.items():
            if handler.path.startswith(start):
                return handler.reply(302, Location=target)
        return Shop()(handler)

    server.answer = answer
    assert content(server.file()) == DATA


def test_redirections_come_to_an_end(server: Server) -> None:
    server.answer = lambda handler: handler.reply(307, Location="/again")

    with pytest.raises(InputProblem, match="more than 5 times"):
        server.file().head()
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "http://[::1]/", "https://localhost/", "file:///etc/passwd",
     "ftp://example.org/", "gopher://example.org/"],
)  # fmt: skip
def test_no_redirection_leads_inside(server: Server, target: str) -> None:
    server.answer = lambda handler: handler.reply(302, Location=target)
    file = server.file()

    with pytest.raises(InputProblem) as raised:
        file.head()
    assert raised.value.code == "input.forbidden_address"
    assert len(server.asked) == 1


def test_hosts_of_the_inside_are_not_asked(server: Server) -> None:
    with pytest.raises(InputProblem, match="not one of those that may be private"):
        WebFile(server.url, Policy(plain_http=True)).head()
    assert server.asked == []


def test_http_is_not_asked_unless_that_is_allowed(server: Server) -> None:
    with pytest.raises(InputProblem, match=r"take%201\.wav is not https") as raised:
        WebFile(server.url, Policy(private_hosts=("127.0.0.1",))).head()
    assert (raised.value.code, server.asked) == ("input.forbidden_address", [])


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.answer = Shop()
    file = WebFile(f"https://localhost:{server.server_address[1]}/a.wav", Policy(("localhost",)), pauses=())

    with pytest.raises(InputProblem, match="certificate of https://localhost"):
        content(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert content(file) == DATA


def _certificate(folder: Path) -> Path:
    path = folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "key.pem"),
         "-out", str(path)],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + (folder / "key.pem").read_text())
    return path


# ----------------------------------------------------------------------------------------------------------------------
# As stores


def test_a_recording_is_a_source_of_one(server: Server) -> None:
    server.answer = Shop()
    store = Single(server.file())

    (found,) = store.walk()
    assert (found.path, found.kind, found.junk, found.bytes) == ("take 1.wav", "file", False, len(DATA))
    with store.opened("take 1.wav") as file:
        assert (file.size, file.read(0, 10), os.lseek(file.fd, 0, os.SEEK_CUR)) == (len(DATA), DATA[:10], 0)
    with pytest.raises(InputProblem, match=r"there is no other\.wav"), store.opened("other.wav"):
        pass


def test_a_source_that_is_not_there_cannot_be_listed(server: Server) -> None:
    with pytest.raises(MachineError, match="cannot be listed: the server answers 404"):
        Single(server.file()).walk()
    with pytest.raises(MachineError, match="cannot be listed: the server answers 404"):
        Tar(server.file()).walk()


def test_an_archive_is_fetched_once(server: Server) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in ("a.wav", "b.wav"):
            info = tarfile.TarInfo(name)
            info.size = 5
            archive.addfile(info, io.BytesIO(name.encode()))
    server.answer = Shop(data=buffer.getvalue())
    store = Tar(server.file())

    assert [found.path for found in store.walk()] == ["a.wav", "b.wav"]
    for name in ("b.wav", "a.wav"):
        with store.opened(name) as file:
            assert file.read(0, 10) == name.encode()
    assert len(server.asked) == 2  # for its beginning, and for the whole
