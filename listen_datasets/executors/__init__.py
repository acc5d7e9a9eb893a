"""Executors: the same plan runs serially or on local processes with the same result.

``map`` is for tasks that are worth a message each, ``map_batches`` for many small items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Done(Generic[R]):
    """The task ran and returned this value."""

    value: R


@dataclass(frozen=True)
class Lost:
    """The worker died, ran out of time or out of memory with this task; nothing is known but how.

    Attributes:
        code: ``worker.crashed``, ``worker.timeout`` or ``worker.memory``.
        reason: One sentence, such as the signal that ended the worker.
    """

    code: str
    reason: str


class Executor(Protocol):
    """Maps a pure, picklable function over tasks. Strategies are frozen: one executor may be used many times."""

    def map(self, fn: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Lost]:
        """Yield one result a task, in the order of the tasks.

        Nothing happens before the first result is asked for. Closing the iterator early ends all work at once.

        Raises:
            LdsError: Raised by `fn`: a failed machine, not bad data; it ends the run.
            InternalError: `fn` raised anything else (a bug); the traceback is in the notes of the exception.
        """
        ...

    def map_batches(
        self, fn: Callable[[T], R], items: Sequence[T], batches: Sequence[range], seconds: Sequence[float] | None = None
    ) -> Iterator[tuple[int, Done[R] | Lost]]:
        """Yield the result of every item with its position, as they come.

        A batch travels to a worker as one, but its results come back while it is under way: an item that kills its
        worker takes those with it that stand behind it in its batch, and few of those before.

        Args:
            fn: As for `map`.
            items: Picklable values.
            batches: Positions of the items that travel together; every position in one of them.
            seconds: Wall-clock and processor time that each item may take; any if left out.

        Raises:
            LdsError: As for `map`.
            InternalError: As for `map`.
        """
        ...
