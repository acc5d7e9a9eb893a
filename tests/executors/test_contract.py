"""What every executor promises, ours and others alike."""

from __future__ import annotations

import json
import operator
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from listen_datasets.errors import InternalError, MachineError
from listen_datasets.executors import Done, Executor, Lost
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.executors.serial import Serial
from listen_datasets.storage import write_bytes
from listen_datasets.testing.disks import FailingDisk

EXECUTORS = {"serial": Serial(), "one process": LocalProcesses(workers=1), "two processes": LocalProcesses(workers=2)}

pytestmark = pytest.mark.parametrize("executor", EXECUTORS.values(), ids=EXECUTORS.keys())


def test_results_come_in_the_order_of_the_tasks(executor: Executor) -> None:
    assert list(executor.map(operator.neg, range(100))) == [Done(-i) for i in range(100)]


@pytest.mark.parametrize("tasks", [[], [7]], ids=["none", "one"])
def test_few_tasks_are_fine(executor: Executor, tasks: Sequence[int]) -> None:
    assert list(executor.map(operator.neg, tasks)) == [Done(-task) for task in tasks]


def test_an_executor_can_be_used_again_and_twice_at_a_time(executor: Executor) -> None:
    one, other = executor.map(operator.neg, [1, 2]), executor.map(abs, [-1, -2])

    assert list(zip(one, other, strict=True)) == [(Done(-1), Done(1)), (Done(-2), Done(2))]


def test_large_values_go_both_ways(executor: Executor) -> None:
    tasks = [bytes([i]) * 3_000_000 for i in range(4)]

    assert list(executor.map(bytes.upper, tasks)) == [Done(task.upper()) for task in tasks]


def test_an_error_of_ours_is_raised_as_it_is(executor: Executor, tmp_path: Path) -> None:
    write = partial(write_bytes, FailingDisk(1, 28), tmp_path / "a")

    with pytest.raises(MachineError, match=r"cannot create .* \(ENOSPC\)") as caught:
        list(executor.map(write, [b"x"]))

    assert caught.value.hint == "free some space and run the same command again"


def test_any_other_exception_is_a_bug(executor: Executor) -> None:
    with pytest.raises(InternalError, match=r"^JSONDecodeError: Expecting value"):
        list(executor.map(json.loads, ["1", "?"]))


def test_results_before_an_exception_are_given(executor: Executor) -> None:
    results = executor.map(json.loads, ["1", "?"])

    assert next(results) == Done(1)


def test_too_little_memory_costs_the_task(executor: Executor) -> None:
    results = list(executor.map(bytearray, [1, 1 << 50, 2]))

    assert [result.code if isinstance(result, Lost) else len(result.value) for result in results] == [
        1,
        "worker.memory",
        2,
    ]


def test_an_iterator_can_be_closed_early(executor: Executor) -> None:
    results = executor.map(operator.neg, range(1000))
    next(results)

    results.close()  # type: ignore[attr-defined]

    assert list(results) == []
