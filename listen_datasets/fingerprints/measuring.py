"""Measure the fingerprint of a recording while its samples come by, in constant memory but for the result."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr
from numba import types
from scipy import fft

from listen_datasets.fingerprints import FLOOR_DB, HOP, RATE, SIGNS, SILENT, Codes, Fingerprint, Levels, Signs
from listen_datasets.kernels import REORDERED, compiled

Block = npt.NDArray[np.float32]
Singles = npt.NDArray[np.float32]

_FRAME = 512
_GAP = 4  # hops between the two frames that are compared
_BANDS = 33
_LOWEST, _HIGHEST = 200.0, 2_500.0
_SHARE = 0.3  # of the mean energy of a band that a gain must exceed
_BATCH = 64  # frames that are transformed at once
_PASSED = (100.0, 1_800.0)
_REACH = 75  # samples on either side that a filtered sample depends on


class Fingerprinter:
    """Measures one recording; it does not matter where blocks are cut.

    Args:
        sample_rate: Hz.
        num_channels: Number of channels.
    """

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        self._num_channels = num_channels
        self._stream = None
        if sample_rate != RATE:
            self._stream = soxr.ResampleStream(sample_rate, RATE, 1, dtype="float32", quality="MQ")
        self._for_codes = np.zeros(0, np.float32)
        # The filter looks behind: before the first sample there is nothing.
        self._for_signs = np.zeros(_REACH, np.float32)
        self._energies = np.zeros((0, _BANDS), np.float32)
        self._codes: list[Codes] = []
        self._signs: list[Signs] = []
        self._levels: list[Levels] = []

    def update(self, block: Block) -> None:
        """Take the samples that follow (num_samples, num_channels)."""
        mono = np.empty(len(block), np.float32)
        _mix(block, mono)
        self._take(mono if self._stream is None else self._stream.resample_chunk(mono, last=False))

    def finish(self) -> Fingerprint:
        """Return the fingerprint of all samples."""
        if self._stream is not None:
            self._take(self._stream.resample_chunk(np.zeros(0, np.float32), last=True))
            self._stream = None
        self._take_signs(np.zeros(_REACH, np.float32), is_last=True)
        return Fingerprint(
            np.concatenate([np.zeros(0, np.uint32), *self._codes]),
            np.concatenate([np.zeros(0, np.uint64), *self._signs]),
            np.concatenate([np.zeros(0, np.uint8), *self._levels]),
        )

    def _take(self, mono: Singles) -> None:
        self._take_codes(mono)
        self._take_signs(mono, is_last=False)

    def _take_codes(self, mono: Singles) -> None:
        samples = np.concatenate([self._for_codes, mono])
        count = max((len(samples) - _FRAME) // HOP + 1, 0)
        self._for_codes = samples[count * HOP :].copy()
        energies = np.empty((len(self._energies) + count, _BANDS), np.float32)
        energies[: len(self._energies)] = self._energies
        frames = np.empty((min(count, _BATCH), _FRAME), np.float32)
        for first in range(0, count, _BATCH):
            part = frames[: count - first]
            _cut(samples, first, _WINDOW, part)
            place = len(self._energies) + first
            _sum_bands(fft.rfft(part), _EDGES, energies[place : place + len(part)])
        codes = np.empty(max(len(energies) - _GAP, 0), np.uint32)
        _compare(energies, codes)
        self._codes.append(codes)
        self._energies = energies[len(codes) :].copy()

    def _take_signs(self, mono: Singles, *, is_last: bool) -> None:
        samples = np.concatenate([self._for_signs, mono])
        available = len(samples) - 2 * _REACH
        count = -(-available // HOP) if is_last else available // HOP
        count = max(count, 0)
        wanted = count * HOP + 2 * _REACH
        whole = samples if wanted <= len(samples) else np.concatenate([samples, np.zeros(HOP, np.float32)])
        signs, levels = np.empty(count, np.uint64), np.empty(count, np.uint8)
        _follow(whole[:wanted], _FILTER, signs, levels)
        self._for_signs = samples[count * HOP :].copy()
        self._signs.append(signs)
        self._levels.append(levels)


def _edges() -> npt.NDArray[np.float64]:
    """Return where each band begins, and where the last ends, in bins."""
    spread = _LOWEST * (_HIGHEST / _LOWEST) ** (np.arange(_BANDS + 1) / _BANDS)
    return np.asarray(spread * _FRAME / RATE, dtype=np.float64)


def _band_pass() -> Singles:
    """Return the taps of a linear-phase filter: a windowed difference of two ideal low-passes."""
    at = np.arange(-_REACH, _REACH + 1)
    low, high = (2 * edge / RATE * np.sinc(2 * edge / RATE * at) for edge in _PASSED)
    return np.asarray((high - low) * np.hamming(len(at)), dtype=np.float32)


_WINDOW = np.asarray(np.hanning(_FRAME + 1)[:-1], dtype=np.float32)
_EDGES = _edges()
_FILTER = _band_pass()
_BLOCK = types.Array(types.float32, 2, "C", readonly=True)
_LINE = types.Array(types.float32, 1, "C", readonly=True)


@compiled(types.void(_BLOCK, types.float32[::1]), REORDERED)
def _mix(block: Block, mono: Singles) -> None:
    """Write the mean of the channels."""
    flat = block.reshape(-1)
    num_channels = block.shape[1]
    share = np.float32(1.0 / num_channels)
    for index in range(len(mono)):
        total = flat[index * num_channels]
        for channel in range(1, num_channels):
            total += flat[index * num_channels + channel]
        mono[index] = total * share


@compiled(types.void(_LINE, types.int64, _LINE, types.float32[:, ::1]), REORDERED)
def _cut(samples: Singles, first: int, window: Singles, frames: Block) -> None:
    """Write frames from number `first` on, times the window."""
    for row in range(len(frames)):
        source = samples[(first + row) * HOP :]
        frame = frames[row]
        for index in range(len(window)):
            frame[index] = source[index] * window[index]


@compiled("void(complex64[:, ::1], float64[::1], float32[:, ::1])", REORDERED)
def _sum_bands(spectra: npt.NDArray[np.complex64], edges: npt.NDArray[np.float64], energies: Singles) -> None:
    """Sum the power in bands; a bin that an edge divides counts for both sides in proportion.

    Args:
        spectra: (frames, bins).
        edges: In bins (bands + 1).
        energies: Receives the sums (frames, bands).
    """
    for row in range(len(energies)):
        for band in range(energies.shape[1]):
            begin, end = edges[band], edges[band + 1]
            total = 0.0
            position = begin
            while position < end:
                bin_ = math.floor(position + 0.5)
                upto = min(bin_ + 0.5, end)
                value = spectra[row, bin_]
                total += (upto - position) * (value.real * value.real + value.imag * value.imag)
                position = upto
            energies[row, band] = total


@compiled("void(float32[:, ::1], uint32[::1])")
def _compare(energies: Singles, codes: Codes) -> None:
    """Write the code of each pair of frames that lie `_GAP` hops apart."""
    for row in range(len(codes)):
        before, after = energies[row], energies[row + _GAP]
        mean = np.float32(0.0)
        for band in range(_BANDS):
            mean += before[band] + after[band]
        least = np.float32(_SHARE / _BANDS) * mean
        code = np.uint32(0)
        for band in range(_BANDS - 1):
            if (after[band] - after[band + 1]) - (before[band] - before[band + 1]) > least:
                code |= np.uint32(1) << np.uint32(band)
        codes[row] = code


@compiled(types.void(_LINE, types.float32[::1], types.uint64[::1], types.uint8[::1]), REORDERED)
def _follow(samples: Singles, taps: Singles, signs: Signs, levels: Levels) -> None:
    """Filter, take every second sample, and write the signs and the level of each hop.

    Args:
        samples: From `_REACH` samples before the first hop to as many behind the last.
        taps: Of the filter, symmetrical.
        signs: Receives 64 bits a hop.
        levels: Receives a level a hop.
    """
    for hop in range(len(signs)):
        bits, energy = np.uint64(0), 0.0
        for index in range(SIGNS):
            source = samples[hop * HOP + 2 * index :]
            value: Any = np.float32(0.0)
            for tap in range(len(taps)):
                value += source[tap] * taps[tap]
            energy += value * value
            if value > 0:
                bits |= np.uint64(1) << np.uint64(index)
        signs[hop] = bits
        level = 10 * math.log10(energy / SIGNS) + FLOOR_DB if energy > 0 else 0.0
        levels[hop] = np.uint8(min(max(level, float(SILENT)), 255.0))
