"""Probe ``silence``: how much of a recording is silent, and how much of that lies at its ends."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from listen_datasets.kernels import compiled
from listen_datasets.probes import Block
from listen_datasets.probes.rounding import rounded

WINDOW = 0.01
"""Length of a window in seconds; the last one may be shorter."""

SILENT_DBFS = -60.0
"""A window is silent if the mean square of every channel lies below this."""

_THRESHOLD = 10 ** (SILENT_DBFS / 10)
# Where the counters stand in their array: samples of the window under way, of all windows, of silent ones, of the
# silent ones before the first that is not, and of those after the last.
_IN_WINDOW, _ALL, _SILENT, _LEADING, _TRAILING = range(5)


class Silence:
    """Share of the time in silent windows (1e-6) and the length of those at the beginning and the end (1e-6 s)."""

    columns: ClassVar[tuple[str, ...]] = ("silent_fraction", "leading_silence", "trailing_silence")

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        self._sample_rate = sample_rate
        self._window = max(round(WINDOW * sample_rate), 1)
        self._energy = np.zeros(num_channels)
        self._counts = np.zeros(5, np.int64)

    def update(self, block: Block) -> None:
        """Take the samples that follow."""
        _scan(block, self._window, self._energy, self._counts)

    def finish(self) -> dict[str, float | None]:
        """Return the three facts, all None without a sample; both lengths are the duration if all is silent."""
        if self._counts[_IN_WINDOW]:
            _close(self._energy, self._counts)
        if not self._counts[_ALL]:
            return dict.fromkeys(self.columns)
        return {
            "silent_fraction": rounded(int(self._counts[_SILENT]) / int(self._counts[_ALL]), 6),
            "leading_silence": rounded(int(self._counts[_LEADING]) / self._sample_rate, 6),
            "trailing_silence": rounded(int(self._counts[_TRAILING]) / self._sample_rate, 6),
        }


@compiled("void(float64[::1], int64[::1])")
def _close(energy: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> None:
    """Judge the window under way and begin the next one."""
    length = counts[_IN_WINDOW]
    if energy.max() < _THRESHOLD * length:
        if counts[_LEADING] == counts[_ALL]:
            counts[_LEADING] += length
        counts[_SILENT] += length
        counts[_TRAILING] += length
    else:
        counts[_TRAILING] = 0
    counts[_ALL] += length
    counts[_IN_WINDOW] = 0
    energy[:] = 0


@compiled("void(Array(float32, 2, 'C', True), int64, float64[::1], int64[::1])")
def _scan(block: Block, window: int, energy: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> None:
    """Sum up the squares of each channel window by window, and judge each window that is complete."""
    begin = 0
    while begin < block.shape[0]:
        end = min(block.shape[0], begin + window - counts[_IN_WINDOW])
        for channel in range(block.shape[1]):
            total = energy[channel]
            for index in range(begin, end):
                x = np.float64(block[index, channel])
                total += x * x
            energy[channel] = total
        counts[_IN_WINDOW] += end - begin
        begin = end
        if counts[_IN_WINDOW] == window:
            _close(energy, counts)
