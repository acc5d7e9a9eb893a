from __future__ import annotations

import multiprocessing
import operator
import os
import resource
import select
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from listen_datasets.errors import InternalError, MachineError, Terminated
from listen_datasets.executors import Done, Lost
from listen_datasets.executors.local import LocalProcesses, available_workers
from listen_datasets.executors.pool import MEMORY_LIMIT
from listen_datasets.executors.worker import MAX_FILE_BYTES, MAX_OPEN_FILES

ROOT = Path(__file__).parents[2]
GRACE = 10.0


class Prepared:
    """Says in which process it was prepared."""

    pid = 0

    def prepare(self) -> None:
        type(self).pid = os.getpid()

    def __call__(self, _: int) -> int:
        return self.pid


class Unprepared:
    def prepare(self) -> None:
        raise ImportError

    def __call__(self, task: int) -> int:
        return -task


def _workers() -> list[int]:
    """Return the process ids of the workers of this process: the children of its nursery."""
    (nursery,) = multiprocessing.active_children()
    return [int(pid) for pid in Path(f"/proc/{nursery.pid}/task/{nursery.pid}/children").read_text().split()]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM])
def test_a_dead_worker_costs_its_own_task_alone(number: signal.Signals, workers: int) -> None:
    tasks = [number if i % 4 == 1 else 0 for i in range(10)]

    results = list(LocalProcesses(workers=workers).map(signal.raise_signal, tasks))

    lost = Lost("worker.crashed", f"the worker ended with signal {number.name}")
    assert results == [lost if task else Done(None) for task in tasks]


@pytest.mark.parametrize("code", [0, 3])
def test_a_worker_that_exits_costs_its_own_task_alone(code: int) -> None:
    results = list(LocalProcesses(workers=1).map(os._exit, [code]))

    assert results == [Lost("worker.crashed", f"the worker ended with exit code {code}")]


def test_a_worker_killed_between_two_tasks_costs_nothing() -> None:
    results = LocalProcesses(workers=1).map(operator.neg, range(5))
    first = next(results)
    (worker,) = _workers()
    with os.fdopen(os.pidfd_open(worker)) as handle:
        os.kill(worker, signal.SIGKILL)
        assert _have_ended([handle.fileno()])

    assert [first, *results] == [Done(-i) for i in range(5)]


def test_a_nursery_that_is_killed_costs_the_tasks_under_way_alone() -> None:
    results = LocalProcesses(workers=1).map(operator.neg, range(30))
    first = next(results)
    (nursery,) = multiprocessing.active_children()
    (worker,) = _workers()
    with os.fdopen(os.pidfd_open(worker)) as handle:
        nursery.kill()
        assert _have_ended([handle.fileno()])

    rest = list(results)

    assert all(isinstance(result, Done) or result.code == "worker.crashed" for result in rest)
    assert sum(isinstance(result, Lost) for result in rest) <= 1
    assert first == Done(0)


def test_what_a_function_prepares_is_there_in_every_worker() -> None:
    results = list(LocalProcesses(workers=1, max_tasks=1).map(Prepared(), range(3)))

    pids = [result.value for result in results if isinstance(result, Done)]
    assert len(set(pids)) == 1
    assert pids[0] != os.getpid()


def test_a_function_whose_preparation_fails_is_called_all_the_same() -> None:
    assert list(LocalProcesses(workers=1).map(Unprepared(), [1])) == [Done(-1)]


def test_a_task_without_end_costs_itself_alone() -> None:
    results = list(LocalProcesses(workers=2, timeout=0.5).map(time.sleep, [0, 600, 0, 0]))

    assert results == [Done(None), Lost("worker.timeout", "there was no result after 0.5 s"), Done(None), Done(None)]


def test_a_slow_first_task_does_not_keep_the_others_waiting() -> None:
    results = LocalProcesses(workers=2, timeout=0.5).map(time.sleep, [600, *[0] * 10])

    assert isinstance(next(results), Lost)
    start = time.monotonic()
    assert list(results) == [Done(None)] * 10
    assert time.monotonic() - start < 0.4


def test_a_worker_is_replaced_after_its_share_of_tasks() -> None:
    results = LocalProcesses(workers=1, max_tasks=2).map(os.readlink, ["/proc/self"] * 6)

    ids = [result.value for result in results if isinstance(result, Done)]

    assert [ids.index(i) for i in ids] == [0, 0, 2, 2, 4, 4]


def test_memory_is_limited() -> None:
    (result,) = LocalProcesses(workers=1, memory_limit=1 << 30).map(bytearray, [2 << 30])

    assert result == Lost("worker.memory", "the worker had not enough memory")


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"])
def test_native_libraries_get_one_thread(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "7")

    assert list(LocalProcesses(workers=1).map(os.getenv, [name])) == [Done("1")]
    assert os.environ[name] == "7"


def test_an_environment_without_thread_numbers_stays_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    list(LocalProcesses(workers=1).map(operator.neg, [1]))

    assert "OMP_NUM_THREADS" not in os.environ


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_AS, MEMORY_LIMIT),
    ],
    ids=["core", "open files", "file size", "memory"],
)
def test_limits_of_a_worker(kind: int, most: int) -> None:
    (result,) = LocalProcesses(workers=1).map(resource.getrlimit, [kind])

    assert isinstance(result, Done)
    assert result.value[0] == most


@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGINT, signal.SIG_IGN), (signal.SIGTERM, signal.SIG_DFL)], ids=["INT", "TERM"]
)
def test_signals_of_a_worker(number: signal.Signals, expected: signal.Handlers) -> None:
    assert list(LocalProcesses(workers=1).map(signal.getsignal, [number])) == [Done(expected)]


