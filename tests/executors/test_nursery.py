from __future__ import annotations

import multiprocessing
import operator
import os
import pickle
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import wait

import pytest

from listen_datasets.executors.nursery import Barren, Nursery

GRACE = 10.0


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery(pickle.dumps(operator.neg), None)
    yield nursery
    nursery.close()


def test_a_worker_answers_through_its_own_pipe(nursery: Nursery) -> None:
    workers = [nursery.fork() for _ in range(2)]

    for number, (_, connection) in enumerate(workers):
        assert connection.recv() == []
        connection.send(([number], None))

    assert [connection.recv() for _, connection in workers] == [[("done", 0)], [("done", -1)]]


def test_a_worker_whose_pipe_is_closed_ends(nursery: Nursery) -> None:
    pid, connection = nursery.fork()

    connection.close()

    assert nursery.reap(pid) == 0


def test_a_worker_that_is_killed_says_so(nursery: Nursery) -> None:
    pid, _ = nursery.fork()

    nursery.kill(pid)

    assert nursery.reap(pid) == -signal.SIGKILL


def test_an_answer_that_nobody_waited_for_is_passed_over(nursery: Nursery) -> None:
    pid, _ = nursery.fork()
    (process,) = multiprocessing.active_children()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            nursery.fork()
    finally:
        signal.signal(signal.SIGALRM, before)
        os.kill(process.pid, signal.SIGCONT)

    nursery.kill(pid)

    assert nursery.reap(pid) == -signal.SIGKILL


def test_a_nursery_that_has_ended_says_with_what(nursery: Nursery) -> None:
    (process,) = multiprocessing.active_children()
    process.kill()

    with pytest.raises(Barren) as caught:
        nursery.fork()

    assert caught.value.code == -signal.SIGKILL


def test_nothing_is_left_of_a_nursery_that_was_closed(nursery: Nursery) -> None:
    pid, connection = nursery.fork()
    assert connection.recv() == []
    with os.fdopen(os.pidfd_open(pid)) as worker:
        nursery.close()

        assert multiprocessing.active_children() == []
        assert wait([worker.fileno()], GRACE) == [worker.fileno()]


class Slow:
    """A function that takes its time to import what it needs."""

    def prepare(self) -> None:
        time.sleep(0.5)

    def __call__(self, item: object) -> object:
        return item


def test_a_nursery_that_is_left_while_it_prepares_ends_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    nursery = Nursery(pickle.dumps(Slow()), None)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            nursery.fork()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    nursery.close()

    assert nursery._process.exitcode == 0
    assert capfd.readouterr().err == ""
