"""Probe ``waveform``: all that is counted sample by sample, in one pass."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from listen_datasets.probes import Block, Fact, channels, clipping, dropouts, levels, noise, scan, silence


class Waveform:
    """Levels, silence, noise, clipping, dropouts and channels; each is defined in the module of its name.

    They share a probe because reading the samples once costs less than counting.
    """

    columns: ClassVar[tuple[str, ...]] = (
        *levels.COLUMNS,
        *silence.COLUMNS,
        *noise.COLUMNS,
        *clipping.COLUMNS,
        *dropouts.COLUMNS,
        *channels.COLUMNS,
    )

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        self._sample_rate = sample_rate
        self._scan = scan.begin(sample_rate, num_channels)

    def update(self, block: Block) -> None:
        """Take the samples that follow."""
        scan.take(block, self._scan, False)  # noqa: FBT003 - compiled functions know no keywords

    def finish(self) -> dict[str, Fact]:
        """Return all facts."""
        nothing = np.empty((0, len(self._scan.sums)), np.float32)
        scan.take(nothing, self._scan, True)  # noqa: FBT003
        return {
            **levels.facts(self._scan),
            **silence.facts(self._scan, self._sample_rate),
            **noise.facts(self._scan),
            **clipping.facts(self._scan),
            **dropouts.facts(self._scan, self._sample_rate),
            **channels.facts(self._scan),
        }
