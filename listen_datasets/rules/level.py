"""Clips that are silent, clipped, off zero, too quiet or loud, noisy, or without high frequencies.

A silent clip is reported as such and not once more for everything that follows from its silence.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.limits import Limit, broken, rows
from listen_datasets.metadata.shown import pointer
from listen_datasets.model import Finding
from listen_datasets.recipe import Validate


def check(table: pa.Table, config: Validate) -> list[Finding]:
    """Return what is wrong with the levels of the clips (``audio.silent``, ``audio.clipped`` and others)."""
    silence = _silence(config)
    zero = _is_all_zero(table)
    quiet = silence.is_broken(table.column("silent_fraction"))
    heard = pc.invert(pc.or_(zero, quiet))
    findings = [*_all_zero(table, zero, config), *broken(table, silence, among=pc.invert(zero))]
    for limit in _limits(config):
        findings += broken(table, limit, among=heard)
    findings += broken(table, _offset(config), values=pc.abs(table.column("dc_offset")), among=heard)
    findings += broken(table, _bandwidth(config), values=_bandwidth_ratio(table), among=heard)
    return findings


def _is_all_zero(table: pa.Table) -> pa.ChunkedArray:
    """Return a mask (n clips) of digital silence: there is no peak although the clip was measured."""
    silent = pc.fill_null(pc.equal(table.column("silent_fraction"), 1.0), fill_value=False)
    return pc.and_(pc.is_null(table.column("peak_dbfs")), silent)


def _all_zero(table: pa.Table, mask: pa.ChunkedArray, config: Validate) -> Iterator[Finding]:
    for row in rows(table, mask, ("clip_id", "path")):
        yield catalogue.finding(
            "audio.silent",
            "Every sample of the clip is zero.",
            clip_id=row["clip_id"],
            path=row["path"],
            field=pointer("silent_fraction"),
            value="1",
            hint="was the microphone muted, or the recording not written?",
            evidence={"value": 1.0, "threshold": config.max_silent_fraction},
        )


def _silence(config: Validate) -> Limit:
    return Limit(
        code="audio.silent",
        column="silent_fraction",
        bound="at most",
        threshold=config.max_silent_fraction,
        says="{} of the clip is below -60 dBFS",
        unit="%",
    )


def _limits(config: Validate) -> tuple[Limit, ...]:
    """Return the limits of columns that are judged as they stand."""
    return (
        Limit(
            code="audio.clipped",
            column="clipped_fraction",
            bound="at most",
            threshold=config.max_clipped_fraction,
            says="{} of the samples are clipped at full scale",
            unit="%",
            hint="look for the recording before it was amplified",
        ),
        Limit(
            code="audio.leading_silence",
            column="leading_silence",
            bound="at most",
            threshold=config.max_leading_silence,
            says="The clip begins with {} below -60 dBFS",
            unit="s",
        ),
        Limit(
            code="audio.trailing_silence",
            column="trailing_silence",
            bound="at most",
            threshold=config.max_trailing_silence,
            says="The clip ends with {} below -60 dBFS",
            unit="s",
        ),
        Limit(
            code="audio.loudness_low",
            column="loudness_lufs",
            bound="at least",
            threshold=config.min_loudness,
            says="The loudness is {}",
            unit="LUFS",
        ),
        Limit(
            code="audio.loudness_high",
            column="loudness_lufs",
            bound="at most",
            threshold=config.max_loudness,
            says="The loudness is {}",
            unit="LUFS",
        ),
        Limit(
            code="audio.low_snr",
            column="snr_db",
            bound="at least",
            threshold=config.min_snr,
            says="The signal-to-noise ratio is about {}",
            unit="dB",
        ),
    )


def _offset(config: Validate) -> Limit:
    return Limit(
        code="audio.dc_offset",
        column="dc_offset",
        bound="at most",
        threshold=config.max_dc_offset,
        says="The mean sample is {} of full scale away from zero",
        unit="%",
        hint="a high-pass filter before publication would remove it; lds changes no audio",
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


def _bandwidth_ratio(table: pa.Table) -> pa.ChunkedArray:
    """Return the bandwidth (n) as a share of half the sample rate."""
    return pc.divide(table.column("bandwidth_hz"), pc.divide(table.column("sample_rate").cast(pa.float64()), 2.0))
