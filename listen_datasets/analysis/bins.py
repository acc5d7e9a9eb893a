"""Loops over the bins of spectra, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from listen_datasets.kernels import CONTRACTED, REORDERED, compiled

Floats = npt.NDArray[Any]
Float64s = npt.NDArray[np.float64]


def powers(parts: Floats, power: Floats) -> None:
    """Write the squared magnitudes (n, bins) of spectra given as real and imaginary parts by turns (n, 2 bins)."""
    (_powers_single if parts.dtype == np.float32 else _powers_double)(parts, power)


@compiled("void(float32[:, ::1], float32[:, ::1])", CONTRACTED)
def _powers_single(parts: Floats, power: Floats) -> None:
    for row in range(power.shape[0]):
        for place in range(power.shape[1]):
            real, imaginary = parts[row, 2 * place], parts[row, 2 * place + 1]
            power[row, place] = real * real + imaginary * imaginary


@compiled("void(float64[:, ::1], float64[:, ::1])", CONTRACTED)
def _powers_double(parts: Floats, power: Floats) -> None:
    for row in range(power.shape[0]):
        for place in range(power.shape[1]):
            real, imaginary = parts[row, 2 * place], parts[row, 2 * place + 1]
            power[row, place] = real * real + imaginary * imaginary


@compiled("void(float64[:, ::1], float64[::1], float64[::1], float64, float64, float64[:, ::1])", REORDERED)
def shape(
    magnitude: Float64s, before: Float64s, hertz: Float64s, roll_off: float, silence: float, found: Float64s
) -> None:
    """Write centroid, bandwidth, roll-off, arithmetic mean of the powers and flux of each frame.

    Args:
        magnitude: (n, bins).
        before: Magnitudes of the frame before the first (bins).
        hertz: Frequency of each bin.
        roll_off: Share of the magnitudes below the roll-off.
        silence: Smallest power.
        found: Receives the numbers (n, 5).
    """
    last = before
    for row in range(magnitude.shape[0]):
        values = magnitude[row]
        total, first, second, power, change = 0.0, 0.0, 0.0, 0.0, 0.0
        for place in range(len(values)):
            value = values[place]
            weighted = value * hertz[place]
            total += value
            first += weighted
            second += weighted * hertz[place]
            power += max(value * value, silence)
            step = value - last[place]
            change += step * step
        centroid = first / total if total > 0 else 0.0
        found[row, 0] = centroid
        found[row, 1] = np.sqrt(max(0.0, second / total - centroid * centroid)) if total > 0 else 0.0
        reached, place = 0.0, -1
        while place < len(values) - 1 and (place < 0 or reached < roll_off * total):
            place += 1
            reached += values[place]
        found[row, 2] = hertz[place]
        found[row, 3] = power / len(values)
        found[row, 4] = np.sqrt(change / len(values))
        last = values
