"""The child's side of :mod:`listen_datasets.executors.local`: take a task, answer, until the pipe closes."""

from __future__ import annotations

import ctypes
import math
import os
import pickle
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any, Literal

from listen_datasets.errors import LdsError

Kind = Literal["done", "raised", "bug", "memory"]
Answer = tuple[Kind, Any]
"""What came of an item: a value, an error of ours, (sentence, traceback) of a bug, or nothing."""

FLUSH_SECONDS = 0.2
"""Answers are kept back for so long, to be sent together."""

_PR_SET_PDEATHSIG = 1


def serve(connection: Connection, function: bytes, parent: int, memory_limit: int | None) -> None:
    """Run tasks until the parent closes the pipe.

    Args:
        connection: Pickled batches ``(items, seconds)`` come in, lists of answers go out; an empty one says "ready".
        function: The pickled function.
        parent: Process id of the parent: a worker must not outlive it.
        memory_limit: Largest address space in bytes.
    """
    settle(parent, memory_limit)
    connection.send_bytes(_pack([]))
    run = _Task(function)
    while True:
        try:
            batch = connection.recv_bytes()
        except (EOFError, ConnectionError):
            return
        for answers in _work(run, batch):
            connection.send_bytes(answers)


def settle(parent: int, memory_limit: int | None) -> None:
    """Make this process a well-behaved worker: it dies with its parent and takes no more than its share."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    # Ctrl-C reaches every process of a terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    _limit(resource.RLIMIT_CORE, 0)
    if memory_limit is not None:
        _limit(resource.RLIMIT_AS, memory_limit)
    # Standard output belongs to the results of the command; some decoders print.
    os.dup2(2, 1)


class _Task:
    """Unpickles the function with the first task, so that trouble with it is an answer like any other."""

    def __init__(self, function: bytes) -> None:
        self._pickled = function
        self._function: Callable[[Any], Any] | None = None

    def __call__(self, task: object) -> object:
        if self._function is None:
            self._function = pickle.loads(self._pickled)  # noqa: S301 - made by our parent
        return self._function(task)


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
