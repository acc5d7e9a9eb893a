"""Clips that are silent, clipped, interrupted, off zero, too quiet or loud, or noisy.

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

_FULL_SCALE_DBFS = -0.1
"""127/128, the largest positive sample of 8 bits, is -0.07 dBFS."""


def check(table: pa.Table, config: Validate) -> list[Finding]:
    """Return what is wrong with the levels of the clips (``audio.silent``, ``audio.clipped`` and others)."""
    silence = _silence(config)
    zero = _is_all_zero(table)
    constant = pc.and_not(_is_constant(table), zero)
    changing = pc.invert(pc.or_(zero, constant))
    heard = pc.and_not(changing, silence.is_broken(table.column("silent_fraction")))
    findings = [*_all_zero(table, zero, config), *_constant(table, constant)]
    findings += broken(table, silence, among=changing)
    for limit in _limits(config):
        findings += broken(table, limit, among=heard)
    findings += broken(table, _offset(config), values=pc.abs(table.column("dc_offset")), among=heard)
    low = _is_below_full_scale(table)
    findings += broken(table, _clipping(config), among=pc.and_(heard, pc.invert(low)))
    findings += broken(table, _clipping_below(config), among=pc.and_(heard, low))
    return findings


def _is_all_zero(table: pa.Table) -> pa.ChunkedArray:
    """Return a mask (n clips) of digital silence: there is no peak although the clip was measured."""
    silent = pc.fill_null(pc.equal(table.column("silent_fraction"), 1.0), fill_value=False)
    return pc.and_(pc.is_null(table.column("peak_dbfs")), silent)


def _is_constant(table: pa.Table) -> pa.ChunkedArray:
    """Return a mask (n clips) of those in which no channel ever changes, be it at zero or not."""
    is_long = pc.greater(table.column("num_samples"), 1)  # a single sample cannot change
    return pc.fill_null(pc.and_(pc.equal(table.column("num_distinct_channels"), 0), is_long), fill_value=False)


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


def _constant(table: pa.Table, mask: pa.ChunkedArray) -> Iterator[Finding]:
    for row in rows(table, mask, ("clip_id", "path", "dc_offset")):
        yield catalogue.finding(
            "audio.silent",
            "No channel of the clip ever changes: it holds an offset and no sound.",
            clip_id=row["clip_id"],
            path=row["path"],
            field=pointer("num_distinct_channels"),
            value="0",
            hint="was the microphone muted, or the recording not written?",
            evidence={"value": 0, "threshold": 1, "dc_offset": row["dc_offset"]},
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
        *_edges(config),
        Limit(
            code="audio.dropouts",
            column="num_dropouts",
            bound="at most",
            threshold=config.max_dropouts,
            says="Holes of zeros with abrupt edges in the signal: {}",
            hint="a buffer that ran empty, or lost packets; listen to it",
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


def _edges(config: Validate) -> tuple[Limit, ...]:
    """Return the limits of silence at the ends."""
    return (
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


def _is_below_full_scale(table: pa.Table) -> pa.ChunkedArray:
    """Return a mask (n clips) of those whose ceiling was moved away from full scale, and be it by a little."""
    return pc.fill_null(pc.less(table.column("clipping_ceiling_dbfs"), _FULL_SCALE_DBFS), fill_value=False)


def _clipping(config: Validate) -> Limit:
    return Limit(
        code="audio.clipped",
        column="clipped_fraction",
        bound="at most",
        threshold=config.max_clipped_fraction,
        says="{} of the samples are clipped at full scale",
        unit="%",
        hint="look for the recording before it was amplified",
    )


def _clipping_below(config: Validate) -> Limit:
    return Limit(
        code="audio.clipped_below_full_scale",
        column="clipped_fraction",
        bound="at most",
        threshold=config.max_clipped_fraction,
        says="{} of the samples lie in flat tops below full scale",
        unit="%",
        hint="it was clipped, then attenuated; look for the recording before it was amplified",
    )
