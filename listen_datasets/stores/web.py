"""One file on a web server, fetched over HTTPS into a copy without a name.

A host is looked up once and its address checked, then that address is connected to: a name that means another host a
moment later gains nothing. This holds for each redirection too.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from listen_datasets import __version__
from listen_datasets.inputs import InputProblem
from listen_datasets.model import Fate
from listen_datasets.stores.archive_file import HEAD
from listen_datasets.stores.attempts import PAUSES, Again, repeated
from listen_datasets.stores.spool import Spool
from listen_datasets.stores.urls import CAREFUL, Policy, addresses, file_name, scrubbed, shown

_MAX_REDIRECTIONS = 5
_SLOWEST = 16 << 10
_LONGEST_UNKNOWN = 4 * 3600.0
_PIECE = 1 << 20
_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_SAFE = "/%:@!$&'()*+,;=~?-._"
_GONE = frozenset({404, 410})


class Beginning(NamedTuple):
    """What is known of a file before it is fetched.

    Attributes:
        head: Its first bytes, `HEAD` at most.
        size: Its bytes, if the server says.
        validator: Its strong entity tag or, failing that, time of change; None if the server says neither.
    """

    head: bytes
    size: int | None
    validator: str | None


@dataclass(frozen=True)
class WebFile:
    """A file that a URL names; an :class:`listen_datasets.stores.archive_file.ArchiveFile`.

    Attributes:
        url: The URL; secrets may stand in its query, so it is shown without.
        policy: Which hosts may be asked.
        most: Bytes that it may have.
        pauses: Seconds between attempts; there is one attempt more.
        silence: Seconds that a server may say nothing, and that the head of an answer may take altogether.
    """

    url: str
    policy: Policy = CAREFUL
    most: int = 1 << 40
    pauses: tuple[float, ...] = PAUSES
    silence: float = 30.0

    @property
    def name(self) -> str:
        """Return the name that the URL ends with."""
        return file_name(unquote(urlsplit(self.url).path.rpartition("/")[2]))

    @property
    def size(self) -> int | None:
        """Return its bytes, if the server says."""
        return _beginning(self).size

    def head(self) -> bytes:
        """Return its first bytes."""
        return _beginning(self).head

    def stamp(self) -> str:
        """Return size and entity tag as they were when this process asked first."""
        known = _beginning(self)
        return f"{known.size}-{known.validator}"

    def descriptor(self) -> int:
        """Fetch it and return the descriptor of the copy."""
        spool = Spool(self.name)
        try:
            repeated(functools.partial(_fill, self, spool, _beginning(self)), self.url, self.pauses)
        except BaseException:
            spool.close()
            raise
        return spool.fd


@functools.lru_cache(64)
def _beginning(file: WebFile) -> Beginning:
    return repeated(functools.partial(_first_bytes, file), file.url, file.pauses)


def _first_bytes(file: WebFile) -> Beginning:
    with _response(file, {"Range": f"bytes=0-{HEAD - 1}"}) as response:
        if response.status == 200:
            total = response.getheader("Content-Length") or ""
        else:
            total = (response.getheader("Content-Range") or "").rpartition("/")[2]
        head = b"" if response.status == 416 else _some(response, HEAD, file.silence)
        return Beginning(head, int(total) if total.isdecimal() else None, _validator(response))


def _some(response: http.client.HTTPResponse, length: int, seconds: float) -> bytes:
    data = b""
    deadline = time.monotonic() + seconds
    while len(data) < length and (piece := response.read1(length - len(data))):
        data += piece
        if time.monotonic() > deadline:
            raise Again(f"{len(data):,} bytes came in {seconds:,.0f} s")
    return data


def _fill(file: WebFile, spool: Spool, known: Beginning) -> None:
    """Fetch what is missing of a file, or all of it where the server cannot prove that it is still the same one."""
    headers: dict[str, str] = {}
    if spool.size and known.validator:
        headers = {"Range": f"bytes={spool.size}-", "If-Range": known.validator}
    with _response(file, headers) as response:
        if (now := _validator(response)) != known.validator:
            reason = f"{shown(file.url)} changed while it was fetched ({known.validator} to {now})"
            raise InputProblem("input.changed_during_read", reason, Fate.UNREADABLE)
        if response.status != 206:
            spool.clear()
        elif not (response.getheader("Content-Range") or "").startswith(f"bytes {spool.size}-"):
            raise Again("the server sent another part of the file than was asked for")
        _take(response, spool, file, known.size)


def _take(response: http.client.HTTPResponse, spool: Spool, file: WebFile, size: int | None) -> None:
    allowed = _LONGEST_UNKNOWN if size is None else 2 * file.silence + size / _SLOWEST
    deadline = time.monotonic() + allowed
    # One receive at a time: a server that sends a byte now and then must not hold a larger read for ever.
    while piece := response.read1(_PIECE):
        spool.write(piece)
        if spool.size > file.most:
            raise InputProblem("input.archive_limit", f"{shown(file.url)} has more than {file.most:,} bytes")
        if time.monotonic() > deadline:
            raise Again(f"it was not there after {allowed:,.0f} s")
    if size is not None and spool.size != size:
        raise Again(f"{spool.size:,} bytes came of {size:,} promised")


def _validator(response: http.client.HTTPResponse) -> str | None:
    tag = response.getheader("ETag")
    return tag if tag and not tag.startswith("W/") else response.getheader("Last-Modified")


# ----------------------------------------------------------------------------------------------------------------------
# One request


@contextlib.contextmanager
def _response(file: WebFile, headers: Mapping[str, str]) -> Iterator[http.client.HTTPResponse]:
    """Ask for the file, through redirections, and give the answer if it is one."""
    url = file.url
    for _ in range(_MAX_REDIRECTIONS + 1):
        with contextlib.closing(_connected(url, file)) as connection, _translated(url):
            response = _asked(connection, url, headers, file.silence)
            if response.status not in _REDIRECTIONS:
                _check_status(response, url)
                yield response
                return
            url = urljoin(url, response.getheader("Location") or "")
    reason = f"{shown(file.url)} is redirected more than {_MAX_REDIRECTIONS} times"
    raise InputProblem("input.unreadable", reason, Fate.UNREADABLE)


@contextlib.contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        reason = f"the certificate of {shown(url)} is not valid: {error.verify_message}"
        raise InputProblem("input.unreadable", reason, Fate.UNREADABLE) from None
    except http.client.InvalidURL:
        raise InputProblem("input.missing", f"{shown(url)} is no URL that can be asked for", Fate.UNREADABLE) from None
    except (OSError, http.client.HTTPException) as error:
        raise Again(f"{type(error).__name__} {scrubbed(str(error))}".strip()) from None


def _connected(url: str, file: WebFile) -> http.client.HTTPConnection:
    """Return a connection to a checked address of the host."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and file.policy.plain_http):
        reason = f"{shown(url)} is not https"
        raise InputProblem("input.forbidden_address", reason)
    host, is_safe = parts.hostname or "", parts.scheme == "https"
    with _translated(url):
        port = _port(parts)
        connection = (http.client.HTTPSConnection if is_safe else http.client.HTTPConnection)(host, port)
        sock = _first_reachable(addresses(host, port, file.policy), port, file.silence)
        try:
            # With a socket of its own the connection does not look the host up again.
            connection.sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host) if is_safe else sock
        except BaseException:
            sock.close()
            raise
    return connection


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise http.client.InvalidURL from None


