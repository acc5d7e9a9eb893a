"""Extractor ``quality``: DNSMOS P.835, an estimate of what listeners would say of speech (extra ``quality``)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from listen_datasets.analysis.sound import OfSound, Row, Sound, column
from listen_datasets.errors import RecipeError
from listen_datasets.features.sections import Quality as Settings

_RATE = 16_000
_COLUMNS = {
    "dnsmos_overall": ("ovrl_mos", "Overall quality, 1 to 5."),
    "dnsmos_speech": ("sig_mos", "Quality of the speech, 1 to 5."),
    "dnsmos_background": ("bak_mos", "How little the background intrudes, 1 to 5."),
    "dnsmos_p808": ("p808_mos", "Quality after ITU-T P.808, 1 to 5."),
}


class Quality(OfSound):
    """DNSMOS P.835 (Reddy, Gopal and Cutler, 2022) by the package speechmos, whose models are in it.

    A clip shorter than 9 s is repeated until it is long enough, as in the authors' code.
    """

    name: ClassVar[str] = "quality"
    version: ClassVar[str] = "1"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._dnsmos = _package()

    def fields(self) -> list[pa.Field]:
        """Return a column an estimate."""
        return [column(name, pa.float64(), about) for name, (_, about) in _COLUMNS.items()]

    def measure(self, sound: Sound) -> Row:
        """Return the estimates of one clip; None if it has no samples."""
        mono = np.clip(sound.mono(_RATE, self._settings.channels), -1, 1)
        if not len(mono):
            return dict.fromkeys(_COLUMNS)
        found = self._dnsmos.run(mono, sr=_RATE)
        return {name: float(found[key]) for name, (key, _) in _COLUMNS.items()}


def _package() -> Any:  # noqa: ANN401 - a module of another package
    try:
        from speechmos import dnsmos  # noqa: PLC0415 - an extra
    except ImportError as problem:
        raise RecipeError(
            "speechmos is not installed", where="[features.quality]", hint='pip install "listen-datasets[quality]"'
        ) from problem
    return dnsmos
