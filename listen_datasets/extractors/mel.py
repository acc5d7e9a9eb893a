"""The mel spectrogram in decibels, on which ``log-mel`` and ``mfcc`` are built.

The definition is that of ``librosa.feature.melspectrogram`` followed by ``librosa.power_to_db`` with their defaults
(librosa 0.11): Slaney's mel scale and area normalisation, a periodic Hann window, zeros beyond both ends, power,
``10 log10`` with a floor of 1e-10. The values differ from librosa's by rounding alone, because the transform is taken in
single precision; importing librosa would cost each worker two seconds.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from listen_datasets.errors import RecipeError
from listen_datasets.extractors import Samples
from listen_datasets.extractors.memo import of_last_call
from listen_datasets.recipe import LogMel

Float32s = npt.NDArray[np.float32]
Float64s = npt.NDArray[np.float64]

_FLOOR_POWER = 1e-10
_DECIBELS_PER_NEPER = 10 / math.log(10)

# Slaney's scale (Auditory Toolbox, 1998): linear up to 1 kHz, then 27 bands to each factor of 6.4.
_HERTZ_PER_MEL = 200 / 3
_KNEE_HERTZ = 1000.0
_KNEE_MEL = _KNEE_HERTZ / _HERTZ_PER_MEL
_LOG_STEP = math.log(6.4) / 27

# Samples in a block of frames: what is under way stays in the second-level cache.
_BLOCK_SAMPLES = 1 << 16
_BAND_GROUPS = 6


class _Group(NamedTuple):
    """Neighbouring bands and the only bins in which they have weight."""

    bands: slice
    bins: slice
    weights: Float32s  # (bins, bands)


@of_last_call
def log_mel_spectrogram(samples: Samples, sample_rate: int, settings: LogMel) -> Float32s:
    """Return the mel spectrogram of a clip in dB.

    Args:
        samples: (num_samples, num_channels), full scale 1.
        sample_rate: Hz.
        settings: Resampled to its rate after the mean over the channels.

    Returns:
        (frames, n_mels), at least one frame for an even window, in dB re full scale power 1, not below -100 and not
        more than ``top_db`` below its maximum.
    """
    mono = resample(downmix(samples), sample_rate, settings.sample_rate)
    levels = _powers(mono, settings)
    np.maximum(levels, np.float32(_FLOOR_POWER), out=levels)
    np.log(levels, out=levels)  # NumPy has no vectorised log10 for float32
    levels *= np.float32(_DECIBELS_PER_NEPER)
    if levels.size:
        np.maximum(levels, levels.max() - np.float32(settings.top_db), out=levels)
    return levels


def downmix(samples: Samples) -> Float32s:
    """Return the mean of the channels (num_samples); a sum by columns is 20 times faster than ``mean(axis=1)``."""
    num_channels = samples.shape[1]
    if num_channels == 1:
        return samples[:, 0]
    mono = samples[:, 0] + samples[:, 1]
    for channel in range(2, num_channels):
        mono += samples[:, channel]
    mono *= np.float32(1 / num_channels)
    return mono


def resample(mono: Float32s, sample_rate: int, target: int) -> Float32s:
    """Return the signal at another rate, ``ceil(num_samples * target / sample_rate)`` long as ``librosa.resample``."""
    import soxr  # noqa: PLC0415 - start-up time: only workers compute

    if sample_rate == target:
        return mono
    length = -(-len(mono) * target // sample_rate)
    resampled: Float32s = soxr.resample(mono, sample_rate, target, quality="HQ")
    if len(resampled) < length:
        return np.pad(resampled, (0, length - len(resampled)))
    return resampled[:length]


def check(settings: LogMel, where: str) -> None:
    """Refuse settings with bands so narrow that no bin of the transform lies in them.

    Raises:
        RecipeError: A band would be the same number in every frame of every clip.
    """
    bank = mel_bank(settings.sample_rate, settings.n_fft, settings.n_mels)
    empty = int((~bank.any(axis=1)).sum())
    if empty:
        raise RecipeError(
            f"{empty} of {settings.n_mels} mel bands lie between the bins of a transform of {settings.n_fft} samples",
            where=where,
            hint="lower n-mels or raise n-fft",
        )


def _powers(mono: Float32s, settings: LogMel) -> Float32s:
    """Return the mel power spectrogram (frames, n_mels), computed in blocks of frames."""
    import scipy.fft  # noqa: PLC0415 - start-up time: only workers compute

    frames = _frames(mono, settings.n_fft, settings.hop_length)
    groups = _groups(settings.sample_rate, settings.n_fft, settings.n_mels)
    window = hann(settings.n_fft)
    mel = np.empty((len(frames), settings.n_mels), np.float32)
    # Large temporaries go back to the system and are faulted in again, so the blocks share theirs.
    block = max(1, min(len(frames), _BLOCK_SAMPLES // settings.n_fft))
    windowed = np.empty((block, settings.n_fft), np.float32)
    power = np.empty((block, settings.n_fft // 2 + 1), np.float32)
    for first in range(0, len(frames), block):
        last = min(first + block, len(frames))
        count = last - first
        np.multiply(frames[first:last], window, out=windowed[:count])
        parts = scipy.fft.rfft(windowed[:count], axis=1, overwrite_x=True).view(np.float32)
        np.multiply(parts, parts, out=parts)
        np.add(parts[:, 0::2], parts[:, 1::2], out=power[:count])
        for group in groups:
            np.matmul(power[:count, group.bins], group.weights, out=mel[first:last, group.bands])
    return mel


def _frames(mono: Float32s, n_fft: int, hop_length: int) -> Float32s:
    """Return a view (frames, n_fft) of the signal with zeros beyond both ends, frame k centred at k * hop_length."""
    padded = np.pad(mono, n_fft // 2)
    if len(padded) < n_fft:
        return np.empty((0, n_fft), np.float32)
    return np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]


@functools.lru_cache(maxsize=8)
def hann(length: int) -> Float32s:
    """Return the periodic Hann window."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def mel_bank(sample_rate: int, n_fft: int, n_mels: int) -> Float32s:
    """Return the weights (n_mels, n_fft // 2 + 1) of triangles of equal area, from 0 Hz to half the sample rate."""
    top = _to_mel(sample_rate / 2)
    corners = _to_hertz(np.linspace(0.0, top, n_mels + 2))
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    rising = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
    triangles = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return (triangles * (2 / (corners[2:] - corners[:-2]))[:, None]).astype(np.float32)


