"""Worker processes on this machine, of which any may die at the cost of its own task alone.

Each worker has a pipe of its own and one task at a time, so that whatever happens to it, the task is known. There are
no threads, queues or locks between the processes: nothing that a dying worker could leave in a bad state. The standard
library's pool loses all results with one worker; others lose the run when a worker dies between two tasks.
"""

from __future__ import annotations

import pickle
import signal
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from listen_datasets.errors import InternalError, LdsError, MachineError
from listen_datasets.executors import Done, Lost
from listen_datasets.executors.nursery import Barren, Nursery
from listen_datasets.executors.worker import FLUSH_SECONDS

MEMORY_LIMIT = 3 << 30
"""Bytes of address space a worker. All libraries together take 0.8 GiB and Arrow's allocator reserves one more."""

_MAIN = b"__main__"  # in the pickle of whatever is of the main module

_ABANDONED = Lost("worker.memory", "the worker gave up the rest of its batch")

Outcome = Done[Any] | Lost | LdsError
"""What came of an item: its result, why there is none, or an error that ends the run."""


@dataclass(frozen=True)
class Terms:
    """The terms that workers work under.

    Attributes:
        workers: How many processes at most.
        timeout: Seconds that a task or an item may take, whatever its stage allows; None for what the stage allows.
        task_timeout: Seconds that a task may take of which its stage says nothing.
        memory_limit: Bytes of address space that a worker may use; None for no limit.
        max_tasks: Tasks or items after which a worker is replaced by a fresh one, so that what a native library leaks
            stays small.
    """

    workers: int
    timeout: float | None = None
    task_timeout: float = 900.0
    memory_limit: int | None = MEMORY_LIMIT
    max_tasks: int = 1_000


@dataclass(eq=False)
class _Worker:
    nursery: Nursery
    pid: int
    connection: Connection
    is_ready: bool = False
    pending: deque[int] = field(default_factory=deque)
    patience: float = float("inf")
    deadline: float = float("inf")
    finished: int = 0

    @property
    def is_idle(self) -> bool:
        return self.is_ready and not self.pending

    def expect(self, positions: range, patience: float) -> None:
        """Note what it was given, and how long any answer may take."""
        self.pending.extend(positions)
        self.patience = patience
        self.deadline = time.monotonic() + patience

    def heard(self) -> int:
        """Return the position of the item that was answered; the next one has its full time."""
        self.finished += 1
        position = self.pending.popleft()
        self.deadline = time.monotonic() + self.patience if self.pending else float("inf")
        return position

    def end(self) -> int | None:
        """Kill the process and return its exit code: its own if it was dead already, None if it cannot die."""
        self.connection.close()
        self.nursery.kill(self.pid)
        return self.nursery.reap(self.pid)