def _first_reachable(known: Sequence[str], port: int, seconds: float) -> socket.socket:
    for address in known[:-1]:
        with contextlib.suppress(OSError):
            return socket.create_connection((address, port), seconds)
    return socket.create_connection((known[-1], port), seconds)


def _asked(
    connection: http.client.HTTPConnection, url: str, headers: Mapping[str, str], seconds: float
) -> http.client.HTTPResponse:
    """Send the request and wait for the head of the answer, but not longer than this altogether."""
    parts = urlsplit(url)
    target = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    # The time-out of a socket begins anew with every byte.
    alarm = threading.Timer(seconds, _hang_up, (connection.sock,))
    alarm.daemon = True
    alarm.start()
    try:
        connection.request("GET", target, headers={"User-Agent": f"listen-datasets/{__version__}", **headers})
        return connection.getresponse()
    finally:
        alarm.cancel()


def _hang_up(sock: socket.socket) -> None:
    """End a connection under the feet of who waits for it; TLS is not told, since another thread is in there."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _check_status(response: http.client.HTTPResponse, url: str) -> None:
    status = response.status
    if status in {200, 206, 416}:
        # Where neither length nor end is given, an answer that was cut, even inside its head, looks like a whole one.
        if response.length is None and not response.chunked:
            raise Again("the server does not say how long its answer is")
        return
    if status in _TRANSIENT:
        wait = response.getheader("Retry-After") or ""
        raise Again(f"the server answers {status}", float(wait) if wait.isdecimal() else 0.0)
    code = "input.missing" if status in _GONE else "input.unreadable"
    raise InputProblem(code, f"the server answers {status} to {shown(url)}", Fate.UNREADABLE)
