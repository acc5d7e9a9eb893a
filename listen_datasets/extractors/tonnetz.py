"""Extractor ``tonnetz``: where the energy by pitch class lies in the tonal space."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pyarrow as pa

from listen_datasets.analysis.sound import Row, Samples, Sound, column, matrix
from listen_datasets.analysis.spectra import Floats
from listen_datasets.extractors.chroma import CLASSES, TINY, OfCqt, OfStft, over_largest
from listen_datasets.features.sections import Chroma as Settings


class TonnetzOfStft(OfStft):
    """The six tonal centroids of Harte, Sandler and Gasser (2006) of the chroma, as ``librosa.feature.tonnetz``."""

    name: ClassVar[str] = "tonnetz"
    version: ClassVar[str] = "1"

    def fields(self) -> list[pa.Field]:
        """Return the column ``tonnetz``."""
        return [tonnetz_field(self._settings)]

    def conclude(self, observed: Floats, mono: Samples) -> Row:  # noqa: ARG002 - the spectra say all
        """Return ``tonnetz`` (frames, 6) of one clip."""
        return {"tonnetz": centroids(over_largest(observed))}


class TonnetzOfCqt(OfCqt):
    """The tonal centroids of the chroma from the constant-Q transform, as ``librosa.feature.tonnetz`` by default."""

    name: ClassVar[str] = "tonnetz"
    version: ClassVar[str] = "1"

    def fields(self) -> list[pa.Field]:
        """Return the column ``tonnetz``."""
        return [tonnetz_field(self._settings)]

    def measure(self, sound: Sound) -> Row:
        """Return ``tonnetz`` (frames, 6) of one clip; None below 16,384 samples."""
        chroma = self.chroma(sound)
        return {"tonnetz": None if chroma is None else centroids(chroma)}


def tonnetz(settings: Settings) -> OfStft | OfCqt:
    """Make the extractor ``tonnetz``."""
    return TonnetzOfStft(settings) if settings.method == "stft" else TonnetzOfCqt(settings)


def tonnetz_field(settings: Settings) -> pa.Field:
    """Return the column ``tonnetz``."""
    about = "Tonal centroids: a list of frames, each with x and y in the circles of fifths, minor and major thirds."
    return column("tonnetz", matrix(settings.dtype, 6), about)


def centroids(energy: Floats) -> Floats:
    """Return the tonal centroids (frames, 6) of energies by pitch class (frames, 12)."""
    total = energy.sum(axis=1, keepdims=True)
    angles = np.outer([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3], np.arange(CLASSES))
    angles[::2] -= 0.5
    basis = np.array([1, 1, 1, 1, 0.5, 0.5])[:, None] * np.cos(np.pi * angles)
    values: Floats = (energy / np.where(total > TINY, total, 1)) @ basis.T.astype(np.float32)
    return values
