"""Extractor ``mfcc``: mel-frequency cepstral coefficients."""

from __future__ import annotations

import functools
from typing import ClassVar

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets import recipe
from listen_datasets.errors import RecipeError
from listen_datasets.extractors import Samples, mel


class Mfcc:
    """The first coefficients of the orthonormal DCT-II of the log-mel spectrogram, as ``librosa.feature.mfcc``."""

    name: ClassVar[str] = "mfcc"
    version: ClassVar[str] = "1"

    def __init__(self, config: recipe.Mfcc) -> None:
        where = "[features.mfcc]"
        mel.check(config, where)
        if config.n_mfcc > config.n_mels:
            raise RecipeError(
                f"{config.n_mels} mel bands have no {config.n_mfcc} coefficients",
                where=where,
                hint="lower n-mfcc or raise n-mels",
            )
        self._config = config
        # A plain LogMel, equal to that of the extractor log-mel: both then share one spectrogram.
        self._settings = msgspec.convert(config, recipe.LogMel, from_attributes=True)

    def fields(self) -> list[pa.Field]:
        """Return the column ``mfcc``."""
        notes = {"description": "Mel-frequency cepstral coefficients: a list of frames, each with n_mfcc values."}
        return [pa.field("mfcc", pa.list_(pa.list_(pa.float32(), self._config.n_mfcc)), metadata=notes)]

    def __call__(self, samples: Samples, sample_rate: int) -> dict[str, object]:
        """Return ``mfcc`` (frames, n_mfcc) of one clip."""
        spectrogram = mel.log_mel_spectrogram(samples, sample_rate, self._settings)
        coefficients = np.matmul(spectrogram, dct_basis(self._config.n_mels, self._config.n_mfcc))
        return {"mfcc": coefficients}


@functools.lru_cache(maxsize=8)
def dct_basis(length: int, count: int) -> npt.NDArray[np.float32]:
    """Return the first vectors (length, count) of the orthonormal DCT-II, as columns."""
    orders = np.arange(count)
    angles = np.outer(2 * np.arange(length) + 1, orders) * (np.pi / (2 * length))
    scale = np.sqrt(np.where(orders == 0, 1, 2) / length)
    basis: npt.NDArray[np.float64] = np.cos(angles) * scale
    return basis.astype(np.float32)
