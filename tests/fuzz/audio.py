"""Fuzz the reading of recordings: valid files of every container, changed at random, through the real worker processes.

Run it with ``make fuzz``, or ``python tests/fuzz/audio.py --mutations 10000``. It exits 1 if

- a worker died, ran out of memory or out of time, even with the file alone;
- a mutation is not accounted for exactly once;
- a file took more than 20 seconds, or this process more than 512 MB;
- a FLAC with an MD5, or an Ogg file, whose pages have checksums, was kept without a finding though its samples changed.

A mutation is a function of its number, so that each can be made again: ``--only NUMBER`` writes it to a file.
"""

from __future__ import annotations

import argparse
import functools
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from listen_datasets.audio import Measured, Reading, measure
from listen_datasets.executors import Done, Lost
from listen_datasets.executors.batches import map_items
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.model import Fate
from listen_datasets.stores.folder import Folder
from listen_datasets.testing.damaged import Case, cases

LONGEST_SECONDS = 20.0
MOST_MEMORY = 512 << 20
_BATCH = 20
_SIZES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
_CONTAINERS = frozenset({".wav", ".rf64", ".w64", ".aiff", ".caf", ".flac", ".ogg", ".opus", ".mp3"})
_HAVE_CHECKSUMS = frozenset({".flac", ".ogg", ".opus"})

Random = np.random.Generator
Mutator = Callable[[Random, bytearray], None]


@functools.cache
def seeds() -> tuple[Case, ...]:
    """Return the valid files, the same number of each container."""
    by_suffix: dict[str, list[Case]] = {}
    for case in cases():
        suffix = Path(case.file_name).suffix
        if case.code is None and suffix in _CONTAINERS:
            by_suffix.setdefault(suffix, []).append(case)
    most = max(map(len, by_suffix.values()))
    return tuple(found[number % len(found)] for number in range(most) for found in by_suffix.values())


def mutation(number: int) -> tuple[Case, bytes]:
    """Return a mutation by its number, and what it was made of."""
    random = np.random.default_rng(number)
    case = seeds()[number % len(seeds())]
    data = bytearray(case.data)
    for _ in range(int(random.integers(1, 4))):
        _MUTATORS[int(random.integers(len(_MUTATORS)))](random, data)
    return case, bytes(data)


def _place(random: Random, data: bytearray) -> int:
    """Return a place, every other time near the beginning, where the headers are."""
    end = len(data) if random.random() < 0.5 else min(len(data), 200)
    return int(random.integers(end + 1))


