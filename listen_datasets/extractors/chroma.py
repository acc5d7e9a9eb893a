"""Extractor ``chroma``: energy by pitch class."""

from __future__ import annotations

import functools
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets.analysis.sound import OfSound, Row, Samples, Sound, column, matrix
from listen_datasets.analysis.spectra import Block, Floats, Framing, OfSpectra
from listen_datasets.features.sections import Chroma as Settings

CLASSES = 12
TINY = float(np.finfo(np.float32).tiny)
_SHORTEST_CQT = 2**14
"""Samples that librosa's constant-Q transform from C1 needs at 22.05 kHz, about the length of its longest filter."""


class OfStft(OfSpectra):
    """Energy by pitch class from spectra, each frame over its largest value, as ``librosa.feature.chroma_stft``.

    librosa estimates the tuning of each clip; here it is a parameter, so that equal sounds have equal values wherever
    they stand.
    """

    name: ClassVar[str] = "chroma"
    version: ClassVar[str] = "1"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.framing = Framing(
            sample_rate=settings.sample_rate,
            n_fft=settings.n_fft,
            hop_length=settings.hop_length,
            channels=settings.channels,
        )
        self.width = CLASSES
        self._weights = np.ascontiguousarray(bank(settings.sample_rate, settings.n_fft, settings.tuning).T)

    def fields(self) -> list[pa.Field]:
        """Return the column ``chroma``."""
        about = "Energy by pitch class from C to B: a list of frames, each over its largest value."
        return [column("chroma", matrix(self._settings.dtype, CLASSES), about)]

    def observe(self, block: Block) -> Floats:
        """Return the energy by pitch class."""
        key = ("chroma", self._settings.tuning)
        return block.once(key, lambda: np.matmul(block.power, self._weights))

    def conclude(self, observed: Floats, mono: Samples) -> Row:  # noqa: ARG002 - the spectra say all
        """Return ``chroma`` (frames, 12) of one clip."""
        return {"chroma": over_largest(observed)}


class OfCqt(OfSound):
    """Energy by pitch class from librosa's constant-Q transform: ``librosa.feature.chroma_cqt`` itself."""

    name: ClassVar[str] = "chroma"
    version: ClassVar[str] = "1"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def fields(self) -> list[pa.Field]:
        """Return the column ``chroma``."""
        return OfStft(self._settings).fields()

    def measure(self, sound: Sound) -> Row:
        """Return ``chroma`` (frames, 12) of one clip; None below 16,384 samples."""
        return {"chroma": self.chroma(sound)}

    def chroma(self, sound: Sound) -> Floats | None:
        """Return the chroma (frames, 12) of a clip; None if it is too short."""
        import librosa  # noqa: PLC0415 - two seconds that only workers which need it pay

        mono = sound.mono(self._settings.sample_rate, self._settings.channels)
        if len(mono) < _SHORTEST_CQT:
            return None
        chroma = librosa.feature.chroma_cqt(
            y=mono,
            sr=self._settings.sample_rate,
            hop_length=self._settings.hop_length,
            tuning=self._settings.tuning,
        )
        values: Floats = chroma.T.astype(np.float32)
        return values


def chroma(settings: Settings) -> OfStft | OfCqt:
    """Make the extractor ``chroma``."""
    return OfStft(settings) if settings.method == "stft" else OfCqt(settings)


def over_largest(energy: Floats) -> Floats:
    """Return energies by pitch class (frames, 12), each frame over its largest value."""
    largest = energy.max(axis=1, keepdims=True)
    return energy / np.where(largest > TINY, largest, 1)


@functools.lru_cache(maxsize=8)
def bank(sample_rate: int, n_fft: int, tuning: float) -> npt.NDArray[np.float32]:
    """Return the weights (12, n_fft // 2 + 1) of ``librosa.filters.chroma``, after Ellis; not to be changed.

    A bin belongs to the pitch classes near it, with a Gaussian as wide as the bin; a second Gaussian of two octaves around
    the fifth lowers what is far from it.
    """
    bins = np.linspace(0, sample_rate, n_fft, endpoint=False)[1:]
    octaves = np.log2(bins / (440.0 * 2.0 ** (tuning / CLASSES) / 16))
    places = CLASSES * octaves
    places = np.concatenate([[places[0] - 1.5 * CLASSES], places])
    widths = np.concatenate([np.maximum(np.diff(places), 1.0), [1.0]])
    away = np.subtract.outer(places, np.arange(CLASSES)).T
    away = np.remainder(away + CLASSES / 2 + 10 * CLASSES, CLASSES) - CLASSES / 2
    weights = np.exp(-0.5 * (2 * away / widths) ** 2)
    weights /= np.sqrt(np.sum(weights**2, axis=0, keepdims=True))
    weights *= np.exp(-0.5 * ((places / CLASSES - 5.0) / 2.0) ** 2)
    return np.ascontiguousarray(np.roll(weights, -3, axis=0)[:, : n_fft // 2 + 1], dtype=np.float32)
