"""Meters: what is measured of each span of a recording while its samples come by, block after block."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from listen_datasets import registry
from listen_datasets.decoding import Block
from listen_datasets.opening import Pieces
from listen_datasets.spans import Span, bounds

if TYPE_CHECKING:
    from listen_datasets.probes import Probe


class Meter:
    """Measures the samples of a recording from one on to another.

    Args:
        first: The first sample.
        last: The one behind the last; None for all that follow.
        pieces: The recording, for its format.
        probe_names: Probes to feed.
    """

    def __init__(self, first: int, last: int | None, pieces: Pieces, probe_names: Sequence[str]) -> None:
        self.first = first
        self._last = last
        self._pieces = pieces
        self._count = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._probes: list[Probe] = [
            registry.find("probes", name)(pieces.sample_rate, pieces.num_channels) for name in probe_names
        ]

    @property
    def digest(self) -> str:
        """MD5 of the samples so far, as hex."""
        return self._md5.hexdigest()

    def update(self, block: Block, at: int) -> bool:
        """Take what of a block belongs to the span, and tell whether more may follow.

        Args:
            block: Samples of the recording.
            at: Position of the first of them.
        """
        end = at + len(block.floats)
        last = end if self._last is None else min(self._last, end)
        low, high = max(self.first, at) - at, last - at
        if high > low:
            floats = block.floats[low:high]
            self._md5.update(self._pieces.pcm(block.raw[low:high]))
            for probe in self._probes:
                probe.update(floats)
            self._count += high - low
        return self._last is None or self._last > end

    def finish(self) -> dict[str, Any]:
        """Return the columns of the manifest that are about the span."""
        facts: dict[str, Any] = {
            "pcm_md5": self.digest,
            "start": self.first / self._pieces.sample_rate,
            "duration": self._count / self._pieces.sample_rate,
            "num_samples": self._count,
        }
        for probe in self._probes:
            facts.update(probe.finish())
        return facts


class Meters:
    """The meters of all spans of a recording; those that are over and those to come take no memory.

    Args:
        pieces: The recording.
        spans: What clips are wanted; None for the whole recording as one clip.
        probe_names: Probes to feed.

    Attributes:
        whole: The meter of the whole recording, if that is wanted.
    """

    def __init__(self, pieces: Pieces, spans: Collection[Span] | None, probe_names: Sequence[str]) -> None:
        self._pieces = pieces
        self._probe_names = probe_names
        self.whole = Meter(0, None, pieces, probe_names) if spans is None else None
        self._open = [] if self.whole is None else [self.whole]
        wanted = {bounds(span, pieces.sample_rate) for span in spans or ()}
        # Latest first: they are taken from the end.
        self._to_come = sorted(wanted, key=lambda item: item[0], reverse=True)
        self._done: dict[tuple[int, int], dict[str, Any]] = {}

    def update(self, block: Block, at: int) -> None:
        """Take a block of samples; `at` is the position of the first of them."""
        end = at + len(block.floats)
        while self._to_come and self._to_come[-1][0] < end:
            first, last = self._to_come.pop()
            self._open.append(Meter(first, last, self._pieces, self._probe_names))
        self._open = [meter for meter in self._open if meter.update(block, at) or self._close(meter)]

    def finish(self) -> Iterator[dict[str, Any]]:
        """Yield the facts of every clip that has a sample, by start and length."""
        for meter in self._open:
            self._close(meter)
        self._open = []
        for place in sorted(self._done):
            yield self._done[place]

    def _close(self, meter: Meter) -> bool:
        facts = meter.finish()
        if facts["num_samples"]:
            self._done[meter.first, facts["num_samples"]] = facts
        return False
