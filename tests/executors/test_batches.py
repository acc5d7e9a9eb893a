from __future__ import annotations

import operator
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.executors import Done, Lost
from listen_datasets.executors.batches import cut, map_items
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.executors.serial import Serial

T = TypeVar("T")
R = TypeVar("R")

LOST = Lost("worker.crashed", "deadly")


@dataclass(frozen=True)
class _Fragile:
    """Loses each batch that holds a deadly item, from that item on, and remembers the batches."""

    deadly: frozenset[object]
    seen: list[list[object]] = field(default_factory=list)

    def map(self, fn: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Lost]:
        raise NotImplementedError

    def map_batches(
        self, fn: Callable[[T], R], items: Sequence[T], batches: Sequence[range], seconds: Sequence[float] | None = None
    ) -> Iterator[tuple[int, Done[R] | Lost]]:
        assert seconds is None
        for batch in batches:
            self.seen.append([items[position] for position in batch])
            is_lost = False
            for position in batch:
                is_lost |= items[position] in self.deadly
                yield position, LOST if is_lost else Done(fn(items[position]))


@pytest.mark.parametrize("size", [1, 3, 10, 100])
@pytest.mark.parametrize("count", [0, 1, 10])
def test_every_item_has_its_result(size: int, count: int) -> None:
    results = list(map_items(Serial(), operator.neg, range(count), cut([1] * count, size, 1000)))

    assert results == [(i, Done(-i)) for i in range(count)]


def test_items_travel_in_batches() -> None:
    executor = _Fragile(frozenset())

    list(map_items(executor, operator.neg, range(5), cut([1] * 5, 2, 1000)))

    assert executor.seen == [[0, 1], [2, 3], [4]]


def test_only_the_deadly_item_of_a_batch_is_lost_and_second_chances_come_last() -> None:
    executor = _Fragile(frozenset({1}))

    results = list(map_items(executor, operator.neg, range(5), [range(3), range(3, 5)]))

    assert results == [(0, Done(0)), (3, Done(-3)), (4, Done(-4)), (1, LOST), (2, Done(-2))]
    assert executor.seen == [[0, 1, 2], [3, 4], [1], [2]]


def test_an_item_that_was_alone_gets_one_second_chance() -> None:
    executor = _Fragile(frozenset({0}))

    assert list(map_items(executor, operator.neg, [0], [range(1)])) == [(0, LOST)]
    assert executor.seen == [[0], [0]]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([1, 1, 1, 1, 1], [range(3), range(3, 5)]),
        ([60, 60, 1], [range(1), range(1, 3)]),
        ([1, 500, 1], [range(1), range(1, 2), range(2, 3)]),
        ([0, 0], [range(2)]),
    ],
    ids=["none", "by number", "by bytes", "a giant alone", "empty files"],
)
def test_batches_are_cut_by_number_and_by_bytes(sizes: list[int], expected: list[range]) -> None:
    assert cut(sizes, 3, 100) == expected


@given(st.lists(st.integers(0, 50)), st.integers(1, 5), st.integers(1, 100))
def test_every_position_is_in_one_batch(sizes: list[int], most_items: int, most_bytes: int) -> None:
    batches = cut(sizes, most_items, most_bytes)

    assert [position for batch in batches for position in batch] == list(range(len(sizes)))
    assert all(len(batch) == 1 or sum(sizes[i] for i in batch) <= most_bytes for batch in batches)


def test_real_workers_lose_only_the_deadly_items() -> None:
    items = [signal.SIGKILL if i in {3, 8} else 0 for i in range(12)]

    results = dict(map_items(LocalProcesses(workers=2), signal.raise_signal, items, cut([1] * 12, 4, 100)))

    assert sorted(results) == list(range(12))
    assert {i for i, result in results.items() if isinstance(result, Lost)} == {3, 8}


def test_an_item_without_end_costs_itself_alone() -> None:
    items = [0.0, 600.0, 0.0, 0.0]

    results = dict(map_items(LocalProcesses(workers=1), time.sleep, items, [range(4)], [0.3] * 4))

    assert {i for i, result in results.items() if isinstance(result, Lost)} == {1}
    assert results[1] == Lost("worker.timeout", "there was no result after 0.5 s")


def test_processor_time_is_limited_too() -> None:
    (result,) = map_items(LocalProcesses(workers=1), resource.getrlimit, [resource.RLIMIT_CPU], [range(1)], [100.0])

    assert isinstance(result[1], Done)
    assert 100 < result[1].value[0] < 110


def test_a_worker_that_used_up_its_processor_time_has_run_out_of_time() -> None:
    (result,) = map_items(LocalProcesses(workers=1), signal.raise_signal, [signal.SIGXCPU], [range(1)], [30.0])

    assert result == (0, Lost("worker.timeout", "the worker used up its processor time"))


def test_results_of_a_batch_come_before_it_ends() -> None:
    results = map_items(LocalProcesses(workers=1), time.sleep, [0.0, 0.3, 600.0], [range(3)], [30.0] * 3)

    assert [next(results), next(results)] == [(0, Done(None)), (1, Done(None))]
    results.close()  # type: ignore[attr-defined]


def test_every_item_of_a_batch_has_its_full_time() -> None:
    results = dict(map_items(LocalProcesses(workers=1), time.sleep, [0.3] * 4, [range(4)], [0.4] * 4))

    assert results == dict.fromkeys(range(4), Done(None))


def test_what_the_user_allows_goes_before_what_the_stage_allows() -> None:
    executor = LocalProcesses(workers=1, timeout=0.3)

    results = dict(map_items(executor, time.sleep, [0.0, 600.0], [range(2)], [1000.0, 1000.0]))

    assert results == {0: Done(None), 1: Lost("worker.timeout", "there was no result after 0.5 s")}
