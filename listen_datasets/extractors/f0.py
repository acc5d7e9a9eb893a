"""Extractor ``f0``: the fundamental frequency, frame by frame."""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets.analysis.sound import OfSound, Row, Samples, Sound, column, floats
from listen_datasets.errors import RecipeError
from listen_datasets.features import sections


class F0(OfSound):
    """Fundamental frequency by YIN (:mod:`listen_datasets.extractors.yin`) or ``librosa.pyin``.

    YIN gives every frame but digital silence a frequency; how little it repeats itself is the column beside it. pYIN says which frames have
    one: where they have none, `f0_hz` is 0 and the column beside it 1 minus the probability of a voice.
    """

    name: ClassVar[str] = "f0"
    version: ClassVar[str] = "1"

    def __init__(self, settings: sections.F0) -> None:
        if not settings.f_min < settings.f_max <= settings.sample_rate / 2:
            raise RecipeError(
                f"there is nothing between {settings.f_min:g} and {settings.f_max:g} Hz at {settings.sample_rate} Hz",
                where="[features.f0]",
                hint="f-min must be below f-max, and f-max not above half the sample-rate",
            )
        if settings.frame_length < 2 * settings.sample_rate / settings.f_min:
            raise RecipeError(
                f"a frame of {settings.frame_length} samples does not hold two periods of {settings.f_min:g} Hz",
                where="[features.f0]",
                hint="raise frame-length or f-min",
            )
        self._settings = settings

    def fields(self) -> list[pa.Field]:
        """Return the columns ``f0_hz`` and ``f0_aperiodicity``."""
        kind = pa.list_(floats(self._settings.dtype))
        return [
            column(
                "f0_hz", kind, "Fundamental frequency of each frame; 0 in silence, and where pYIN hears none.", "Hz"
            ),
            column("f0_aperiodicity", kind, "How little each frame repeats itself: 0 for a period, about 1 for noise."),
        ]

    def measure(self, sound: Sound) -> Row:
        """Return both columns of one clip."""
        mono = sound.mono(self._settings.sample_rate, self._settings.channels)
        found = self._yin(mono) if self._settings.method == "yin" else self._pyin(mono)
        return {"f0_hz": found[0].astype(np.float32), "f0_aperiodicity": found[1].astype(np.float32)}

    def _yin(self, mono: Samples) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        from listen_datasets.extractors.yin import yin  # noqa: PLC0415 - start-up time: numba, which only workers need

        settings = self._settings
        bounds = (settings.f_min, settings.f_max)
        return yin(mono, settings.sample_rate, bounds, settings.frame_length, settings.hop_length, settings.threshold)

    def _pyin(self, mono: Samples) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        import librosa  # noqa: PLC0415 - two seconds that only workers which need it pay

        settings = self._settings
        with warnings.catch_warnings():
            # Of a clip shorter than a frame; it is padded like any other.
            warnings.simplefilter("ignore", UserWarning)
            frequency, _, probability = librosa.pyin(
                mono.astype(np.float64),
                fmin=settings.f_min,
                fmax=settings.f_max,
                sr=settings.sample_rate,
                frame_length=settings.frame_length,
                hop_length=settings.hop_length,
                fill_na=0.0,
            )
        return frequency, 1 - probability