def _to_mel(hertz: float) -> float:
    if hertz < _KNEE_HERTZ:
        return hertz / _HERTZ_PER_MEL
    return _KNEE_MEL + math.log(hertz / _KNEE_HERTZ) / _LOG_STEP


def _to_hertz(mels: Float64s) -> Float64s:
    linear = mels * _HERTZ_PER_MEL
    return np.where(mels < _KNEE_MEL, linear, _KNEE_HERTZ * np.exp(_LOG_STEP * (mels - _KNEE_MEL)))


@functools.lru_cache(maxsize=8)
def _groups(sample_rate: int, n_fft: int, n_mels: int) -> tuple[_Group, ...]:
    """Cut the mel bank, which is nearly all zeros, into a few dense matrices over the bins that each needs."""
    bank = mel_bank(sample_rate, n_fft, n_mels)
    groups = []
    for bands in np.array_split(np.arange(n_mels), min(_BAND_GROUPS, n_mels)):
        rows = bank[bands[0] : bands[-1] + 1]
        used = np.flatnonzero(rows.any(axis=0))
        bins = slice(int(used[0]), int(used[-1]) + 1)
        groups.append(_Group(slice(int(bands[0]), int(bands[-1]) + 1), bins, np.ascontiguousarray(rows[:, bins].T)))
    return tuple(groups)
