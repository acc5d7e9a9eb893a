"""Executors: one method, ``map``, behind which the same plan runs serially or on local processes with the same result."""

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
