"""The executor without processes: for tests, debuggers and tiny jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from listen_datasets.errors import InternalError, LdsError
from listen_datasets.executors import Done, Lost

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Serial:
    """Runs task after task in this process, so a task that crashes takes everything with it."""

    def map(self, fn: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Lost]:
        """Yield one result a task; see :class:`listen_datasets.executors.Executor`."""
        for task in tasks:
            yield _run(fn, task)

    def map_batches(
        self,
        fn: Callable[[T], R],
        items: Sequence[T],
        batches: Sequence[range],
        seconds: Sequence[float] | None = None,  # noqa: ARG002 - nobody could stop the only process
    ) -> Iterator[tuple[int, Done[R] | Lost]]:
        """Yield the result of every item with its position; see :class:`listen_datasets.executors.Executor`."""
        for batch in batches:
            for position in batch:
                yield position, _run(fn, items[position])


def _run(fn: Callable[[T], R], task: T) -> Done[R] | Lost:
    try:
        return Done(fn(task))
    except LdsError:
        raise
    except MemoryError:
        return Lost("worker.memory", "there was not enough memory")
    except Exception as error:
        raise InternalError(f"{type(error).__name__}: {error}") from error
