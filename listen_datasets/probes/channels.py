"""Probe ``channels``: how alike the channels are."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from listen_datasets.kernels import compiled
from listen_datasets.probes import Block
from listen_datasets.probes.rounding import rounded

Floats = npt.NDArray[np.float64]


class Channels:
    """Lowest Pearson correlation among the pairs of channels (1e-4)."""

    columns: ClassVar[tuple[str, ...]] = ("channel_correlation",)

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        del sample_rate
        self._num_channels = num_channels
        self._origin: Floats | None = None
        self._sums = np.zeros(num_channels)
        self._products = np.zeros((num_channels, num_channels))
        self._count = 0

    def update(self, block: Block) -> None:
        """Take the samples that follow."""
        if self._num_channels == 1 or not len(block):
            return
        if self._origin is None:
            # Sums of what differs from the first sample keep their precision beside a large offset, and are exactly
            # zero for a constant channel.
            self._origin = block[0].astype(np.float64)
        _add(block, self._origin, self._sums, self._products)
        self._count += len(block)

    def finish(self) -> dict[str, float | None]:
        """Return the correlation; None for mono, or if a channel is constant."""
        if not self._count:
            return {"channel_correlation": None}
        covariance = self._products - np.outer(self._sums, self._sums) / self._count
        variances = covariance.diagonal()
        if float(variances.min()) <= 0:
            return {"channel_correlation": None}
        lowest = 1.0
        for first in range(self._num_channels):
            for second in range(first):
                scale = math.sqrt(variances[first]) * math.sqrt(variances[second])
                lowest = min(lowest, float(covariance[first, second]) / scale)
        return {"channel_correlation": rounded(max(lowest, -1.0), 4)}


@compiled("void(Array(float32, 2, 'C', True), float64[::1], float64[::1], float64[:, ::1])")
def _add(block: Block, origin: Floats, sums: Floats, products: Floats) -> None:
    """Add a block to the sums of the channels and to those of the products of each with itself and those before it."""
    row = np.empty(len(origin))
    for index in range(block.shape[0]):
        for channel in range(len(origin)):
            row[channel] = block[index, channel] - origin[channel]
            sums[channel] += row[channel]
            for other in range(channel + 1):
                products[channel, other] += row[channel] * row[other]
