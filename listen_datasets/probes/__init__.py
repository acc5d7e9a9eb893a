"""Probes: what is measured of a recording while ``ingest`` decodes it, block by block, in constant memory.

A probe is made for one recording, takes its blocks in order, and is then asked once for its facts::

    probe = Loudness(sample_rate=16_000, num_channels=1)
    for block in blocks:
        probe.update(block)
    facts = probe.finish()          # {"loudness_lufs": -23.0}

The facts depend on the samples alone, not on where the blocks were cut, nor on a clock or chance, and are rounded so
that the arithmetic of another processor gives the same.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.float32]
"""Samples (num_samples, num_channels), C-contiguous; full scale is 1. Float recordings may go beyond it."""

Fact = float | int | list[float | None] | None
"""What a probe may say of a recording: a number, one for each channel, or None where the recording gives none."""


class Probe(Protocol):
    """Measures one recording.

    Attributes:
        columns: The facts it gives, named as columns of the manifest.
    """

    columns: ClassVar[tuple[str, ...]]

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        """Prepare for a recording of this format; `sample_rate` in Hz."""
        ...

    def update(self, block: Block) -> None:
        """Take the samples that follow those of the call before.

        The block is used again for later samples: keep a copy of what is needed beyond the call.
        """
        ...

    def finish(self) -> dict[str, Fact]:
        """Return a value for every column; None where the recording gives none."""
        ...
