"""Clips without high frequencies: upsampled, compressed with loss before, or muffled."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets.limits import Limit, broken
from listen_datasets.model import Finding
from listen_datasets.recipe import Validate


def check(table: pa.Table, config: Validate) -> list[Finding]:
    """Return ``audio.spectral_cutoff`` and, where there is no such edge, ``audio.narrow_bandwidth``.

    Clips that are nearly silent are left alone, and so is the cutoff of lossy codecs, which have no width of a sample:
    they drop high frequencies as they should.
    """
    silent = pc.greater(table.column("silent_fraction"), config.max_silent_fraction)
    heard = pc.invert(pc.fill_null(silent, fill_value=False))
    lossless = pc.is_valid(table.column("bits_per_sample"))
    cutoff, ratios = _cutoff(config), _ratio(table, "cutoff_hz")
    is_cut = pc.and_(cutoff.is_broken(ratios), lossless)
    return [
        *broken(table, cutoff, values=ratios, among=pc.and_(heard, lossless)),
        *broken(
            table, _bandwidth(config), values=_ratio(table, "bandwidth_hz"), among=pc.and_(heard, pc.invert(is_cut))
        ),
    ]


def _ratio(table: pa.Table, column: str) -> pa.ChunkedArray:
    """Return frequencies (n) as a share of half the sample rate."""
    return pc.divide(table.column(column), pc.divide(table.column("sample_rate").cast(pa.float64()), 2.0))


def _cutoff(config: Validate) -> Limit:
    return Limit(
        code="audio.spectral_cutoff",
        column="cutoff_hz",
        bound="at least",
        threshold=config.min_cutoff_ratio,
        says="The sound is cut off at {} of the band that the sample rate offers",
        unit="%",
        hint="was it upsampled, or compressed with loss before?",
    )


def _bandwidth(config: Validate) -> Limit:
    return Limit(
        code="audio.narrow_bandwidth",
        column="bandwidth_hz",
        bound="at least",
        threshold=config.min_bandwidth_ratio,
        says="The sound fills {} of the band that the sample rate offers",
        unit="%",
        hint="was it upsampled?",
    )
