"""The child's side of :mod:`listen_datasets.executors.local`: take a task, answer, until the pipe closes."""

from __future__ import annotations

import ctypes
import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Literal

from listen_datasets.errors import LdsError

Kind = Literal["ready", "done", "raised", "bug", "memory"]
"""What an answer is: of its second part a value, an error of ours, (sentence, traceback) of a bug, or nothing."""

_PR_SET_PDEATHSIG = 1


def serve(connection: Connection, function: bytes, parent: int, memory_limit: int | None) -> None:
    """Run tasks until the parent closes the pipe.

    Args:
        connection: Pickled tasks come in, answers ``(Kind, Any)`` go out.
        function: The pickled function.
        parent: Process id of the parent: a worker must not outlive it.
        memory_limit: Largest address space in bytes.
    """
    settle(parent, memory_limit)
    connection.send_bytes(_pack("ready", None))
    run = _Task(function)
    while True:
        try:
            task = connection.recv_bytes()
        except (EOFError, ConnectionError):
            return
        connection.send_bytes(_answer(run, task))


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

    def __call__(self, task: bytes) -> object:
        if self._function is None:
            self._function = pickle.loads(self._pickled)  # noqa: S301 - made by our parent
        return self._function(pickle.loads(task))  # noqa: S301


def _answer(run: Callable[[bytes], object], task: bytes) -> bytes:
    try:
        return _pack("done", run(task))
    except LdsError as error:
        return _pack("raised", error)
    except MemoryError:
        return _pack("memory", None)
    except Exception as error:  # noqa: BLE001 - the border of the process: whatever it is, the parent raises it
        return _pack("bug", (f"{type(error).__name__}: {error}", traceback.format_exc()))


def _pack(kind: Kind, value: object) -> bytes:
    return pickle.dumps((kind, value), protocol=pickle.HIGHEST_PROTOCOL)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
