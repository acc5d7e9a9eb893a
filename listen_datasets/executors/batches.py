"""Map over many small items: batches for speed, and a second chance alone for those that lost their worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from listen_datasets.executors import Done, Executor, Lost

T = TypeVar("T")
R = TypeVar("R")


def map_items(
    executor: Executor,
    fn: Callable[[T], R],
    items: Sequence[T],
    batches: Sequence[range],
    seconds: Sequence[float] | None = None,
) -> Iterator[tuple[int, Done[R] | Lost]]:
    """Apply a function to every item and yield each result with the position of its item, as they come.

    An item that kills its worker takes others of its batch with it. So the items that were lost are run again, each
    alone, once, after all others; what is lost then stays lost.

    Args:
        executor: What runs the batches.
        fn: A picklable function: of a module, a partial of one, or an instance of a class with ``__call__``.
        items: Picklable values.
        batches: Positions of the items that travel together: as many as take some tenths of a second.
        seconds: Time that each item may take; any if left out.

    Yields:
        Position and result of every item, once.
    """
    lost: list[int] = []
    for position, result in executor.map_batches(fn, items, batches, seconds):
        if isinstance(result, Lost):
            lost.append(position)
        else:
            yield position, result
    alone = [range(position, position + 1) for position in sorted(lost)]
    if alone:
        yield from executor.map_batches(fn, items, alone, seconds)


def cut(sizes: Sequence[int], most_items: int, most_bytes: int) -> list[range]:
    """Cut items that follow each other into batches.

    Args:
        sizes: Bytes of each item (n).
        most_items: Items of a batch, at most.
        most_bytes: Bytes of a batch, at most; a larger item is a batch alone.
    """
    batches: list[range] = []
    first = total = 0
    for position, size in enumerate(sizes):
        if position > first and (position - first == most_items or total + size > most_bytes):
            batches.append(range(first, position))
            first, total = position, 0
        total += size
    if first < len(sizes):
        batches.append(range(first, len(sizes)))
    return batches
