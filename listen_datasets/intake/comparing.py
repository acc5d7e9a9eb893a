"""Which recordings are as they were: by the sha256 of their bytes, or, where that is asked for, by size and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from listen_datasets.executors import Executor, Lost
from listen_datasets.executors.batches import cut, map_items
from listen_datasets.executors.serial import Serial
from listen_datasets.intake import Item, Recording
from listen_datasets.intake.hashing import Hash
from listen_datasets.intake.known import Known
from listen_datasets.progress import Progress
from listen_datasets.stores import Store
from listen_datasets.stores.folder import Folder

_BATCH_FILES, _BATCH_BYTES = 512, 256_000_000
_FEW_FILES, _FEW_BYTES = 20_000, 256_000_000
"""Up to here hashing takes less time than starting a worker."""

Seen = Mapping[Recording, tuple[str, str]]
"""Stamp and sha256 of recordings as they were when they were read last."""


@dataclass(frozen=True)
class Comparison:
    """What became of what is known.

    Attributes:
        same: Positions of the items whose bytes are known, with their sha256; all others must be read.
    """

    same: Mapping[int, str] = field(default_factory=dict)


def compare(
    items: Sequence[Item],
    wanted: Sequence[bool],
    known: Known,
    stores: Mapping[str, Store],
    executor: Executor,
    progress: Progress,
    trusted: Seen,
) -> Comparison:
    """Find the items whose bytes are known.

    Args:
        items: What is there now (n).
        wanted: Whether what is known of each (n) is of use.
        known: What is known.
        stores: Where the recordings of each source lie.
        executor: What hashes.
        progress: How progress is shown.
        trusted: Recordings that need not be read as long as their stamp is the same; mostly none.
    """
    same: dict[int, str] = {}
    to_hash: list[int] = []
    for position, item in enumerate(items):
        if not wanted[position]:
            continue
        entry = known.entries[item.recording]
        if item.stamp is not None and trusted.get(item.recording) == (item.stamp, entry.sha256):
            same[position] = entry.sha256
        else:
            to_hash.append(position)
    to_hash.sort(key=lambda position: (items[position].source, items[position].position))
    chosen = [items[position] for position in to_hash]
    for position, digest in _hashed(chosen, stores, executor, progress):
        if digest == known.entries[chosen[position].recording].sha256:
            same[to_hash[position]] = digest
    return Comparison(same)


def _hashed(
    items: Sequence[Item], stores: Mapping[str, Store], executor: Executor, progress: Progress
) -> list[tuple[int, str | None]]:
    sizes = [item.bytes for item in items]
    is_little = len(items) <= _FEW_FILES and sum(sizes) <= _FEW_BYTES
    # Bytes are only read here, never decoded; but unpacking an archive is work for a process that may die.
    is_harmless = is_little and all(isinstance(stores[item.source], Folder) for item in items)
    results = map_items(
        Serial() if is_harmless else executor,
        Hash(stores),
        [item.recording for item in items],
        cut(sizes, _BATCH_FILES, _BATCH_BYTES),
    )
    shown = progress(results, total=len(items), label="compare", unit="recording")
    return [(position, None if isinstance(result, Lost) else result.value) for position, result in shown]
