"""Map over many small items: batches for speed, and a second chance alone for those that lost their worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from listen_datasets.executors import Done, Executor, Lost

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class _Each(Generic[T, R]):
    """Applies a function to every item of a batch, inside the worker."""

    fn: Callable[[T], R]

    def __call__(self, batch: Sequence[T]) -> list[R]:
        return [self.fn(item) for item in batch]


def map_items(
    executor: Executor, fn: Callable[[T], R], items: Sequence[T], size: int
) -> Iterator[tuple[int, Done[R] | Lost]]:
    """Apply a function to every item and yield each result with the position of its item.

    One item that kills its worker takes the rest of its batch with it. So the items of lost batches are run again, each
    alone, once, after all others; what is lost then stays lost. The executor's limit of time holds for a batch.

    Args:
        executor: What runs the batches.
        fn: A picklable function: of a module, a partial of one, or an instance of a class with ``__call__``.
        items: Picklable values.
        size: Items a batch, at least 1: as many as take some tenths of a second.

    Yields:
        Position and result of every item, once: in order but for the second chances, which come last.
    """
    retries: list[int] = []
    for positions, result in _map_batches(
        executor, fn, items, [range(len(items))[i : i + size] for i in range(0, len(items), size)]
    ):
        if isinstance(result, Lost):
            retries.extend(positions)
        else:
            yield from zip(positions, map(Done, result.value), strict=True)
    for positions, result in _map_batches(executor, fn, items, [range(position, position + 1) for position in retries]):
        yield positions[0], result if isinstance(result, Lost) else Done(result.value[0])


def _map_batches(
    executor: Executor, fn: Callable[[T], R], items: Sequence[T], batches: Sequence[range]
) -> Iterator[tuple[range, Done[list[R]] | Lost]]:
    tasks = [items[batch.start : batch.stop] for batch in batches]
    yield from zip(batches, executor.map(_Each(fn), tasks), strict=True)
