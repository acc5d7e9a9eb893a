from __future__ import annotations

import operator
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from listen_datasets.executors import Done, Lost
from listen_datasets.executors.batches import map_items
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.executors.serial import Serial

T = TypeVar("T")
R = TypeVar("R")

LOST = Lost("worker.crashed", "deadly")


@dataclass(frozen=True)
class _Fragile:
    """Loses each task that holds a deadly item, and remembers the tasks."""

    deadly: frozenset[object]
    seen: list[list[object]] = field(default_factory=list)

    def map(self, fn: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Lost]:
        for task in tasks:
            items: list[Any] = list(task)  # type: ignore[call-overload]
            self.seen.append(items)
            yield LOST if self.deadly & set(items) else Done(fn(task))


@pytest.mark.parametrize("size", [1, 3, 10, 100])
@pytest.mark.parametrize("count", [0, 1, 10])
def test_every_item_has_its_result_in_order(size: int, count: int) -> None:
    results = list(map_items(Serial(), operator.neg, range(count), size))

    assert results == [(i, Done(-i)) for i in range(count)]


def test_items_travel_in_batches() -> None:
    executor = _Fragile(frozenset())

    list(map_items(executor, operator.neg, range(5), 2))

    assert executor.seen == [[0, 1], [2, 3], [4]]


def test_only_the_deadly_item_of_a_batch_is_lost_and_second_chances_come_last() -> None:
    executor = _Fragile(frozenset({1}))

    results = list(map_items(executor, operator.neg, range(5), 2))

    assert results == [(2, Done(-2)), (3, Done(-3)), (4, Done(-4)), (0, Done(0)), (1, LOST)]
    assert executor.seen == [[0, 1], [2, 3], [4], [0], [1]]


def test_an_item_that_was_alone_gets_one_second_chance() -> None:
    executor = _Fragile(frozenset({0}))

    assert list(map_items(executor, operator.neg, [0], 1)) == [(0, LOST)]
    assert executor.seen == [[0], [0]]


def test_real_workers_lose_only_the_deadly_items() -> None:
    items = [signal.SIGKILL if i in {3, 8} else 0 for i in range(12)]

    results = dict(map_items(LocalProcesses(workers=2), signal.raise_signal, items, 4))

    assert sorted(results) == list(range(12))
    assert {i for i, result in results.items() if isinstance(result, Lost)} == {3, 8}