def _block(random: Random, data: bytearray) -> slice:
    start = _place(random, data)
    return slice(start, start + int(random.integers(1, 2 + len(data) // 4)))


def _flip(random: Random, data: bytearray) -> None:
    for _ in range(int(random.integers(1, 9))):
        place = _place(random, data)
        if place < len(data):
            data[place] ^= 1 << int(random.integers(8))


def _cut(random: Random, data: bytearray) -> None:
    del data[_place(random, data) :]


def _insert(random: Random, data: bytearray) -> None:
    place = _place(random, data)
    data[place:place] = random.bytes(int(random.integers(1, 500)))


def _remove(random: Random, data: bytearray) -> None:
    del data[_block(random, data)]


def _repeat(random: Random, data: bytearray) -> None:
    place = _place(random, data)
    data[place:place] = data[_block(random, data)]


def _clear(random: Random, data: bytearray) -> None:
    block = _block(random, data)
    data[block] = bytes(len(data[block]))


def _swap(random: Random, data: bytearray) -> None:
    first, second = sorted(_place(random, data) for _ in range(2))
    length = int(random.integers(1, 2000))
    data[first : first + length], data[second : second + length] = (
        data[second : second + length],
        data[first : first + length],
    )


def _resize(random: Random, data: bytearray) -> None:
    """Write a number that breaks programs where a length may be."""
    width = int(random.choice([1, 2, 4, 8]))
    value = _SIZES[int(random.integers(len(_SIZES)))] % (1 << 8 * width)
    place = _place(random, data) // 2 * 2
    data[place : place + width] = value.to_bytes(width, "big" if random.random() < 0.5 else "little")


def _join(random: Random, data: bytearray) -> None:
    data += seeds()[int(random.integers(len(seeds())))].data


_MUTATORS: tuple[Mutator, ...] = (_flip, _cut, _insert, _remove, _repeat, _clear, _swap, _resize, _resize, _join)


@dataclass(frozen=True)
class Outcome:
    """What became of a mutation, and how long it took."""

    fate: Fate
    codes: tuple[str, ...]
    pcm_md5: str | None
    seconds: float


@dataclass(frozen=True)
class Probe:
    """Reads a mutation in a worker; writes it to the folder first, and removes it if the worker lives."""

    folder: Path

    def __call__(self, number: int) -> Outcome:
        case, data = mutation(number)
        return self.read(f"{number}{Path(case.file_name).suffix}", data)

    def read(self, name: str, data: bytes) -> Outcome:
        """Read these bytes as a file of this name."""
        path = self.folder / name
        path.write_bytes(data)
        begin = time.perf_counter()
        result = measure(Folder(self.folder), name, Reading())
        seconds = time.perf_counter() - begin
        path.unlink()
        if isinstance(result, Measured):
            codes = tuple(problem.code for problem in result.problems)
            return Outcome(Fate.KEPT, codes, result.clips[0]["pcm_md5"], seconds)
        return Outcome(result.fate, (result.code,), None, seconds)


def trouble(number: int, result: Done[Outcome] | Lost, probe: Probe) -> str | None:
    """Say what must not happen to any file, if it did."""
    if isinstance(result, Lost):
        return f"{result.code}: {result.reason}"
    outcome = result.value
    if outcome.seconds > LONGEST_SECONDS:
        return f"took {outcome.seconds:.1f} s"
    case, _ = mutation(number)
    if outcome.fate is Fate.KEPT and not outcome.codes and Path(case.file_name).suffix in _HAVE_CHECKSUMS:
        original = probe.read(f"original{Path(case.file_name).suffix}", case.data)
        if original.pcm_md5 != outcome.pcm_md5 and case.data[26:42] != b"\0" * 16:
            return "kept without a finding, with other samples"
    return None


def run(mutations: int, jobs: int, folder: Path) -> int:
    """Read all mutations and report; return the number of troubles."""
    probe = Probe(folder)
    batches = [range(first, min(first + _BATCH, mutations)) for first in range(0, mutations, _BATCH)]
    counts: dict[str, Counter[str]] = {}
    seen: Counter[int] = Counter()
    slowest = 0.0
    troubles = []
    results = map_items(
        LocalProcesses(workers=jobs), probe, range(mutations), batches, [LONGEST_SECONDS + 5] * mutations
    )
    for number, result in results:
        seen[number] += 1
        what = trouble(number, result, probe)
        if what is not None:
            troubles.append(f"mutation {number} ({mutation(number)[0]}): {what}")
        suffix = Path(mutation(number)[0].file_name).suffix
        outcome = None if isinstance(result, Lost) else result.value
        slowest = max(slowest, outcome.seconds if outcome else 0.0)
        counts.setdefault(suffix, Counter()).update(_labels(outcome))
    if seen != Counter(range(mutations)):
        troubles.append(f"{mutations} mutations, of which {len(seen)} were accounted for, {seen.total()} times")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if peak > MOST_MEMORY:
        troubles.append(f"this process took {peak >> 20} MB")
    _report(counts, troubles, f"{mutations} mutations; slowest {slowest:.2f} s; this process {peak >> 20} MB\n")
    return len(troubles)


def _labels(outcome: Outcome | None) -> Sequence[str]:
    return (
        ["lost"] if outcome is None else [f"{outcome.fate} {code}" for code in outcome.codes or ("without a finding",)]
    )


def _report(counts: dict[str, Counter[str]], troubles: Sequence[str], summary: str) -> None:
    for suffix, found in sorted(counts.items()):
        sys.stdout.write(f"{suffix}\n")
        sys.stdout.writelines(f"  {count:6d}  {label}\n" for label, count in found.most_common())
    sys.stdout.write(summary)
    sys.stdout.writelines(f"TROUBLE: {line}\n" for line in troubles)


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", type=int, help="write this mutation into the working directory and do nothing else")
    options = parser.parse_args()
    if options.only is not None:
        case, data = mutation(options.only)
        Path(f"{options.only}-{case.file_name}").write_bytes(data)
        return 0
    with tempfile.TemporaryDirectory(prefix="lds-fuzz-") as folder:
        return 1 if run(options.mutations, options.jobs, Path(folder)) else 0


if __name__ == "__main__":
    sys.exit(main())
