"""Extractor ``log-mel``: the mel spectrogram, by default in decibels."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa

from listen_datasets.analysis.sound import Row, Samples, column, matrix
from listen_datasets.analysis.spectra import Block, Floats, OfSpectra
from listen_datasets.extractors import mel
from listen_datasets.features.sections import LogMel as Settings

_UNITS = {"db": "dB", "ln": "Np (natural logarithm of the power)", "whisper": "log10 of the power, plus 4, over 4"}


class LogMel(OfSpectra):
    """Mel spectrogram, as librosa, HTK, Kaldi or Whisper define it (:mod:`listen_datasets.extractors.mel`)."""

    name: ClassVar[str] = "log-mel"
    version: ClassVar[str] = "2"

    def __init__(self, settings: Settings) -> None:
        mel.check(settings, f"[features.{self.name}]")
        self._settings = settings
        self.framing = mel.framing_of(settings)
        self.width = settings.n_mels

    def fields(self) -> list[pa.Field]:
        """Return the column ``log_mel``."""
        kind = matrix(self._settings.dtype, self._settings.n_mels)
        about = "Mel spectrogram: a list of frames, each with one level a band."
        return [column("log_mel", kind, about, _UNITS[self._settings.scale])]

    def observe(self, block: Block) -> Floats:
        """Return the levels of a block."""
        return mel.levels(block, self._settings)

    def conclude(self, observed: Floats, mono: Samples) -> Row:  # noqa: ARG002 - the spectra say all
        """Return ``log_mel`` (frames, n_mels) of one clip."""
        return {"log_mel": mel.concluded(observed, self._settings)}
