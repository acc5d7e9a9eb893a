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


@compiled("void(Array(float32, 1, 'C', True), float32, int64, int64, float32[::1])")
def crossings(
    padded: npt.NDArray[np.float32],
    zero: np.float32,
    frame_length: int,
    hop_length: int,
    rates: npt.NDArray[np.float32],
) -> None:
    """Write the share of samples of each frame whose sign is not that of the sample before.

    Args:
        padded: The signal; frame k begins at k hops.
        zero: Below its negative a sample is negative.
        frame_length: Samples in a frame.
        hop_length: Samples between two frames.
        rates: Receives the shares (frames).
    """
    # What lies between the beginnings of two frames, and between their ends, is looked at once each.
    count = 0
    for place in range(1, frame_length):
        count += (padded[place] < -zero) != (padded[place - 1] < -zero)
    for frame in range(len(rates)):
        rates[frame] = count / frame_length
        if frame + 1 == len(rates):
            break
        first = frame * hop_length
        for step in range(hop_length):
            gone, new = first + step + 1, first + step + frame_length
            count -= (padded[gone] < -zero) != (padded[gone - 1] < -zero)
            count += (padded[new] < -zero) != (padded[new - 1] < -zero)


@compiled("void(float64[:, ::1], int64, int64, int64, float64[:, ::1])")
def extremes(magnitude: Float64s, first: int, end: int, count: int, found: Float64s) -> None:
    """Write the mean of the largest and of the smallest magnitudes of a band, for each frame.

    Args:
        magnitude: (n, bins).
        first: First bin of the band.
        end: Bin behind the last one.
        count: How many magnitudes are the largest, and the smallest.
        found: Receives the means (n, 2).
    """
    large, small = np.empty(count), np.empty(count)
    for row in range(magnitude.shape[0]):
        band = magnitude[row, first:end]
        large[:], small[:] = -1.0, np.inf
        for place in range(len(band)):
            value = band[place]
            if value > large[count - 1]:
                slot = count - 1
                while slot > 0 and large[slot - 1] < value:
                    large[slot] = large[slot - 1]
                    slot -= 1
                large[slot] = value
            if value < small[count - 1]:
                slot = count - 1
                while slot > 0 and small[slot - 1] > value:
                    small[slot] = small[slot - 1]
                    slot -= 1
                small[slot] = value
        found[row, 0] = large.mean()
        found[row, 1] = small.mean()
