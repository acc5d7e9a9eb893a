"""The true peak after ITU-R BS.1770-4, Annex 2: the largest value between the samples.

The signal is interpolated to four times its rate (twice from 96 kHz, not at all from 192 kHz) by the polyphase filter that
libebur128 publishes: 49 taps of a sinc under a Hann window.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from listen_datasets.kernels import REORDERED, compiled, inlined

Floats = npt.NDArray[np.float64]
_TAPS = 49
_BLOCK = 512


def true_peak(samples: npt.NDArray[np.float32], sample_rate: int) -> float | None:
    """Return the true peak of all channels in dB re full scale; None for silence.

    Args:
        samples: (num_samples, num_channels), full scale 1; silence lies beyond both ends.
        sample_rate: Hz.
    """
    largest = 0.0
    for channel in range(samples.shape[1]):
        largest = max(largest, _of_channel(samples[:, channel], sample_rate, largest))
    return 20 * math.log10(largest) if largest > 0 else None


def _of_channel(samples: npt.NDArray[np.float32], sample_rate: int, known: float) -> float:
    """Return the true peak of a channel if it is above one that is known.

    A block is interpolated only if it could hold a larger value than those found: most blocks cannot.
    """
    factor = 4 if sample_rate < 96_000 else 2 if sample_rate < 192_000 else 1
    sample_peak = max(float(samples.max(initial=0)), -float(samples.min(initial=0)))
    if factor == 1 or not sample_peak:
        return sample_peak
    phases = _phases(factor)
    margin = phases.shape[1]
    padded = np.zeros(2 * margin + -(-len(samples) // _BLOCK) * _BLOCK, np.float32)
    padded[margin : margin + len(samples)] = samples
    # What a value may be made of lies in its block, the one before and the margin behind.
    pieces = padded[margin : len(padded) - margin].reshape(-1, _BLOCK)
    tops = np.maximum(pieces.max(axis=1), -pieces.min(axis=1))  # without a copy: a clip may last for hours
    near = np.maximum.reduce([tops, np.r_[0, tops[:-1]], np.r_[tops[1:], 0]])
    order = np.argsort(-near, kind="stable")
    bounds = near[order].astype(np.float64) * (1.0001 * float(np.abs(phases).sum(axis=1).max()))
    return max(sample_peak, _loudest(padded, phases, order, bounds, max(known, sample_peak)))


@functools.lru_cache(maxsize=4)
def _phases(factor: int) -> npt.NDArray[np.float32]:
    """Return the taps of each phase (factor, taps a phase), in the order of the samples; not to be changed."""
    taps = np.arange(_TAPS)
    angles = (taps - (_TAPS - 1) / 2) * np.pi / factor
    filter_ = np.sinc(angles / np.pi) * (0.5 - 0.5 * np.cos(2 * np.pi * taps / (_TAPS - 1)))
    padded = np.pad(filter_, (0, -_TAPS % factor))
    return np.ascontiguousarray(padded.reshape(-1, factor).T[:, ::-1], dtype=np.float32)


@inlined(REORDERED)
def _largest_of_block(
    padded: npt.NDArray[np.float32],
    phases: npt.NDArray[np.float32],
    first: int,
    sums: npt.NDArray[np.float32],
    largest: float,
) -> float:
    count = min(len(sums), len(padded) - phases.shape[1] + 1 - first)
    for phase in range(1, phases.shape[0]):  # the first is the samples themselves
        for index in range(count):
            sums[index] = 0
        for tap in range(phases.shape[1]):
            weight = phases[phase, tap]
            shifted = padded[
                first + tap : first + tap + count
            ]  # a sum in the index would keep the loop from being vectorised
            for index in range(count):
                sums[index] += weight * shifted[index]
        for index in range(count):
            largest = max(largest, abs(sums[index]))
    return largest


@compiled(
    "float64(Array(float32, 1, 'C', True), Array(float32, 2, 'C', True), int64[::1], float64[::1], float64)", REORDERED
)
def _loudest(
    padded: npt.NDArray[np.float32],
    phases: npt.NDArray[np.float32],
    order: npt.NDArray[np.int64],
    bounds: Floats,
    largest: float,
) -> float:
    """Return the largest interpolated magnitude, or the one given.

    Args:
        padded: The samples, with as many zeros at both ends as a phase has taps.
        phases: Of the interpolation.
        order: Numbers of the blocks, the one with the largest bound first.
        bounds: What no value of each of them, in that order, can exceed.
        largest: What is known already.
    """
    sums = np.empty(_BLOCK + phases.shape[1], np.float32)
    for place in range(len(order)):
        if bounds[place] <= largest:
            break
        largest = _largest_of_block(padded, phases, order[place] * _BLOCK, sums, largest)
    return largest