def test_no_signal_stays_blocked_in_a_worker() -> None:
    (result,) = LocalProcesses(workers=1).map(partial(signal.pthread_sigmask, signal.SIG_BLOCK), [[]])

    assert result == Done(set())


def test_what_a_worker_prints_stays_off_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    list(LocalProcesses(workers=1).map(os.system, ["echo noise"]))

    assert capfd.readouterr() == ("", "noise\n")


def test_a_bug_in_a_worker_brings_its_traceback() -> None:
    with pytest.raises(InternalError, match=r"^ZeroDivisionError: ") as caught:
        list(LocalProcesses(workers=1).map(partial(operator.floordiv, 1), [0]))

    assert "Traceback (most recent call last)" in caught.value.__notes__[0]


@pytest.mark.parametrize(("fn", "task"), [(lambda task: task, 1), (operator.neg, lambda: 1)], ids=["function", "task"])
def test_what_cannot_be_sent_is_a_bug(fn: object, task: object) -> None:
    with pytest.raises(InternalError, match="cannot send function to a worker"):
        list(LocalProcesses(workers=1).map(fn, [task]))  # type: ignore[arg-type]


def test_a_result_that_cannot_be_sent_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(InternalError, match="cannot pickle"):
        list(LocalProcesses(workers=1).map(os.scandir, [tmp_path]))


def test_workers_that_do_not_start_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.spawn._python_exe", b"/bin/false")

    with pytest.raises(MachineError, match="worker process"):
        list(LocalProcesses(workers=1).map(operator.neg, [1]))


def test_a_failure_is_raised_in_its_turn_and_nothing_new_is_begun(tmp_path: Path) -> None:
    tasks = [["sleep", "0.3"], ["false"], *(["touch", str(tmp_path / f"{i}")] for i in range(10))]
    results = LocalProcesses(workers=2).map(subprocess.check_call, tasks)

    assert next(results) == Done(0)
    with pytest.raises(InternalError, match="CalledProcessError"):
        next(results)
    assert list(tmp_path.iterdir()) == []


def test_eight_tasks_a_worker_are_begun_ahead(tmp_path: Path) -> None:
    tasks = [["sleep", "0.5"], *(["touch", str(tmp_path / f"{i}")] for i in range(40))]
    results = LocalProcesses(workers=2).map(subprocess.check_call, tasks)

    next(results)

    assert len(list(tmp_path.iterdir())) == 15


def test_a_map_that_is_not_consumed_starts_nothing() -> None:
    LocalProcesses(workers=2).map(operator.neg, range(10))

    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("raised", [KeyboardInterrupt, Terminated], ids=["INT", "TERM"])
def test_a_signal_in_the_parent_ends_the_workers(raised: type[BaseException]) -> None:
    def interrupt(*_: object) -> None:
        raise raised("stop")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(raised):
            list(LocalProcesses(workers=2).map(time.sleep, [600, 600]))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert multiprocessing.active_children() == []


ORPHANS = """
import multiprocessing, time
from pathlib import Path
from listen_datasets.executors.local import LocalProcesses
results = LocalProcesses(workers=2).map(time.sleep, [0, 0, 600, 600])
next(results), next(results)
(nursery,) = multiprocessing.active_children()
workers = Path(f"/proc/{nursery.pid}/task/{nursery.pid}/children").read_text().split()
print(nursery.pid, *workers, flush=True)
next(results)
"""


def _have_ended(descriptors: list[int]) -> bool:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + GRACE
    ended: set[int] = set()
    while len(ended) < len(descriptors) and time.monotonic() < deadline:
        for descriptor, _ in poll.poll(1000 * GRACE):
            ended.add(descriptor)
            poll.unregister(descriptor)
    return len(ended) == len(descriptors)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_parent(number: signal.Signals) -> None:
    command = [sys.executable, "-c", ORPHANS]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        children = [os.pidfd_open(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(children) == 3

        parent.send_signal(number)

        try:
            assert _have_ended(children)
        finally:
            parent.kill()
        for child in children:
            os.close(child)


UNGUARDED = """
import operator
from listen_datasets.executors import Done
from listen_datasets.executors.local import LocalProcesses
print("once", [done.value for done in LocalProcesses(workers=2).map(operator.neg, [1, 2, 3])])
"""
OF_ITS_OWN = """
from listen_datasets.executors.local import LocalProcesses
class Item:
    def __call__(self, number):
        return self.number + number if isinstance(number, int) else number.number
    number = 5
if __name__ == "__main__":
    print("once", [done.value for done in LocalProcesses(workers=2).map({function}, [{item}])])
"""


@pytest.mark.parametrize("is_piped", [False, True])
def test_a_program_that_brings_nothing_of_its_own_is_not_run_again(tmp_path: Path, is_piped: bool) -> None:  # noqa: FBT001
    (tmp_path / "program.py").write_text(UNGUARDED)
    arguments, text = ((sys.executable, "-"), UNGUARDED) if is_piped else ((sys.executable, "program.py"), "")
    done = subprocess.run(
        arguments,
        input=text,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("once [-1, -2, -3]\n", "")


@pytest.mark.parametrize(
    ("function", "item", "value"), [("Item()", "1", "6"), ("Item()", "Item()", "5"), ("id", "Item()", "")]
)
def test_a_program_may_bring_functions_and_items_of_its_own(
    tmp_path: Path, function: str, item: str, value: str
) -> None:
    (tmp_path / "program.py").write_text(OF_ITS_OWN.format(function=function, item=item))
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.startswith(f"once [{value}")
    assert done.stderr == ""


def test_available_workers_are_those_this_process_may_use() -> None:
    assert available_workers() == len(os.sched_getaffinity(0))
