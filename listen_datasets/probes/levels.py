"""Probe ``levels``: peak, mean power and offset."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from listen_datasets.kernels import compiled
from listen_datasets.probes import Block
from listen_datasets.probes.rounding import decibels, rounded

Floats = npt.NDArray[np.float64]


class Levels:
    """Peak and root mean square over all channels in dBFS (0.01), and the largest mean of a channel (1e-6)."""

    columns: ClassVar[tuple[str, ...]] = ("peak_dbfs", "rms_dbfs", "dc_offset")

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        del sample_rate
        self._sums = np.zeros((3, num_channels))
        self._count = 0

    def update(self, block: Block) -> None:
        """Take the samples that follow."""
        _add(block, self._sums)
        self._count += len(block)

    def finish(self) -> dict[str, float | None]:
        """Return the three facts, all None without a sample."""
        if not self._count:
            return dict.fromkeys(self.columns)
        peaks, squares, sums = self._sums
        means = sums / self._count
        return {
            "peak_dbfs": decibels(float(peaks.max()) ** 2),
            "rms_dbfs": decibels(float(squares.mean()) / self._count),
            "dc_offset": rounded(float(means[np.abs(means).argmax()]), 6),
        }


@compiled("void(Array(float32, 2, 'C', True), float64[:, ::1])")
def _add(block: Block, sums: Floats) -> None:
    """Add a block to the largest magnitude, the sum of squares and the sum of every channel (three rows)."""
    for channel in range(block.shape[1]):
        peak, squares, total = sums[0, channel], sums[1, channel], sums[2, channel]
        for index in range(block.shape[0]):
            x = np.float64(block[index, channel])
            peak = max(peak, abs(x))
            squares += x * x
            total += x
        sums[0, channel], sums[1, channel], sums[2, channel] = peak, squares, total
