"""Progress as an argument: a callable that wraps an iterable. Whether anybody sees it is decided by the caller."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TextIO, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Wraps an iterable and yields the same items in the same order."""

    def __call__(self, items: Iterable[T], *, total: int, label: str, unit: str = "clip") -> Iterator[T]:
        """Yield the items.

        Args:
            items: What is counted, one by one.
            total: How many there will be.
            label: What is going on, such as the stage's name.
            unit: What one item is.
        """
        ...


@dataclass(frozen=True)
class Silent:
    """Shows nothing."""

    def __call__(self, items: Iterable[T], *, total: int, label: str, unit: str = "clip") -> Iterator[T]:  # noqa: ARG002
        """Yield the items."""
        return iter(items)


@dataclass(frozen=True)
class Terminal:
    """Draws a bar on a terminal and takes it away again.

    Attributes:
        stream: Standard error of a terminal.
    """

    stream: TextIO

    def __call__(self, items: Iterable[T], *, total: int, label: str, unit: str = "clip") -> Iterator[T]:
        """Yield the items."""
        import tqdm  # noqa: PLC0415 - start-up time

        # No monitor thread, and no semaphore shared with the workers.
        tqdm.tqdm.monitor_interval = 0
        tqdm.tqdm.set_lock(threading.RLock())
        bar = tqdm.tqdm(total=total, desc=label, unit=f" {unit}", file=self.stream, leave=False, dynamic_ncols=True)
        with bar:
            for item in items:
                yield item
                bar.update()
