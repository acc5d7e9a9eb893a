"""Extractor ``log-mel``: the mel spectrogram in decibels."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa

from listen_datasets import recipe
from listen_datasets.extractors import Samples, mel


class LogMel:
    """Mel spectrogram in dB, as librosa defines it (:mod:`listen_datasets.extractors.mel`)."""

    name: ClassVar[str] = "log-mel"
    version: ClassVar[str] = "1"

    def __init__(self, config: recipe.LogMel) -> None:
        mel.check(config, "[features.log-mel]")
        self._config = config

    def fields(self) -> list[pa.Field]:
        """Return the column ``log_mel``."""
        notes = {"description": "Mel spectrogram: a list of frames, each with one level a band.", "unit": "dB"}
        return [pa.field("log_mel", pa.list_(pa.list_(pa.float32(), self._config.n_mels)), metadata=notes)]

    def __call__(self, samples: Samples, sample_rate: int) -> dict[str, object]:
        """Return ``log_mel`` (frames, n_mels) of one clip."""
        return {"log_mel": mel.log_mel_spectrogram(samples, sample_rate, self._config)}
