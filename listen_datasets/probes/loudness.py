"""Probe ``loudness``: integrated loudness after ITU-R BS.1770-4."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from listen_datasets import bs1770
from listen_datasets.probes import Block, Fact
from listen_datasets.probes.rounding import rounded


class Loudness:
    """Integrated loudness in LUFS (0.01): K-weighted, gated at -70 LUFS and 10 LU below, Recommendation BS.1770-4.

    The recommendation prints filters for 48 kHz; at other rates they are those of libebur128, whose readings ours equal.
    Measured against the same sound at 48 kHz (up to 3.4 kHz), these read 0.2 to 0.3 LU more at 8 kHz, 0.1 more at 16 kHz,
    and the same to 0.1 from 22.05 kHz on.

    It keeps one number for every 100 ms: 7 MB for a day, the longest recording that is accepted.
    """

    columns: ClassVar[tuple[str, ...]] = ("loudness_lufs",)

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        self._weighting = bs1770.KWeighting(sample_rate, num_channels)
        self._powers: list[bs1770.Floats] = []

    def update(self, block: Block) -> None:
        """Take the samples that follow."""
        self._powers.append(self._weighting.update(block))

    def finish(self) -> dict[str, Fact]:
        """Return the loudness; None below 0.4 s or if every block is gated."""
        powers = self._powers[0] if len(self._powers) == 1 else np.concatenate([np.empty(0), *self._powers])
        loudness = bs1770.integrated(powers)
        return {"loudness_lufs": None if loudness is None else rounded(loudness, 2)}
