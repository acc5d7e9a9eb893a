"""The children's side: a nursery that forks workers, and workers that take a task, answer, until the pipe closes."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gc
import math
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any, Literal, NoReturn

from listen_datasets.errors import LdsError

Kind = Literal["done", "raised", "bug", "memory"]
Answer = tuple[Kind, Any]
"""What came of an item: a value, an error of ours, (sentence, traceback) of a bug, or nothing."""

FLUSH_SECONDS = 0.2
"""Answers are kept back for so long, to be sent together."""

REQUEST = struct.Struct("!cq")
"""What a nursery is asked and what it answers: `FORK` or `REAP`, and a number."""

FORK, REAP = b"f", b"r"

MAX_OPEN_FILES = 256
MAX_FILE_BYTES = 64 << 30
"""What a worker may write to one file: room for a shard, or for a recording of hours unpacked from an archive."""

_PR_SET_PDEATHSIG = 1
_REAP_SECONDS = 5.0


def breed(requests: socket.socket, function: bytes, parent: int, memory_limit: int | None) -> NoReturn:
    """Be the nursery: import what the function needs, then fork a worker whenever asked, until the parent goes away.

    Args:
        requests: Takes `REQUEST`: `FORK` with the worker's end of its pipe gives the process id, or minus an error
            number; `REAP` with a process id gives its status, or -1 where it does not end.
        function: The pickled function that workers run.
        parent: Process id of the parent: neither nursery nor workers may outlive it.
        memory_limit: Largest address space in bytes.
    """
    settle(parent, memory_limit)
    run = _Task(function)
    run.prepare()
    gc.collect()
    gc.freeze()  # so that a collection in a worker does not copy the pages that all of them share
    with contextlib.suppress(ConnectionError):  # the parent may leave at any time
        while True:
            message, handles, _, _ = socket.recv_fds(requests, REQUEST.size, 1, socket.MSG_WAITALL)
            if not message:
                break
            what, pid = REQUEST.unpack(message)
            answer = _fork(requests, handles[0], run) if what == FORK else _reap(pid)
            requests.sendall(REQUEST.pack(what, answer))
    os._exit(0)  # there is nothing to write or to tidy up


def _fork(requests: socket.socket, handle: int, run: _Task) -> int:
    nursery = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        os.close(handle)
        return -(error.errno or errno.EAGAIN)
    if pid:
        os.close(handle)
        return pid
    code = 1
    try:
        requests.close()
        _die_with(nursery)
        serve(Connection(handle), run)
        code = 0
    except Exception:  # noqa: BLE001 - the end of the process: nothing of the nursery may run in it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _reap(pid: int) -> int:
    """Return the status of a process that is ending; it has some seconds, for one in the middle of reading a disk."""
    until = time.monotonic() + _REAP_SECONDS
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        if time.monotonic() > until:
            return -1
        time.sleep(0.001)


def serve(connection: Connection, run: _Task) -> None:
    """Run tasks until the parent closes the pipe.

    Args:
        connection: Pickled batches ``(items, seconds)`` come in, lists of answers go out; an empty one says "ready".
        run: The function.
    """
    with contextlib.suppress(EOFError, ConnectionError):
        connection.send_bytes(_pack([]))
        while True:
            for answers in _work(run, connection.recv_bytes()):
                connection.send_bytes(answers)


def settle(parent: int, memory_limit: int | None) -> None:
    """Make this process a well-behaved one: it dies with its parent and takes no more than its share."""
    _die_with(parent)
    # Ctrl-C reaches every process of a terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)
    if memory_limit is not None:
        _limit(resource.RLIMIT_AS, memory_limit)
    # Standard output belongs to the results of the command; some decoders print.
    os.dup2(2, 1)


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


class _Task:
    """The function of a map. Trouble with unpickling it is an answer to the first item, like any other."""

    def __init__(self, function: bytes) -> None:
        self._pickled = function
        self._function: Callable[[Any], Any] | None = None

    def prepare(self) -> None:
        """Unpickle the function, and let it import what it needs."""
        with contextlib.suppress(Exception):  # a worker will meet it again, and answer with it
            prepare = getattr(self._loaded(), "prepare", None)
            if prepare is not None:
                prepare()

    def __call__(self, task: object) -> object:
        return self._loaded()(task)

    def _loaded(self) -> Callable[[Any], Any]:
        if self._function is None:
            self._function = pickle.loads(self._pickled)  # noqa: S301 - made by our parent
        return self._function


def _work(run: Callable[[object], object], batch: bytes) -> Iterator[bytes]:
    """Yield packed answers to the items of a batch, in order, several at a time; the first that is no result ends it."""
    answers: list[Answer] = []
    last = time.monotonic()
    try:
        items, seconds = pickle.loads(batch)  # noqa: S301 - our own parent
    except Exception as error:  # noqa: BLE001 - the border of the process
        yield _pack([_bug(error)])
        return
    for position, item in enumerate(items):
        if seconds is not None:
            _limit_processor(seconds[position])
        answers.append(_answer(run, item))
        now = time.monotonic()
        if answers[-1][0] != "done":
            break
        if now - last > FLUSH_SECONDS and position + 1 < len(items):
            yield _pack(answers)
            answers, last = [], now
    yield _pack(answers)


def _answer(run: Callable[[object], object], item: object) -> Answer:
    try:
        return "done", run(item)
    except LdsError as error:
        return "raised", error
    except MemoryError:
        return "memory", None
    except Exception as error:  # noqa: BLE001 - the border of the process: whatever it is, the parent raises it
        return _bug(error)


def _bug(error: Exception) -> Answer:
    return "bug", (f"{type(error).__name__}: {error}", traceback.format_exc())


def _pack(answers: list[Answer]) -> bytes:
    try:
        return pickle.dumps(answers, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - a value that cannot be sent is a bug of whoever made it
        return pickle.dumps([_bug(error)], protocol=pickle.HIGHEST_PROTOCOL)


def _limit_processor(seconds: float) -> None:
    """Let the kernel end this process when it has used so much processor time from now on, rounded up."""
    _limit(resource.RLIMIT_CPU, math.ceil(time.process_time() + seconds) + 1)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
