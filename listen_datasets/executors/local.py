"""Worker processes on this machine, of which any may die at the cost of its own task alone.

Each worker has a pipe of its own and one task at a time, so that whatever happens to it, the task is known. There are
no threads, queues or locks between the processes: nothing that a dying worker could leave in a bad state. The standard
library's pool loses all results with one worker; others lose the run when a worker dies between two tasks.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

from listen_datasets.errors import InternalError, LdsError, MachineError
from listen_datasets.executors import Done, Lost
from listen_datasets.executors.worker import serve

T = TypeVar("T")
R = TypeVar("R")

MEMORY_LIMIT = 3 << 30
"""Bytes of address space a worker. All libraries together take 0.8 GiB and Arrow's allocator reserves one more."""

_AHEAD = 8
_JOIN_SECONDS = 5.0
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}


def available_workers() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class LocalProcesses:
    """Runs tasks on worker processes of this machine.

    The main module of a program that uses it is imported by every worker: guard what it does with
    ``if __name__ == "__main__"``. Take all results in the thread that took the first one: on Linux the workers die with
    the thread that started them.

    Attributes:
        workers: How many processes at most.
        timeout: Seconds that a task may take; None for any time.
        memory_limit: Bytes of address space that a worker may use; None for no limit.
        max_tasks: Tasks after which a worker is replaced by a fresh one.
    """

    workers: int = field(default_factory=available_workers)
    timeout: float | None = None
    memory_limit: int | None = MEMORY_LIMIT
    max_tasks: int = 1000

    def map(self, fn: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Lost]:
        """Yield one result a task; see :class:`listen_datasets.executors.Executor`.

        At most eight tasks a worker are begun before the first of them has been taken, which bounds the results that
        wait.

        Raises:
            MachineError: No worker can be started.
        """
        if not tasks:
            return
        pool = _Pool(self, _pickled(fn), min(self.workers, len(tasks)))
        outcomes: dict[int, Done[Any] | Lost | LdsError] = {}
        begun = 0
        try:
            for position in range(len(tasks)):
                until = min(len(tasks), position + _AHEAD * self.workers)
                while True:
                    while begun < until and not pool.has_failed and pool.begin(begun, tasks[begun]):
                        begun += 1
                    outcomes |= pool.collect(block=position not in outcomes)
                    if position in outcomes:
                        break
                yield _value(outcomes.pop(position))
        finally:
            pool.stop()


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    connection: Connection
    is_ready: bool = False
    position: int | None = None
    deadline: float = float("inf")
    finished: int = 0

    @property
    def is_idle(self) -> bool:
        return self.is_ready and self.position is None

    def end(self) -> int | None:
        """Kill the process and return its exit code: its own if it was dead already, None if it cannot die."""
        self.connection.close()
        self.process.kill()
        self.process.join(_JOIN_SECONDS)
        return self.process.exitcode


class _Pool:
    """The workers of one map."""

    def __init__(self, settings: LocalProcesses, function: bytes, size: int) -> None:
        self._settings = settings
        self._function = function
        self._size = size
        self._workers: list[_Worker] = []
        self._deaths = 0
        self.has_failed = False

    def begin(self, position: int, task: object) -> bool:
        """Give a task to an idle worker; without one, start those that are missing and return False."""
        for worker in [worker for worker in self._workers if worker.is_idle]:
            try:
                worker.connection.send_bytes(_pickled(task))
            except ConnectionError:
                self._lament(worker)
                continue
            worker.position = position
            worker.deadline = time.monotonic() + (self._settings.timeout or float("inf"))
            return True
        while len(self._workers) < self._size:
            self._workers.append(self._start())
        return False

    def collect(self, *, block: bool) -> dict[int, Done[Any] | Lost | LdsError]:
        """Return the outcomes that are there, by position; wait for something to happen first if `block`."""
        patience = min((worker.deadline for worker in self._workers), default=0.0) - time.monotonic()
        timeout = (None if patience == float("inf") else max(0.0, patience)) if block else 0.0
        ready = wait([worker.connection for worker in self._workers], timeout)
        outcomes: dict[int, Done[Any] | Lost | LdsError] = {}
        for worker in list(self._workers):
            position = worker.position
            outcome = self._hear(worker) if worker.connection in ready else self._watch(worker)
            if position is not None and outcome is not None:
                outcomes[position] = outcome
                self.has_failed |= isinstance(outcome, LdsError)
        return outcomes

    def stop(self) -> None:
        """End all workers at once: whatever they do is not wanted any more."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _hear(self, worker: _Worker) -> Done[Any] | Lost | LdsError | None:
        try:
            kind, value = pickle.loads(worker.connection.recv_bytes())  # noqa: S301 - our own child
        except (EOFError, OSError):
            return self._lament(worker)
        if kind == "ready":
            worker.is_ready = True
            return None
        self._deaths = 0
        worker.position = None
        worker.deadline = float("inf")
        worker.finished += 1
        if kind == "memory" or worker.finished == self._settings.max_tasks:
            self._drop(worker)
        return _outcome(kind, value)

    def _watch(self, worker: _Worker) -> Lost | None:
        if time.monotonic() < worker.deadline:
            return None
        self._drop(worker)
        return Lost("worker.timeout", f"there was no result after {self._settings.timeout:g} s")

    def _lament(self, worker: _Worker) -> Lost | None:
        """Take leave of a dead worker; only deaths without a task, one after the other, end the run."""
        code = self._drop(worker)
        if worker.position is not None:
            return Lost("worker.crashed", f"the worker ended with {_spelled(code)}")
        self._deaths += 1
        if self._deaths > 2 * self._size:
            raise MachineError(
                f"worker processes do not start: the last one ended with {_spelled(code)}",
                hint="look at the messages above, or use --jobs 1",
            )
        return None

    def _drop(self, worker: _Worker) -> int | None:
        self._workers.remove(worker)
        return worker.end()

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, self._function, os.getpid(), self._settings.memory_limit)
        process = context.Process(target=serve, args=arguments, daemon=True)
        try:
            with _quiet_start():
                process.start()
        except OSError as error:
            ours.close()
            raise MachineError(f"cannot start a worker process: {error.strerror}", hint="use fewer --jobs") from error
        finally:
            theirs.close()
        return _Worker(process, ours)


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


def _outcome(kind: str, value: Any) -> Done[Any] | Lost | LdsError:  # noqa: ANN401 - whatever the function gave
    if kind == "memory":
        return Lost("worker.memory", "the worker had not enough memory")
    if kind == "raised" and isinstance(value, LdsError):
        return value
    if kind == "bug":
        sentence, text = value
        error = InternalError(sentence, where="a worker process")
        error.add_note(text)
        return error
    return Done(value)


def _value(outcome: Done[Any] | Lost | LdsError) -> Done[Any] | Lost:
    if isinstance(outcome, LdsError):
        raise outcome
    return outcome


def _spelled(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _pickled(value: object) -> bytes:
    try:
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise InternalError(f"cannot send {type(value).__name__} to a worker: {error}") from error
