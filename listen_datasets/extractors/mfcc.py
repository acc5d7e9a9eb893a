"""Extractor ``mfcc``: mel-frequency cepstral coefficients and their derivatives."""

from __future__ import annotations

import functools
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets.analysis.sound import Row, Samples, column, matrix
from listen_datasets.analysis.spectra import Block, Floats, OfSpectra
from listen_datasets.errors import RecipeError
from listen_datasets.extractors import mel
from listen_datasets.features.sections import Mfcc as Settings

_COLUMNS = ("mfcc", "mfcc_delta", "mfcc_delta2")


class Mfcc(OfSpectra):
    """The first coefficients of the orthonormal DCT-II of the log-mel spectrogram, as ``librosa.feature.mfcc``.

    Derivatives are those of a line, or a parabola, through `delta_width` frames by least squares (Savitzky and Golay), as
    ``librosa.feature.delta``; a clip with fewer frames has none.
    """

    name: ClassVar[str] = "mfcc"
    version: ClassVar[str] = "2"

    def __init__(self, settings: Settings) -> None:
        where = f"[features.{self.name}]"
        mel.check(settings, where)
        if settings.n_mfcc > settings.n_mels:
            raise RecipeError(
                f"{settings.n_mels} mel bands have no {settings.n_mfcc} coefficients",
                where=where,
                hint="lower n-mfcc or raise n-mels",
            )
        if settings.delta_width % 2 == 0:
            raise RecipeError("a derivative has no middle frame", where=where, hint="choose an odd delta-width")
        self._settings = settings
        self.framing = mel.framing_of(settings)
        self.width = settings.n_mels

    def fields(self) -> list[pa.Field]:
        """Return the column ``mfcc``, and those of its derivatives."""
        kind = matrix(self._settings.dtype, self._settings.n_mfcc)
        about = "Mel-frequency cepstral coefficients: a list of frames, each with n_mfcc values."
        names = _COLUMNS[: 1 + self._settings.deltas]
        orders = ("", " First derivative, a frame.", " Second derivative, a frame squared.")
        return [column(name, kind, about + order) for name, order in zip(names, orders, strict=False)]

    def observe(self, block: Block) -> Floats:
        """Return the levels of a block."""
        return mel.levels(block, self._settings)

    def conclude(self, observed: Floats, mono: Samples) -> Row:  # noqa: ARG002 - the spectra say all
        """Return ``mfcc`` (frames, n_mfcc) of one clip, and its derivatives."""
        spectrogram = mel.concluded(observed, self._settings)
        coefficients = np.matmul(spectrogram, dct_basis(self._settings.n_mels, self._settings.n_mfcc))
        row: dict[str, object] = {"mfcc": coefficients}
        for order in range(1, self._settings.deltas + 1):
            row[_COLUMNS[order]] = derivative(coefficients, order, self._settings.delta_width)
        return row


def derivative(frames: npt.NDArray[np.float32], order: int, width: int) -> npt.NDArray[np.float32] | None:
    """Return the first or second derivative (frames, n); None if there are fewer frames than it is taken over."""
    from scipy.signal import savgol_filter  # noqa: PLC0415 - start-up time: only who asks for derivatives

    if len(frames) < width:
        return None
    values: npt.NDArray[np.float32] = savgol_filter(frames, width, polyorder=order, deriv=order, axis=0, mode="interp")
    return values


@functools.lru_cache(maxsize=8)
def dct_basis(length: int, count: int) -> npt.NDArray[np.float32]:
    """Return the first vectors (length, count) of the orthonormal DCT-II, as columns."""
    orders = np.arange(count)
    angles = np.outer(2 * np.arange(length) + 1, orders) * (np.pi / (2 * length))
    scale = np.sqrt(np.where(orders == 0, 1, 2) / length)
    basis: npt.NDArray[np.float64] = np.cos(angles) * scale
    return basis.astype(np.float32)
