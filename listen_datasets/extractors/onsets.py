"""Extractor ``onsets``: where something begins."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets.analysis.sound import Row, Samples, column, floats
from listen_datasets.analysis.spectra import Block, Floats, OfSpectra
from listen_datasets.extractors import mel
from listen_datasets.features.sections import LogMel
from listen_datasets.features.sections import Onsets as Settings

_DELTA = 0.07
"""How far an onset stands out of the mean around it, the largest being 1."""


class Onsets(OfSpectra):
    """Onset strength and onsets, as ``librosa.onset.onset_strength`` and ``onset_detect`` with their defaults.

    The strength of a frame is the mean over the mel bands of what each has risen since the frame before.
    """

    name: ClassVar[str] = "onsets"
    version: ClassVar[str] = "1"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._mel = LogMel(
            sample_rate=settings.sample_rate,
            channels=settings.channels,
            n_fft=settings.n_fft,
            hop_length=settings.hop_length,
            n_mels=settings.n_mels,
        )
        mel.check(self._mel, f"[features.{self.name}]")
        self.framing = mel.framing_of(self._mel)
        self.width = settings.n_mels

    def fields(self) -> list[pa.Field]:
        """Return the columns ``onset_strength`` and ``onsets``."""
        return [
            column("onset_strength", pa.list_(floats(self._settings.dtype)), "Mean rise of the mel bands.", "dB"),
            column("onsets", pa.list_(pa.float64()), "When something begins.", "s"),
        ]

    def observe(self, block: Block) -> Floats:
        """Return the levels of a block."""
        return mel.levels(block, self._mel)

    def conclude(self, observed: Floats, mono: Samples) -> Row:  # noqa: ARG002 - the spectra say all
        """Return both columns of one clip."""
        strength = self.strength(observed, np.mean(self.rises(observed), axis=1))
        hops = picked(strength, self._settings)
        return {"onset_strength": strength, "onsets": hops * (self._settings.hop_length / self._settings.sample_rate)}

    def rises(self, observed: Floats) -> Floats:
        """Return what each band has risen since the frame before (frames - 1, bands)."""
        levels = mel.concluded(observed, self._mel)
        rises: Floats = np.maximum(0, levels[1:] - levels[:-1])
        return rises

    def strength(self, observed: Floats, rises: Floats) -> npt.NDArray[np.float32]:
        """Return the strength of each frame, moved to where the frame begins to see the onset."""
        late = 1 + self._settings.n_fft // (2 * self._settings.hop_length)
        return np.concatenate([np.zeros(late, np.float32), rises.astype(np.float32)])[: len(observed)]


def picked(strength: npt.NDArray[np.float32], settings: Settings) -> npt.NDArray[np.int64]:
    """Return the frames of onsets: local maxima that stand out, as ``librosa.util.peak_pick`` after Böck (2012)."""
    values = strength - strength.min(initial=np.inf)
    largest = values.max(initial=0)
    if not largest > 0:
        return np.empty(0, np.int64)
    values /= largest + np.finfo(np.float32).tiny
    rate = settings.sample_rate
    near, around = int(0.03 * rate // settings.hop_length), int(0.10 * rate // settings.hop_length)
    frames, frame = [], 0
    while frame < len(values):
        begin = max(0, frame - near)
        if values[frame] == values[begin : frame + 1].max():
            mean = values[max(0, frame - around) : frame + around + 1].mean()
            if values[frame] >= mean + _DELTA:
                frames.append(frame)
                frame += near
        frame += 1
    return np.array(frames, np.int64)
