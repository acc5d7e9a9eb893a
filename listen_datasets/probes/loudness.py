"""Probe ``loudness``: integrated loudness after ITU-R BS.1770-4."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from listen_datasets import bs1770
from listen_datasets.probes import Block
from listen_datasets.probes.rounding import rounded


class Loudness:
    """Integrated loudness in LUFS (0.01).

    It keeps one number for every 100 ms: 7 MB for a day, the longest recording that is accepted.
    """

    columns: ClassVar[tuple[str, ...]] = ("loudness_lufs",)

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        self._weighting = bs1770.KWeighting(sample_rate, num_channels)
        self._powers: list[npt.NDArray[np.float64]] = []

    def update(self, block: Block) -> None:
        """Take the samples that follow."""
        self._powers.append(self._weighting.update(block))

    def finish(self) -> dict[str, float | None]:
        """Return the loudness; None below 0.4 s or if every block is gated."""
        powers = np.concatenate(self._powers) if self._powers else np.empty(0)
        loudness = bs1770.integrated(powers)
        return {"loudness_lufs": None if loudness is None else rounded(loudness, 2)}
