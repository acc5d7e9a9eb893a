"""Which recordings are as they were: by the sha256 of their bytes, or, where that is asked for, by size and time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from listen_datasets.executors import Executor, Lost
from listen_datasets.executors.batches import cut, map_items
from listen_datasets.executors.serial import Serial
from listen_datasets.intake import Item, Recording
from listen_datasets.intake.hashing import Hash
from listen_datasets.intake.known import Known
from listen_datasets.progress import Progress
from listen_datasets.stores import Store
from listen_datasets.stores.folder import Folder

_TASK_FILES, _TASK_BYTES = 64, 8_000_000
_BATCH_TASKS, _BATCH_BYTES = 64, 256_000_000
_FEW_FILES, _FEW_BYTES = 20_000, 256_000_000
"""Up to here hashing takes less time than starting a worker."""

Seen = Mapping[Recording, tuple[str, str]]
"""Stamp and sha256 of recordings as they were when they were read last; no sha256 if they could not be read."""


Digests = Mapping[Recording, str]
"""sha256 of recordings, or the code of why one cannot be read."""


def is_grown(items: Sequence[Item], seen: Seen) -> bool:
    """Tell whether there are recordings that were not there when everything was read last."""
    return any(item.stamp is not None and item.recording not in seen for item in items)


def trusted(items: Sequence[Item], seen: Seen) -> Digests:
    """Return the digests of the recordings whose stamp is the one that they had when they were read last."""
    return {
        item.recording: seen[item.recording][1]
        for item in items
        if item.stamp is not None and seen.get(item.recording, ("", ""))[0] == item.stamp and seen[item.recording][1]
    }


def digests(
    items: Sequence[Item], stores: Mapping[str, Store], executor: Executor, progress: Progress
) -> dict[Recording, str]:
    """Read recordings and return the digest of each, or the code of why it cannot be read.

    Args:
        items: The recordings.
        stores: Where the recordings of each source lie.
        executor: What hashes.
        progress: How progress is shown.
    """
    ordered = sorted(items, key=lambda item: (item.source, item.position))
    hashed = _hashed(ordered, stores, executor)
    shown = progress(hashed, total=len(ordered), label="compare", unit="recording")
    return {item.recording: digest for item, digest in shown if digest is not None}


def unchanged(items: Sequence[Item], known: Known, wanted: Sequence[bool], now: Digests) -> dict[Recording, str]:
    """Return the recordings whose bytes are known, with their digest; all others must be measured.

    Args:
        items: What is there now (n).
        known: What is known.
        wanted: Whether what is known of each (n) is of use.
        now: Digests as they are now.
    """
    return {
        item.recording: now[item.recording]
        for item, is_of_use in zip(items, wanted, strict=True)
        if is_of_use and now.get(item.recording) == known.entries[item.recording].sha256
    }


def _hashed(
    items: Sequence[Item], stores: Mapping[str, Store], executor: Executor
) -> Iterator[tuple[Item, str | None]]:
    """Yield each recording with its digest; None if the worker died over it, which is for the decoder to judge."""
    sizes = [item.bytes for item in items]
    is_little = len(items) <= _FEW_FILES and sum(sizes) <= _FEW_BYTES
    # Bytes are only read here, never decoded; but unpacking an archive is work for a process that may die.
    is_harmless = is_little and all(isinstance(stores[item.source], Folder) for item in items)
    # Reading a small file takes no longer than sending its name and its digest alone.
    tasks = cut(sizes, _TASK_FILES, _TASK_BYTES)
    results = map_items(
        Serial() if is_harmless else executor,
        Hash(stores),
        [[item.recording for item in items[task.start : task.stop]] for task in tasks],
        cut([sum(sizes[task.start : task.stop]) for task in tasks], _BATCH_TASKS, _BATCH_BYTES),
    )
    for position, result in results:
        task = tasks[position]
        digests = [None] * len(task) if isinstance(result, Lost) else result.value
        yield from zip(items[task.start : task.stop], digests, strict=True)
