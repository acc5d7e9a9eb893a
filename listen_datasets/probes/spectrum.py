"""Probe ``spectrum``: up to which frequency a recording has content, whatever its sample rate promises."""

from __future__ import annotations

import functools
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import fft

from listen_datasets.kernels import REORDERED, compiled
from listen_datasets.probes import Block, Fact, cutoff
from listen_datasets.probes.rounding import rounded

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

RANGE_DB = 70.0
"""How far below the maximum of the mean power spectrum content may lie."""

MIN_SAMPLES = 16
"""A recording with fewer has no spectrum worth the name."""

_BATCH = 32
# 4-term Blackman-Harris (F. J. Harris, "On the use of windows for harmonic analysis", 1978): side lobes at -92 dB, so
# that the leakage of a strong tone stays out of the range.
_WINDOW_TERMS = (0.35875, -0.48829, 0.14128, -0.01168)


class Spectrum:
    """How far the spectrum reaches (0.1 Hz), and where it is cut off (0.1 Hz).

    - ``bandwidth_hz``: the highest frequency within 70 dB of the maximum of the mean power spectrum. Our definition;
      the range is that of a good recording and well above the noise of 16 bits in a window.
    - ``cutoff_hz``: see :mod:`listen_datasets.probes.cutoff`; None if there is no edge.

    The spectrum is the mean over channels and Blackman-Harris windows of 21 to 42 ms (a power of two in samples), one
    after the other, each less its mean: an offset is not content. Welch's method without overlap: a halved number of
    transforms moves neither fact where there is more than one window. Samples behind the last whole window are left
    out; a recording shorter than one window is taken as a whole.
    """

    columns: ClassVar[tuple[str, ...]] = ("bandwidth_hz", "cutoff_hz")

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        self._sample_rate = sample_rate
        self._length = max(1 << (sample_rate // 24).bit_length() - 1, 4 * MIN_SAMPLES)
        self._power = np.zeros(self._length // 2 + 1)
        self._num_windows = 0
        self._pending = np.empty((self._length, num_channels), np.float32)
        self._filled = 0

    def update(self, block: Block) -> None:
        """Take the samples that follow."""
        if self._filled:
            block = self._fill(block)
        count = len(block) // self._length
        if count:
            self._add(block, count, self._length)
        rest = block[count * self._length :]
        if len(rest):
            self._fill(rest)

    def _fill(self, block: Block) -> Block:
        """Complete the window under way, and return what is left of a block."""
        taken = min(self._length - self._filled, len(block))
        self._pending[self._filled : self._filled + taken] = block[:taken]
        self._filled += taken
        if self._filled == self._length:
            self._add(self._pending, 1, self._length)
            self._filled = 0
        return block[taken:]

    def _add(self, samples: Block, count: int, length: int) -> None:
        """Add windows of some length to the spectrum, from the beginning of the samples on."""
        self._num_windows += count
        num_channels = samples.shape[1]
        shape = _window(length)
        at_once = max(_BATCH // num_channels, 1)
        windows = np.empty((min(count, at_once) * num_channels, length), np.float32)
        for first in range(0, count, at_once):
            part = windows[: (count - first) * num_channels]
            _cut(samples, first, shape, part)
            # Of the two that stay in single precision, SciPy's takes half the time of NumPy's.
            _add_power(fft.rfft(part), self._power)

    def finish(self) -> dict[str, Fact]:
        """Return both facts; None if there are no samples to speak of or all are equal."""
        length, is_whole = self._length, self._num_windows > 0
        if not is_whole and self._filled >= MIN_SAMPLES:
            length = self._filled
            self._add(self._pending[:length], 1, length)
        width = self._sample_rate / length
        highest = _reach(self._power, 10 ** (-RANGE_DB / 10))
        if highest < 0:
            return dict.fromkeys(self.columns)
        scale = _density(length) / (self._num_windows * self._pending.shape[1])
        edge = cutoff.find(self._power, width, scale) if is_whole else None
        return {
            "bandwidth_hz": rounded(highest * width, 1),
            "cutoff_hz": None if edge is None else rounded(edge, 1),
        }


@functools.lru_cache(maxsize=64)
def _window(length: int) -> Singles:
    phase = 2 * np.pi * np.arange(length) / length
    window = sum(term * np.cos(order * phase) for order, term in enumerate(_WINDOW_TERMS))
    return np.asarray(window, dtype=np.float32)


@functools.lru_cache(maxsize=64)
def _density(length: int) -> float:
    """Return what makes a power of the transform the mean square of the samples a bin."""
    return 2 / (length * float(np.sum(_window(length).astype(np.float64) ** 2)))


@compiled("void(Array(float32, 2, 'C', True), int64, float32[::1], float32[:, ::1])", REORDERED)
def _cut(samples: Block, first: int, shape: Singles, windows: Singles) -> None:
    """Write windows of all channels, from number `first` on, each less its mean and times `shape`.

    The mean is taken in double precision, so that it is exactly the value of a constant window.

    Args:
        samples: (num_samples, num_channels).
        first: Number of the first window.
        shape: (length,).
        windows: Receives them, the channels of a window one after the other (rows, length).
    """
    step = samples.shape[1]
    flat = samples.reshape(-1)
    for row in range(len(windows)):
        source = flat[(first + row // step) * len(shape) * step + row % step :]
        window = windows[row]
        total = 0.0
        for index in range(len(shape)):
            window[index] = source[index * step]
            total += np.float64(window[index])
        mean = np.float32(total / len(shape))
        for index in range(len(shape)):
            window[index] = (window[index] - mean) * shape[index]


@compiled("void(complex64[:, ::1], float64[::1])")
def _add_power(spectra: npt.NDArray[np.complex64], power: Floats) -> None:
    """Add the squared magnitudes of spectra (count, bins) to a power spectrum, one after the other."""
    for row in range(spectra.shape[0]):
        for index in range(spectra.shape[1]):
            re, im = np.float64(spectra[row, index].real), np.float64(spectra[row, index].imag)
            power[index] += re * re + im * im


@compiled("int64(float64[::1], float64)")
def _reach(power: Floats, share: float) -> int:
    """Return the highest bin of a power spectrum that has this share of its maximum; -1 if there is no power."""
    peak = 0.0
    for index in range(len(power)):
        peak = max(peak, power[index])
    highest = len(power) - 1
    while highest >= 0 and (power[highest] < peak * share or peak == 0):
        highest -= 1
    return highest
