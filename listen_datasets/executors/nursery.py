"""Where workers come from: a process that has imported what they need once, and is forked for each of them.

A worker must be a process of its own, since a decoder may crash, and must be cheap, since decoders do crash. Importing
numpy, soundfile and compiled loops takes more than half a second; a fork takes milliseconds and shares their memory.
The coordinator itself is not forked: it has threads, locks and open files.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from listen_datasets.errors import MachineError
from listen_datasets.executors.worker import FORK, REAP, REQUEST, breed

_SECONDS = 5.0
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}


class Barren(Exception):  # noqa: N818 - the nursery is gone; it is no fault of the data
    """The nursery ended.

    Attributes:
        code: Its exit code; None if it cannot be had.
    """

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the nursery ended with {code}")
        self.code = code


class Nursery:
    """The process that workers are forked from.

    Args:
        function: The pickled function that the workers will run. If it has a method ``prepare``, that is called once.
        memory_limit: Bytes of address space that a worker may use; None for no limit.
        needs_main: Whether function or items are of the main module, which must be imported then.

    Raises:
        MachineError: The process cannot be started.
    """

    def __init__(self, function: bytes, memory_limit: int | None, *, needs_main: bool = True) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._process: SpawnProcess = context.Process(
            target=breed, args=(theirs, function, os.getpid(), memory_limit), daemon=True
        )
        try:
            with _quiet_start(), contextlib.nullcontext() if needs_main else _unknown_main():
                self._process.start()
        except OSError as error:
            ours.close()
            raise MachineError(f"cannot start a worker process: {error.strerror}", hint="use fewer --jobs") from error
        finally:
            theirs.close()

    def fork(self) -> tuple[int, Connection]:
        """Return the process id of a new worker and the pipe to it.

        Raises:
            Barren: The nursery has ended.
            MachineError: No process can be forked.
        """
        ours, theirs = multiprocessing.Pipe()
        try:
            with theirs:
                pid = self._ask(FORK, 0, theirs.fileno())
        except BaseException:
            ours.close()
            raise
        if pid < 0:
            ours.close()
            raise MachineError(f"cannot start a worker process: {os.strerror(-pid)}", hint="use fewer --jobs")
        return pid, ours

    def kill(self, pid: int) -> None:
        """Send a worker the signal that ends it; to one that has ended, or went with the nursery, nothing happens.

        The number cannot have gone to another process: a worker keeps it until it is reaped.
        """
        if self._process.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def reap(self, pid: int) -> int | None:
        """Return the exit code of a worker that was killed or has ended; None if it cannot be had."""
        try:
            status = self._ask(REAP, pid)
        except Barren as barren:
            return barren.code
        return None if status < 0 else os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """End the process, and with it the workers that are left."""
        self._socket.close()
        self._process.join(_SECONDS)
        self._process.kill()
        self._process.join(_SECONDS)

    def _ask(self, what: bytes, pid: int, *handles: int) -> int:
        try:
            socket.send_fds(self._socket, [REQUEST.pack(what, pid)], handles)
            while True:
                about, number = REQUEST.unpack(self._socket.recv(REQUEST.size, socket.MSG_WAITALL))
                if about == what:  # or else it was asked for when Ctrl-C came
                    return int(number)
        except (OSError, struct.error) as error:
            self._process.join(_SECONDS)
            raise Barren(self._process.exitcode) from error


@contextlib.contextmanager
def _unknown_main() -> Iterator[None]:
    """Keep a new process from importing the main module, which takes time, and runs it if it is not guarded."""
    main = sys.modules["__main__"]
    spec, file = main.__spec__, main.__dict__.pop("__file__", None)
    main.__spec__ = None
    try:
        yield
    finally:
        main.__spec__ = spec
        if file is not None:
            main.__file__ = file


@contextlib.contextmanager
def _quiet_start() -> Iterator[None]:
    """Give a new process one native thread a library, and no signal before it can deal with it."""
    resource_tracker.ensure_running()  # now, as it would unblock the signals
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
