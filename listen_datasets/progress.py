"""Progress as an argument: a callable that wraps an iterable. Whether anybody sees it is decided by the caller."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TextIO, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Wraps an iterable and yields the same items in the same order."""

    def __call__(
        self,
        items: Iterable[T],
        *,
        total: int,
        label: str,
        unit: str = "clip",
        seconds: Callable[[T], float] | None = None,
    ) -> Iterator[T]:
        """Yield the items.

        Args:
            items: What is counted, one by one.
            total: How many there will be.
            label: What is going on, such as the stage's name.
            unit: What one item is.
            seconds: Length of the audio of an item, where speed is to be shown in multiples of real time.
        """
        ...


@dataclass(frozen=True)
class Silent:
    """Shows nothing."""

    def __call__(
        self,
        items: Iterable[T],
        *,
        total: int,  # noqa: ARG002 - nobody looks
        label: str,  # noqa: ARG002
        unit: str = "clip",  # noqa: ARG002
        seconds: Callable[[T], float] | None = None,  # noqa: ARG002
    ) -> Iterator[T]:
        """Yield the items."""
        return iter(items)


@dataclass(frozen=True)
class Terminal:
    """Draws a bar on a terminal and takes it away again.

    Attributes:
        stream: Standard error of a terminal.
    """

    stream: TextIO

    def __call__(
        self,
        items: Iterable[T],
        *,
        total: int,
        label: str,
        unit: str = "clip",
        seconds: Callable[[T], float] | None = None,
    ) -> Iterator[T]:
        """Yield the items."""
        import tqdm  # noqa: PLC0415 - start-up time

        # No monitor thread, and no semaphore shared with the workers.
        tqdm.tqdm.monitor_interval = 0
        tqdm.tqdm.set_lock(threading.RLock())
        bar = tqdm.tqdm(total=total, desc=label, unit=f" {unit}", file=self.stream, leave=False, dynamic_ncols=True)
        audio = 0.0
        with bar:
            for item in items:
                yield item
                if seconds is not None:
                    audio += seconds(item)
                    elapsed = bar.format_dict["elapsed"]
                    if elapsed > 0:
                        bar.set_postfix_str(f"{audio / elapsed:,.0f}x real time", refresh=False)
                bar.update()