class Pool:
    """The workers of one map, and the batches that are still to be given to them.

    Args:
        terms: What the workers may take.
        function: The pickled function.
        items: What it is called with (n).
        batches: Positions of the items that travel together.
        seconds: Time that each item (n) may take; None if each batch is one item, of which nothing is known.
    """

    def __init__(
        self,
        terms: Terms,
        function: bytes,
        items: Sequence[Any],
        batches: Sequence[range],
        seconds: Sequence[float] | None,
    ) -> None:
        self._terms = terms
        self._function = function
        self._items = items
        self._batches = batches
        self._seconds = seconds
        self._begun = 0
        self._size = min(terms.workers, len(batches))
        self._workers: list[_Worker] = []
        self._nursery: Nursery | None = None
        self._deaths = 0
        self._has_failed = False

    @property
    def is_busy(self) -> bool:
        """Whether there is something to wait for."""
        return self._begun < len(self._batches) or any(worker.pending for worker in self._workers)

    def feed(self, *, until: int) -> None:
        """Give batches to idle workers, none beyond a number, and start the workers that are missing."""
        until = min(until, len(self._batches))
        for worker in [worker for worker in self._workers if worker.is_idle]:
            if self._begun >= until or self._has_failed:
                return
            self._begin(worker, self._batches[self._begun])
        while self._begun < until and len(self._workers) < self._size and not self._has_failed:
            self._workers += self._start()

    def _begin(self, worker: _Worker, batch: range) -> None:
        seconds = self._allowed(batch)
        items = [self._items[position] for position in batch]
        message = pickled((items, None if self._seconds is None else seconds), called=type(items[0]).__name__)
        try:
            worker.connection.send_bytes(message)
        except ConnectionError:
            self._lament(worker)
            return
        self._begun += 1
        # Answers of a batch are kept back for a moment.
        worker.expect(batch, max(seconds) + (0.0 if self._seconds is None else FLUSH_SECONDS))

    def _allowed(self, batch: range) -> list[float]:
        """Return the time that each item may take: what the user said, or else what the stage thinks right."""
        if self._terms.timeout is not None:
            return [self._terms.timeout] * len(batch)
        if self._seconds is None:
            return [self._terms.task_timeout] * len(batch)
        return [self._seconds[position] for position in batch]

    def collect(self, *, block: bool) -> list[tuple[int, Outcome]]:
        """Return the outcomes that are there, with their positions; wait for something to happen first if `block`."""
        patience = min((worker.deadline for worker in self._workers), default=0.0) - time.monotonic()
        timeout = (None if patience == float("inf") else max(0.0, patience)) if block else 0.0
        ready = wait([worker.connection for worker in self._workers], timeout)
        outcomes: list[tuple[int, Outcome]] = []
        for worker in list(self._workers):
            outcomes += self._hear(worker) if worker.connection in ready else self._watch(worker)
        self._has_failed |= any(isinstance(outcome, LdsError) for _, outcome in outcomes)
        return outcomes

    def stop(self) -> None:
        """End all workers at once: whatever they do is not wanted any more."""
        for worker in self._workers:
            worker.nursery.kill(worker.pid)
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        if self._nursery is not None:
            self._nursery.close()

    def _hear(self, worker: _Worker) -> list[tuple[int, Outcome]]:
        try:
            answers = pickle.loads(worker.connection.recv_bytes())  # noqa: S301 - our own child
        except (EOFError, OSError):
            return self._lament(worker)
        self._deaths = 0
        if not answers:
            worker.is_ready = True
            return []
        outcomes = [(worker.heard(), _outcome(kind, value)) for kind, value in answers]
        if answers[-1][0] != "done":
            # It gave the rest of its batch up.
            self._drop(worker)
            outcomes += [(position, _ABANDONED) for position in worker.pending]
        elif worker.finished >= self._terms.max_tasks and not worker.pending:
            self._drop(worker)
        return outcomes

    def _watch(self, worker: _Worker) -> list[tuple[int, Outcome]]:
        if time.monotonic() < worker.deadline:
            return []
        self._drop(worker)
        lost = Lost("worker.timeout", f"there was no result after {worker.patience:g} s")
        return [(position, lost) for position in worker.pending]

    def _lament(self, worker: _Worker) -> list[tuple[int, Outcome]]:
        """Take leave of a dead worker; only deaths without a task, one after the other, end the run."""
        code = self._drop(worker)
        if code == -signal.SIGXCPU:
            lost = Lost("worker.timeout", "the worker used up its processor time")
        else:
            lost = Lost("worker.crashed", f"the worker ended with {_spelled(code)}")
        if worker.pending:
            return [(position, lost) for position in worker.pending]
        self._count_death(code)
        return []

    def _drop(self, worker: _Worker) -> int | None:
        self._workers.remove(worker)
        return worker.end()

    def _start(self) -> list[_Worker]:
        if self._nursery is None:
            first = pickled(self._items[0], called=type(self._items[0]).__name__)
            is_of_main = _MAIN in self._function or _MAIN in first
            self._nursery = Nursery(self._function, self._terms.memory_limit, needs_main=is_of_main)
        try:
            pid, connection = self._nursery.fork()
        except Barren as barren:
            self._abandon(barren.code)
            return []
        return [_Worker(self._nursery, pid, connection)]

    def _abandon(self, code: int | None) -> None:
        """Take leave of a dead nursery: the next worker gets a new one, unless it is always so."""
        if self._nursery is not None:
            self._nursery.close()
        self._nursery = None
        self._count_death(code)

    def _count_death(self, code: int | None) -> None:
        self._deaths += 1
        if self._deaths > 2 * self._size:
            raise MachineError(
                f"worker processes do not start: the last one ended with {_spelled(code)}",
                hint="look at the messages above, or use --jobs 1",
            )


def _outcome(kind: str, value: Any) -> Outcome:  # noqa: ANN401 - whatever the function gave
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


def _spelled(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def pickled(value: object, *, called: str | None = None) -> bytes:
    """Return a value as workers are sent it.

    Args:
        value: The value.
        called: What to call it in the error; its type if left out.

    Raises:
        InternalError: It cannot be pickled.
    """
    try:
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise InternalError(f"cannot send {called or type(value).__name__} to a worker: {error}") from error
