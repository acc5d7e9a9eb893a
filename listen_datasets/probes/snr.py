"""Probe ``snr``: how far loud moments stand above quiet ones, an estimate of the signal-to-noise ratio."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from listen_datasets.kernels import compiled
from listen_datasets.probes import Block
from listen_datasets.probes.rounding import rounded

WINDOW = 0.02
"""Length of a window in seconds; a shorter one at the end is left out."""

MIN_WINDOWS = 10
LOUD, QUIET = 0.95, 0.10

# Levels are kept as a histogram, because the levels themselves would grow with the length of the recording.
_LOWEST_DB, _STEP_DB, _NUM_BINS = -200.0, 0.05, 6000


class Snr:
    """95th less 10th percentile of the levels of windows that are not digital silence (0.05 dB)."""

    columns: ClassVar[tuple[str, ...]] = ("snr_db",)

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        del num_channels
        self._window = max(round(WINDOW * sample_rate), 1)
        self._energy = np.zeros(1)
        self._position = np.zeros(1, np.int64)
        self._levels = np.zeros(_NUM_BINS, np.int64)

    def update(self, block: Block) -> None:
        """Take the samples that follow."""
        _scan(block, self._window, self._energy, self._position, self._levels)

    def finish(self) -> dict[str, float | None]:
        """Return the estimate, None below ten windows that count."""
        below = np.cumsum(self._levels)
        count = int(below[-1])
        if count < MIN_WINDOWS:
            return {"snr_db": None}
        loud, quiet = (int(np.searchsorted(below, math.ceil(share * count))) for share in (LOUD, QUIET))
        return {"snr_db": rounded((loud - quiet) * _STEP_DB, 2)}


@compiled("void(Array(float32, 2, 'C', True), int64, float64[::1], int64[::1], int64[::1])")
def _scan(
    block: Block,
    window: int,
    energy: npt.NDArray[np.float64],
    position: npt.NDArray[np.int64],
    levels: npt.NDArray[np.int64],
) -> None:
    """Sum up the squares of all channels window by window, and count the level of each window that is complete."""
    begin = 0
    while begin < block.shape[0]:
        end = min(block.shape[0], begin + window - position[0])
        total = energy[0]
        for index in range(begin, end):
            for channel in range(block.shape[1]):
                x = np.float64(block[index, channel])
                total += x * x
        energy[0] = total
        position[0] += end - begin
        begin = end
        if position[0] == window:
            if total > 0:
                level = 10 * math.log10(total / (window * block.shape[1]))
                levels[min(max(int((level - _LOWEST_DB) / _STEP_DB), 0), len(levels) - 1)] += 1
            energy[0] = 0
            position[0] = 0
