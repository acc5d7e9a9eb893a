"""Extractor ``loudness``: what a meter after ITU-R BS.1770-4 and EBU R 128 shows."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets.analysis.sound import Row, Samples, column
from listen_datasets.features.sections import Loudness as Settings

_COLUMNS = {
    "loudness_lufs": ("Integrated loudness, ITU-R BS.1770-4; null below 0.4 s or if every block is gated.", "LUFS"),
    "max_momentary_lufs": ("Loudness of the loudest 400 ms; null below 0.4 s or in digital silence.", "LUFS"),
    "max_short_term_lufs": ("Loudness of the loudest 3 s; null below 3 s or in digital silence.", "LUFS"),
    "loudness_range_lu": ("Loudness range, EBU Tech 3342; null below 3 s or if every block is gated.", "LU"),
    "true_peak_dbtp": ("True peak at four times the rate, ITU-R BS.1770-4; null in digital silence.", "dBTP"),
}
_ABSOLUTE_GATE = 10 ** ((-70.0 + 0.691) / 10)
_RELATIVE_GATE = 10**-2.0


class Loudness:
    """Integrated, largest momentary and short-term loudness, loudness range and true peak.

    Sources: :mod:`listen_datasets.bs1770` and :mod:`listen_datasets.extractors.true_peak`; the range follows EBU Tech
    3342 with a short-term value a second, as libebur128.
    """

    name: ClassVar[str] = "loudness"
    version: ClassVar[str] = "2"

    def __init__(self, settings: Settings) -> None:
        self._columns = list(_COLUMNS) if settings.true_peak else list(_COLUMNS)[:-1]

    def fields(self) -> list[pa.Field]:
        """Return the columns."""
        return [column(name, pa.float64(), *_COLUMNS[name]) for name in self._columns]

    def __call__(self, samples: Samples, sample_rate: int) -> Row:
        """Return the values of one clip, each a float or None."""
        from listen_datasets import bs1770  # noqa: PLC0415 - start-up time: numba, which only workers need
        from listen_datasets.extractors.true_peak import true_peak  # noqa: PLC0415 - the same

        powers = bs1770.block_powers(samples, sample_rate)
        row: dict[str, object] = {
            "loudness_lufs": bs1770.integrated(powers),
            "max_momentary_lufs": bs1770.max_momentary(powers),
            "max_short_term_lufs": bs1770.max_short_term(powers),
            "loudness_range_lu": loudness_range(powers),
        }
        if "true_peak_dbtp" in self._columns:
            row["true_peak_dbtp"] = true_peak(samples, sample_rate)
        return row


def loudness_range(hop_powers: npt.NDArray[np.float64]) -> float | None:
    """Return the loudness range in LU of powers of 100 ms hops; None if there is no block of 3 s above the gates."""
    sums = np.concatenate([[0.0], np.cumsum(hop_powers)])
    starts = np.arange(0, len(hop_powers) - 30 + 1, 10)
    blocks = (sums[starts + 30] - sums[starts]) / 30 if len(starts) else np.empty(0)
    blocks = blocks[blocks >= _ABSOLUTE_GATE]
    if not len(blocks):
        return None
    blocks = np.sort(blocks[blocks >= blocks.mean() * _RELATIVE_GATE])
    low, high = (blocks[int((len(blocks) - 1) * share + 0.5)] for share in (0.10, 0.95))
    return 10 * math.log10(high / low)
