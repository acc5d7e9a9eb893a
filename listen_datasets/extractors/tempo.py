"""Extractor ``tempo``: how regularly something begins."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import numpy as np
import pyarrow as pa

from listen_datasets.analysis.sound import Row, Samples, column
from listen_datasets.analysis.spectra import Floats
from listen_datasets.extractors.onsets import Onsets
from listen_datasets.features.sections import Onsets as OnsetSettings
from listen_datasets.features.sections import Tempo as Settings


class Tempo(Onsets):
    """Tempo and beats by dynamic programming: ``librosa.beat.beat_track`` over an onset strength of our own."""

    name: ClassVar[str] = "tempo"
    version: ClassVar[str] = "1"

    def __init__(self, settings: Settings) -> None:
        super().__init__(msgspec.convert(settings, OnsetSettings, from_attributes=True))
        self._start_bpm = settings.start_bpm

    def fields(self) -> list[pa.Field]:
        """Return the columns ``tempo_bpm`` and ``beats``."""
        return [
            column(
                "tempo_bpm", pa.float64(), "Tempo of the whole clip; null if nothing begins in it.", "beats a minute"
            ),
            column("beats", pa.list_(pa.float64()), "When beats are; null if nothing begins in the clip.", "s"),
        ]

    def conclude(self, observed: Floats, mono: Samples) -> Row:  # noqa: ARG002 - the spectra say all
        """Return both columns of one clip."""
        rises = self.rises(observed)
        strength = self.strength(observed, np.median(rises, axis=1))
        if not strength.any():
            return {"tempo_bpm": None, "beats": None}
        import librosa  # noqa: PLC0415 - two seconds that only workers which need it pay

        tempo, beats = librosa.beat.beat_track(  # type: ignore[attr-defined]  # loaded when it is asked for
            onset_envelope=strength,
            sr=self._settings.sample_rate,
            hop_length=self._settings.hop_length,
            start_bpm=self._start_bpm,
            units="time",
        )
        return {"tempo_bpm": float(np.ravel(tempo)[0]), "beats": np.asarray(beats, np.float64)}
