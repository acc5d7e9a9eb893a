"""Extractor ``spectral``: eight numbers a frame that describe its spectrum and its waveform."""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets.analysis.sound import Row, Samples, column, floats, matrix
from listen_datasets.analysis.spectra import Block, Floats, Framing, OfSpectra, frequencies
from listen_datasets.errors import RecipeError
from listen_datasets.features.sections import Spectral as Settings

_SMALLEST_POWER = 1e-10
_CONTRAST_TOP_DB = 80.0
_SINGLE = {
    "spectral_centroid": ("Mean frequency, weighted with the magnitudes; 0 in silence.", "Hz"),
    "spectral_bandwidth": ("Standard deviation of frequency around the centroid, weighted the same.", "Hz"),
    "spectral_rolloff": ("Lowest frequency below which roll-off of the magnitudes lies.", "Hz"),
    "spectral_flatness": ("Geometric mean of the powers over their arithmetic mean; 1 in silence.", None),
    "spectral_flux": ("Root mean square of the change of the magnitudes since the frame before; first 0.", None),
    "zero_crossing_rate": ("Share of samples whose sign is not that of the sample before.", None),
    "rms": ("Root mean square of the samples; full scale 1.", None),
}


class Spectral(OfSpectra):
    """Centroid, bandwidth, roll-off, flatness, contrast, zero crossings and RMS as ``librosa.feature`` has them.

    Contrast looks at the weakest bins, which rounding fills in single precision, so that all is taken in double. Flux is
    that of Lerch, "An Introduction to Audio Content Analysis" (2012), section 3.3.
    """

    name: ClassVar[str] = "spectral"
    version: ClassVar[str] = "1"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.framing = Framing(
            sample_rate=settings.sample_rate,
            n_fft=settings.n_fft,
            hop_length=settings.hop_length,
            channels=settings.channels,
            double=True,
        )
        self._bands = _octaves(self.framing, settings)
        self.width = 6 + 2 * len(self._bands)

    def fields(self) -> list[pa.Field]:
        """Return a column a number, and ``spectral_contrast`` with one number a band."""
        single = pa.list_(floats(self._settings.dtype))
        columns = [column(name, single, *about) for name, about in _SINGLE.items()]
        about = "Peaks over valleys of each octave band, the lowest first."
        return [*columns, column("spectral_contrast", matrix(self._settings.dtype, len(self._bands)), about, "dB")]

    def observe(self, block: Block) -> Floats:
        """Return the numbers of a block in the order of the columns, but for the zero crossings."""
        from listen_datasets.analysis import bins  # noqa: PLC0415 - start-up time: numba, which only workers need

        magnitude = block.once("magnitude", lambda: np.sqrt(block.power))
        found = np.empty((len(magnitude), self.width))
        before = magnitude[0] if block.before is None else np.sqrt(block.before)
        hertz = frequencies(self.framing)
        bins.shape(
            magnitude, before, hertz, self._settings.roll_off, _SMALLEST_POWER, numbers := np.empty((len(found), 5))
        )
        found[:, :5] = numbers
        found[:, 3] = _geometric_mean(block.power) / numbers[:, 3]
        found[:, 5] = np.sqrt(np.einsum("ij,ij->i", block.frames, block.frames) / self.framing.n_fft)
        for number, band in enumerate(self._bands):
            bins.extremes(magnitude, band.bins.start, band.bins.stop, band.count, means := np.empty((len(found), 2)))
            found[:, 6 + number], found[:, 6 + len(self._bands) + number] = means[:, 0], means[:, 1]
        return found

    def conclude(self, observed: Floats, mono: Samples) -> Row:
        """Return the columns of one clip."""
        numbers = observed.astype(np.float32)
        crossings = zero_crossing_rate(mono, self.framing.n_fft, self.framing.hop_length)
        return {
            **{name: numbers[:, index] for index, name in enumerate(list(_SINGLE)[:5])},
            "zero_crossing_rate": crossings,
            "rms": numbers[:, 5],
            "spectral_contrast": self._contrast(observed[:, 6:]),
        }

    def _contrast(self, means: Floats) -> npt.NDArray[np.float32]:
        """Return the level of the peaks over that of the valleys, each not more than 80 dB below its largest."""
        peaks, valleys = (
            _levels(part, _CONTRAST_TOP_DB) for part in (means[:, : len(self._bands)], means[:, len(self._bands) :])
        )
        return (peaks - valleys).astype(np.float32)


class _Band:
    """The bins of an octave, and how many of them count as its peaks and its valleys."""

    def __init__(self, bins: slice, count: int) -> None:
        self.bins = bins
        self.count = count


def _octaves(framing: Framing, settings: Settings) -> list[_Band]:
    """Return the bands of the contrast: those of ``librosa.feature.spectral_contrast``, edges included.

    Raises:
        RecipeError: A band would lie above half the rate, or hold no bin.
    """
    where = "[features.spectral]"
    edges = [0.0, *(settings.contrast_f_min * 2.0**octave for octave in range(settings.contrast_bands + 1))]
    if edges[-2] >= framing.sample_rate / 2:
        raise RecipeError(
            f"the contrast has bands above {framing.sample_rate / 2:g} Hz",
            where=where,
            hint="lower contrast-bands or contrast-f-min, or raise sample-rate",
        )
    bins = frequencies(framing)
    bands = []
    for number, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = np.flatnonzero((bins >= low) & (bins <= high))
        if not len(inside):
            raise RecipeError(
                f"no bin lies between {low:g} and {high:g} Hz", where=where, hint="raise n-fft or contrast-f-min"
            )
        first = int(inside[0]) - (number > 0)
        is_last = number == settings.contrast_bands
        end = len(bins) if is_last else int(inside[-1]) + 1
        count = max(1, round(settings.contrast_quantile * (end - first)))
        bands.append(_Band(slice(first, end if is_last else end - 1), count))
    return bands


def _geometric_mean(power: Floats) -> Floats:
    # Logarithms of float32 are vectorised; their error of 1e-7 is that of the result.
    logarithms = power.astype(np.float32)
    np.maximum(logarithms, np.float32(_SMALLEST_POWER), out=logarithms)
    np.log(logarithms, out=logarithms)
    values: Floats = np.exp(logarithms.mean(axis=1).astype(np.float64))
    return values


def _levels(values: Floats, top_db: float) -> Floats:
    """Return levels as ``librosa.power_to_db``, which is given magnitudes here."""
    levels: Floats = 10 * np.log10(np.maximum(values, _SMALLEST_POWER))
    return np.maximum(levels, levels.max() - top_db) if levels.size else levels


def zero_crossing_rate(mono: Samples, frame_length: int, hop_length: int) -> npt.NDArray[np.float32]:
    """Return the share of zero crossings of each frame, the first and the last sample repeated beyond the ends."""
    from listen_datasets.analysis import bins  # noqa: PLC0415 - start-up time: numba, which only workers need

    padded = np.pad(mono, frame_length // 2, mode="edge") if len(mono) else np.zeros(frame_length, np.float32)
    rates = np.empty((len(padded) - frame_length) // hop_length + 1, np.float32)
    # As librosa.zero_crossings: what is not larger than 1e-10 is zero, and zero is positive.
    bins.crossings(padded, np.float32(_SMALLEST_POWER), frame_length, hop_length, rates)
    return rates
