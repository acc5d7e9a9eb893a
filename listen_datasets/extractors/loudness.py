"""Extractor ``loudness``: what a meter after ITU-R BS.1770-4 and EBU R 128 shows."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa

from listen_datasets import recipe
from listen_datasets.extractors import Samples

_COLUMNS = {
    "loudness_lufs": "Integrated loudness, ITU-R BS.1770-4; null below 0.4 s or if every block is gated.",
    "max_momentary_lufs": "Loudness of the loudest 400 ms; null below 0.4 s or in digital silence.",
    "max_short_term_lufs": "Loudness of the loudest 3 s; null below 3 s or in digital silence.",
}


class Loudness:
    """Integrated, largest momentary and largest short-term loudness (:mod:`listen_datasets.bs1770`)."""

    name: ClassVar[str] = "loudness"
    version: ClassVar[str] = "1"

    def __init__(self, config: recipe.Loudness) -> None:
        self._config = config

    def fields(self) -> list[pa.Field]:
        """Return the three columns."""
        return [
            pa.field(name, pa.float64(), metadata={"description": description, "unit": "LUFS"})
            for name, description in _COLUMNS.items()
        ]

    def __call__(self, samples: Samples, sample_rate: int) -> dict[str, object]:
        """Return the three values of one clip, each a float or None."""
        from listen_datasets import bs1770  # noqa: PLC0415 - start-up time: numba, which only workers need

        powers = bs1770.block_powers(samples, sample_rate)
        return {
            "loudness_lufs": bs1770.integrated(powers),
            "max_momentary_lufs": bs1770.max_momentary(powers),
            "max_short_term_lufs": bs1770.max_short_term(powers),
        }
