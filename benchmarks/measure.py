"""Wall time, CPU time and peak memory of a command with all its children, read from /proc (Linux)."""

from __future__ import annotations

import resource
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.05
_REST = 20  # how many times longer than a look nobody looks


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Attributes:
        wall: Seconds from start to end.
        cpu: Seconds of user and system time of the process and its children.
        peak: Largest proportional set size (PSS) of all its processes together, in bytes.
        largest: Largest resident set (RSS) of any one of its processes, in bytes.
        code: Exit code.
    """

    wall: float
    cpu: float
    peak: int
    largest: int
    code: int


def measure(command: Sequence[str]) -> Cost:
    """Run a command and return what it took; its output goes to /dev/null."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        peaks = [0, 0]
        watcher = threading.Thread(target=_watch, args=(process, peaks), daemon=True)
        watcher.start()
        code = process.wait()
    watcher.join()
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, peaks[0], peaks[1], code)


def _watch(process: subprocess.Popen[bytes], peaks: list[int]) -> None:
    while process.poll() is None:
        start = time.perf_counter()
        memory = [_memory(pid) for pid in _tree(process.pid)]
        peaks[0] = max(peaks[0], sum(shared for shared, _ in memory))
        peaks[1] = max(peaks[1], *(resident for _, resident in memory))
        # The kernel goes through all pages of a process to count them, and the process waits for it meanwhile.
        time.sleep(max(_POLL_SECONDS, _REST * (time.perf_counter() - start)))


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            except OSError:
                continue  # it has ended meanwhile
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, pending = [], [root]
    while pending:
        pid = pending.pop()
        found.append(pid)
        pending += children.get(pid, [])
    return found


def _memory(pid: int) -> tuple[int, int]:
    """Return PSS and RSS in bytes; nothing of a process that has ended meanwhile."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0, 0
    sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith(("Pss:", "Rss:"))}
    return sizes.get("Pss:", 0), sizes.get("Rss:", 0)
