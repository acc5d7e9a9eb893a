"""Tasks on processes of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from listen_datasets.errors import LdsError
from listen_datasets.executors import Done, Lost
from listen_datasets.executors.pool import Outcome, Pool, Terms, pickled

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 8


def available_workers() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class LocalProcesses(Terms):
    """Runs tasks on worker processes of this machine.

    A function may have a method ``prepare``, which is called once, in the process that workers are forked from. If the
    function, or an item, is of the main module of a program, that module is imported there: guard what it does with
    ``if __name__ == "__main__"``. Take all results in the thread that took the first one: on Linux the workers die with
    the thread that started them.
    """

    workers: int = field(default_factory=available_workers)

    def map(self, fn: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Lost]:
        """Yield one result a task; see :class:`listen_datasets.executors.Executor`.

        At most eight tasks a worker are begun before the first of them has been taken, which bounds the results that
        wait.

        Raises:
            MachineError: No worker can be started.
        """
        if not tasks:
            return
        alone = [range(position, position + 1) for position in range(len(tasks))]
        pool = Pool(self, pickled(fn), tasks, alone, None)
        outcomes: dict[int, Outcome] = {}
        try:
            for position in range(len(tasks)):
                while position not in outcomes:
                    pool.feed(until=position + _AHEAD * self.workers)
                    outcomes.update(pool.collect(block=True))
                yield _value(outcomes.pop(position))
                pool.feed(until=position + 1 + _AHEAD * self.workers)
                outcomes.update(pool.collect(block=False))
        finally:
            pool.stop()

    def map_batches(
        self, fn: Callable[[T], R], items: Sequence[T], batches: Sequence[range], seconds: Sequence[float] | None = None
    ) -> Iterator[tuple[int, Done[R] | Lost]]:
        """Yield the result of every item with its position; see :class:`listen_datasets.executors.Executor`.

        Raises:
            MachineError: No worker can be started.
        """
        if not items:
            return
        pool = Pool(self, pickled(fn), items, batches, seconds)
        try:
            while pool.is_busy:
                pool.feed(until=len(batches))
                for position, outcome in pool.collect(block=True):
                    yield position, _value(outcome)
        finally:
            pool.stop()


def _value(outcome: Outcome) -> Done[Any] | Lost:
    if isinstance(outcome, LdsError):
        raise outcome
    return outcome
