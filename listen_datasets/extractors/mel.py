"""Mel bands of spectra, on which ``log-mel``, ``mfcc``, ``onsets`` and ``tempo`` are built.

By default the bands are those of ``librosa.filters.mel`` (librosa 0.11) to the bit: Slaney's scale and triangles of equal
area. ``htk`` is its `htk=True`; ``kaldi`` is Kaldi's `MelBanks` (Kaldi, feat/mel-computations.cc): triangles of height 1
that are straight in mel, up to the bin below half the rate.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from listen_datasets.analysis.spectra import Block, Floats, Framing
from listen_datasets.errors import RecipeError
from listen_datasets.features.sections import LogMel

Float32s = npt.NDArray[np.float32]
Float64s = npt.NDArray[np.float64]

_DECIBELS_PER_NEPER = 10 / math.log(10)
_LOG10_PER_NEPER = 1 / math.log(10)

# Slaney's scale (Auditory Toolbox, 1998): linear up to 1 kHz, then 27 bands to each factor of 6.4.
_HERTZ_PER_MEL = 200 / 3
_KNEE_HERTZ = 1000.0
_KNEE_MEL = _KNEE_HERTZ / _HERTZ_PER_MEL
_LOG_STEP = math.log(6.4) / 27

_BAND_GROUPS = 8


class Bands(NamedTuple):
    """Mel bands over the bins of a transform; `scale` is one of :attr:`listen_datasets.features.sections.LogMel.mel_scale`."""

    sample_rate: int
    n_fft: int
    n_mels: int
    f_min: float = 0.0
    f_max: float | None = None
    scale: str = "slaney"


class _Group(NamedTuple):
    """Neighbouring bands and the only bins in which they have weight."""

    bands: slice
    bins: slice
    weights: Float32s  # (bins, bands)


def framing_of(settings: LogMel) -> Framing:
    """Return how the settings of a mel spectrogram cut frames."""
    return Framing(
        sample_rate=settings.sample_rate,
        n_fft=settings.n_fft,
        hop_length=settings.hop_length,
        channels=settings.channels,
        # The same framing must be equal, however it was said.
        win_length=None if settings.win_length == settings.n_fft else settings.win_length,
        window=settings.window,
        edges=settings.edges,
        preemphasis=settings.preemphasis,
        remove_dc=settings.remove_dc,
    )


def bands_of(settings: LogMel) -> Bands:
    """Return the bands of the settings of a mel spectrogram."""
    return Bands(
        settings.sample_rate, settings.n_fft, settings.n_mels, settings.f_min, settings.f_max, settings.mel_scale
    )


def levels(block: Block, settings: LogMel) -> Floats:
    """Return the logarithms of the mel powers (n, n_mels), in the unit of the settings, before anything is clipped."""
    bands = bands_of(settings)
    return block.once((bands, settings.scale, settings.floor), lambda: _logarithms(block, bands, settings))


def _logarithms(block: Block, bands: Bands, settings: LogMel) -> Floats:
    mel = powers(block, bands)
    np.maximum(mel, np.float32(settings.floor), out=mel)
    np.log(mel, out=mel)  # NumPy has no vectorised log10 for float32
    if settings.scale != "ln":
        mel *= np.float32(_DECIBELS_PER_NEPER if settings.scale == "db" else _LOG10_PER_NEPER)
    return mel


def powers(block: Block, bands: Bands) -> Floats:
    """Return the mel powers (n, n_mels) of a block."""
    mel = np.empty((len(block.power), bands.n_mels), block.power.dtype)
    for group in _groups(bands):
        np.matmul(block.power[:, group.bins], group.weights, out=mel[:, group.bands])
    return mel


def concluded(observed: Floats, settings: LogMel) -> Floats:
    """Return the levels of a whole clip (frames, n_mels), in place: clipped below its maximum, or scaled for Whisper.

    Whisper (openai/whisper, audio.py) leaves the last frame out, clips 8 below the maximum and takes (x + 4) / 4.
    """
    if settings.scale == "whisper":
        observed = observed[:-1] if len(observed) > 1 else observed
        np.maximum(observed, observed.max() - np.float32(8), out=observed)
        observed += np.float32(4)
        observed /= np.float32(4)
    elif settings.top_db is not None and observed.size:
        below = settings.top_db if settings.scale == "db" else settings.top_db / _DECIBELS_PER_NEPER
        np.maximum(observed, observed.max() - np.float32(below), out=observed)
    return observed


def check(settings: LogMel, where: str) -> None:
    """Refuse settings of which nothing sensible can come.

    Raises:
        RecipeError: A band would be the same number in every frame of every clip, or the window is too long.
    """
    if settings.win_length is not None and settings.win_length > settings.n_fft:
        raise RecipeError(
            f"a window of {settings.win_length} samples does not fit into a transform of {settings.n_fft}",
            where=where,
            hint="lower win-length or raise n-fft",
        )
    top = settings.f_max or settings.sample_rate / 2
    if not settings.f_min < top <= settings.sample_rate / 2:
        raise RecipeError(
            f"there are no bands from {settings.f_min:g} to {top:g} Hz at {settings.sample_rate} Hz",
            where=where,
            hint="f-min must be below f-max, and f-max not above half the sample-rate",
        )
    empty = int((~bank(bands_of(settings)).any(axis=1)).sum())
    if empty:
        raise RecipeError(
            f"{empty} of {settings.n_mels} mel bands lie between the bins of a transform of {settings.n_fft} samples",
            where=where,
            hint="lower n-mels or raise n-fft",
        )


@functools.lru_cache(maxsize=16)
def bank(bands: Bands) -> Float32s:
    """Return the weights (n_mels, n_fft // 2 + 1) of the bands; not to be changed."""
    to_mel, to_hertz = _SCALES[bands.scale]
    low, high = to_mel(np.array([bands.f_min, bands.f_max or bands.sample_rate / 2]))
    steps = np.linspace(low, high, bands.n_mels + 2)
    bins = np.fft.rfftfreq(bands.n_fft, 1 / bands.sample_rate).astype(np.float64)
    corners = steps if bands.scale == "kaldi" else to_hertz(steps)
    places = to_mel(bins) if bands.scale == "kaldi" else bins
    rising = (places - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - places) / (corners[2:] - corners[1:-1])[:, None]
    triangles = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    if bands.scale == "kaldi":
        triangles[:, bands.n_fft // 2 :] = 0
        return triangles
    return (triangles * (2 / (corners[2:] - corners[:-2]))[:, None]).astype(np.float32)


def _slaney_mel(hertz: Float64s) -> Float64s:
    above = _KNEE_MEL + np.log(np.maximum(hertz, _KNEE_HERTZ) / _KNEE_HERTZ) / _LOG_STEP
    return np.where(hertz < _KNEE_HERTZ, hertz / _HERTZ_PER_MEL, above)


def _slaney_hertz(mels: Float64s) -> Float64s:
    linear = mels * _HERTZ_PER_MEL
    return np.where(mels < _KNEE_MEL, linear, _KNEE_HERTZ * np.exp(_LOG_STEP * (mels - _KNEE_MEL)))


def _htk_mel(hertz: Float64s) -> Float64s:
    return 2595.0 * np.log10(1.0 + hertz / 700.0)


def _htk_hertz(mels: Float64s) -> Float64s:
    return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)


def _kaldi_mel(hertz: Float64s) -> Float64s:
    return 1127.0 * np.log(1.0 + hertz / 700.0)


_SCALES = {
    "slaney": (_slaney_mel, _slaney_hertz),
    "htk": (_htk_mel, _htk_hertz),
    "kaldi": (_kaldi_mel, _htk_hertz),
}


@functools.lru_cache(maxsize=16)
def _groups(bands: Bands) -> tuple[_Group, ...]:
    """Cut the mel bank, which is nearly all zeros, into a few dense matrices over the bins that each needs."""
    weights = bank(bands)
    groups = []
    for members in np.array_split(np.arange(bands.n_mels), min(_BAND_GROUPS, bands.n_mels)):
        rows = weights[members[0] : members[-1] + 1]
        used = np.flatnonzero(rows.any(axis=0))
        bins = slice(int(used[0]), int(used[-1]) + 1)
        groups.append(_Group(slice(int(members[0]), int(members[-1]) + 1), bins, np.ascontiguousarray(rows[:, bins].T)))
    return tuple(groups)
