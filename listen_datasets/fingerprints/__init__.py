"""Fingerprints: what a recording sounds like in 13 bytes for every 16 ms, so that copies of it are found again.

A fingerprint is measured of the mean of the channels at 8 kHz, in hops of 16 ms. A hop has

- a **code** of 32 bits: which of 32 neighbouring bands between 200 and 2,500 Hz gained energy against the next one, over
  128 ms. It follows J. Haitsma and T. Kalker, "A highly robust audio fingerprinting system" (ISMIR 2002), with one
  change that measurements asked for: a bit is set only if the gain is more than a share of the mean energy of a band.
  Without it, bands that hold little but noise decide on half of the bits. Codes find copies: equal codes are looked up.
- 64 **signs**: of the waveform between 100 and 1,800 Hz, at 4 kHz. Signs decide: a copy keeps its waveform through
  encoders, gains and resamplers, and no two takes of one word or note have the same.
- a **level**: that of the waveform in steps of 1 dB, for what is loud should count for more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint32]
Signs = npt.NDArray[np.uint64]
Levels = npt.NDArray[np.uint8]

VERSION = "1"
"""Changes whenever the same samples would have another fingerprint."""

RATE = 8_000
"""Sample rate of what is measured, in Hz."""

HOP = 128
"""Samples at `RATE` between two codes."""

HOPS_A_SECOND = RATE / HOP

SIGNS = 64
"""Signs of a hop."""

SPAN = 8
"""Hops that a code depends on, its own among them."""

SILENT = 0
"""The level of a hop without sound."""

FLOOR_DB = 100.0
"""How far below full scale the lowest level lies."""


@dataclass(frozen=True)
class Fingerprint:
    """What a recording sounds like.

    Attributes:
        codes: One a hop, from its first 128 ms on (m; fewer than the hops, as a code looks 128 ms ahead).
        signs: Of each hop (n), the first in the lowest bit.
        levels: Of each hop (n): dB above -100 dBFS, or 0 if there is no sound.
    """

    codes: Codes
    signs: Signs
    levels: Levels
