"""Probe ``bandwidth``: up to which frequency a recording has content, whatever its sample rate promises."""

from __future__ import annotations

import functools
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from listen_datasets.kernels import compiled
from listen_datasets.probes import Block
from listen_datasets.probes.rounding import rounded

RANGE_DB = 70.0
"""How far below the maximum of the long-term power spectrum content may lie."""

MIN_SAMPLES = 16
"""A recording with fewer has no spectrum worth the name."""

_BATCH = 32
# 4-term Blackman-Harris (F. J. Harris, "On the use of windows for harmonic analysis", 1978): side lobes at -92 dB, so
# that the leakage of a strong tone stays out of the range.
_WINDOW_TERMS = (0.35875, -0.48829, 0.14128, -0.01168)


class Bandwidth:
    """Highest frequency within 70 dB of the maximum of the long-term power spectrum, summed over channels (0.1 Hz).

    The spectrum is the mean of half-overlapping Blackman-Harris windows of 21 to 42 ms, each less its mean: an offset
    is not content. Samples behind the last whole window are left out; a recording shorter than one window is taken as
    a whole.
    """

    columns: ClassVar[tuple[str, ...]] = ("bandwidth_hz",)

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        self._sample_rate = sample_rate
        self._length = max(1 << (sample_rate // 24).bit_length() - 1, 4 * MIN_SAMPLES)
        self._power = np.zeros(self._length // 2 + 1)
        self._pending = np.empty((0, num_channels), np.float32)
        self._has_window = False

    def update(self, block: Block) -> None:
        """Take the samples that follow."""
        samples = np.concatenate([self._pending, block]) if len(self._pending) else block
        hop = self._length // 2
        count = max((len(samples) - self._length) // hop + 1, 0)
        if count:
            self._has_window = True
            self._add(samples, count, _window(self._length))
        self._pending = samples[count * hop :].copy()

    def _add(self, samples: Block, count: int, shape: npt.NDArray[np.float32]) -> None:
        windows = np.zeros((min(count, _BATCH), self._length), np.float32)
        for channel in range(samples.shape[1]):
            for first in range(0, count, _BATCH):
                part = windows[: count - first]
                _cut(samples, channel, first, self._length // 2, shape, part)
                # NumPy's FFT stays in single precision; its type annotations do not know.
                _add_power(np.fft.rfft(part).astype(np.complex64, copy=False), self._power)

    def finish(self) -> dict[str, float | None]:
        """Return the bandwidth; None if there are no samples to speak of or all are equal."""
        if not self._has_window and len(self._pending) >= MIN_SAMPLES:
            self._add(self._pending, 1, _window(len(self._pending)))
        peak = float(self._power.max())
        if peak == 0:
            return {"bandwidth_hz": None}
        highest = int(np.flatnonzero(self._power >= peak * 10 ** (-RANGE_DB / 10))[-1])
        return {"bandwidth_hz": rounded(highest * self._sample_rate / self._length, 1)}


@functools.lru_cache(maxsize=64)
def _window(length: int) -> npt.NDArray[np.float32]:
    phase = 2 * np.pi * np.arange(length) / length
    window = sum(term * np.cos(order * phase) for order, term in enumerate(_WINDOW_TERMS))
    return np.asarray(window, dtype=np.float32)


@compiled("void(Array(float32, 2, 'C', True), int64, int64, int64, float32[::1], float32[:, ::1])")
def _cut(
    samples: Block,
    channel: int,
    first: int,
    hop: int,
    shape: npt.NDArray[np.float32],
    windows: npt.NDArray[np.float32],
) -> None:
    """Write windows of a channel, from number `first` on, each less its mean and times `shape`.

    The mean is taken in double precision, so that it is exactly the value of a constant window.
    """
    for row in range(windows.shape[0]):
        begin = (first + row) * hop
        total = 0.0
        for index in range(len(shape)):
            total += samples[begin + index, channel]
        mean = np.float32(total / len(shape))
        for index in range(len(shape)):
            windows[row, index] = (samples[begin + index, channel] - mean) * shape[index]


@compiled("void(complex64[:, ::1], float64[::1])")
def _add_power(spectra: npt.NDArray[np.complex64], power: npt.NDArray[np.float64]) -> None:
    """Add the squared magnitudes of spectra (count, bins) to a power spectrum, one after the other."""
    for row in range(spectra.shape[0]):
        for index in range(spectra.shape[1]):
            re, im = np.float64(spectra[row, index].real), np.float64(spectra[row, index].imag)
            power[index] += re * re + im * im
