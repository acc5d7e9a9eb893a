"""Probe ``clipping``: samples that an overload cut off."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from listen_datasets.kernels import compiled
from listen_datasets.probes import Block
from listen_datasets.probes.rounding import rounded

FULL_SCALE = 1 - 2.0**-15
"""The largest positive sample of 16 bits. Wider samples count from here too, and float samples beyond 1."""

FULL_SCALE_8_BIT = 1 - 2.0**-7
"""The largest positive sample of 8 bits; used while all samples are multiples of 1/128."""

MIN_RUN = 3
"""Samples of one sign at full scale, one after the other, that make a clipped run: a single one may be a true peak."""

Counts = npt.NDArray[np.int64]


class Clipping:
    """Share of the samples of all channels that lie in clipped runs (1e-6)."""

    columns: ClassVar[tuple[str, ...]] = ("clipped_fraction",)

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        del sample_rate
        self._runs = np.zeros((2, num_channels), np.int64)
        self._clipped = np.zeros(2, np.int64)
        self._is_finer = np.zeros(1, np.int64)
        self._count = 0

    def update(self, block: Block) -> None:
        """Take the samples that follow."""
        _count_runs(block, self._runs, self._clipped, self._is_finer)
        self._count += block.size

    def finish(self) -> dict[str, float | None]:
        """Return the share, None without a sample."""
        clipped = int(self._clipped[0 if self._is_finer[0] else 1])
        return {"clipped_fraction": rounded(clipped / self._count, 6) if self._count else None}


@compiled("void(Array(float32, 2, 'C', True), int64[:, ::1], int64[::1], int64[::1])")
def _count_runs(block: Block, runs: Counts, clipped: Counts, is_finer: Counts) -> None:
    """Count clipped samples by both full scales, and note whether a sample is finer than 8 bits.

    Args:
        block: Samples (num_samples, num_channels).
        runs: Length of the run that each channel is in, with the sign of its samples; a row for either full scale.
        clipped: Samples in runs that are long enough, for either full scale.
        is_finer: 1 once a sample was no multiple of 1/128.
    """
    for channel in range(block.shape[1]):
        for index in range(block.shape[0]):
            x = block[index, channel]
            if is_finer[0] == 0 and x * 128 != np.floor(x * 128):
                is_finer[0] = 1
            if abs(x) < FULL_SCALE_8_BIT:
                runs[0, channel] = runs[1, channel] = 0
                continue
            sign = 1 if x > 0 else -1
            for scale in range(2):
                if scale == 0 and abs(x) < FULL_SCALE:
                    runs[0, channel] = 0
                    continue
                run = runs[scale, channel]
                run = run + sign if run * sign > 0 else sign
                runs[scale, channel] = run
                if abs(run) == MIN_RUN:
                    clipped[scale] += MIN_RUN
                elif abs(run) > MIN_RUN:
                    clipped[scale] += 1
