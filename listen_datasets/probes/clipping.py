"""Samples that an overload cut off: facts of the probe ``waveform``."""

from __future__ import annotations

from listen_datasets.probes import Fact
from listen_datasets.probes.rounding import decibels, rounded
from listen_datasets.probes.scan import (
    BELOW,
    CEILING,
    CLIPPED,
    DROPS,
    FULL_SCALE,
    IS_FINER,
    LONGEST,
    NUM_DROPS,
    SAMPLES,
    Scan,
)

COLUMNS = ("clipped_fraction", "longest_clipped_run", "clipping_ceiling_dbfs")

FULL_SCALE_8_BIT = 1 - 2.0**-7
"""The largest positive sample of 8 bits; full scale if all samples are multiples of 1/128."""

LEAST_DROP_STEPS = 8
"""By how many times the distance to the next smaller magnitude the waveform must leave a ceiling at once, on average."""

MOST_DROP = 0.5
"""By which share of a ceiling it may leave it, on average."""


def facts(scan: Scan) -> dict[str, Fact]:
    """Return the share of clipped samples (1e-6), the longest clipped run in samples, and the level of the ceiling.

    Our definition, as standards for meters only count full-scale samples: a clipped run is three or more samples of one
    channel in a row that are at full scale and have one sign (from 1 - 2^-15 on; from 1 - 2^-7 if every sample is a
    multiple of 1/128), or that all equal the extreme sample of their channel and sign, be it as low as it may: that is
    what remains of a clipped recording which was attenuated later. If several ceilings were met, the level is that
    under which most clipped samples lie.

    Below full scale equal extreme samples have innocent causes as well, each with its guard:

    - coarse steps (8 bits, A-law and µ-law, a very quiet recording), and the flat top of a slow and smooth wave: they
      fall by a few steps within a sample, a clipped wave leaves its ceiling with the slope that it came with. The mean
      drop beside the runs must be 8 times the distance to the next smaller magnitude;
    - square waves leave their ceiling by a jump: the mean drop must not exceed half the ceiling.

    A clip that met a resampler, an equaliser, a dither or a lossy codec after clipping has no equal samples left and is
    not found; nor is a synthetic tone that meets the ceiling at the same few values in each of its periods.

    The fraction is None without a sample, the ceiling if nothing is clipped.
    """
    count = int(scan.counts[SAMPLES])
    if not count:
        return dict.fromkeys(COLUMNS)
    full_scale = FULL_SCALE if scan.counts[IS_FINER] else FULL_SCALE_8_BIT
    sides = [
        side for sides in scan.ceilings.tolist() for side in sides if side[CLIPPED] and _is_ceiling(side, full_scale)
    ]
    if not sides:
        return {"clipped_fraction": 0.0, "longest_clipped_run": 0, "clipping_ceiling_dbfs": None}
    return {
        "clipped_fraction": rounded(sum(side[CLIPPED] for side in sides) / (count * len(scan.ceilings)), 6),
        "longest_clipped_run": int(max(side[LONGEST] for side in sides)),
        "clipping_ceiling_dbfs": decibels(max(sides, key=lambda side: side[CLIPPED])[CEILING] ** 2),
    }


def _is_ceiling(side: list[float], full_scale: float) -> bool:
    """Tell whether runs at an extreme sample (a row of `Scan.ceilings`) come from clipping."""
    ceiling = side[CEILING]
    if ceiling >= full_scale:
        return True
    if not side[NUM_DROPS]:
        return False
    step, drop = ceiling - side[BELOW], side[DROPS] / side[NUM_DROPS]
    return LEAST_DROP_STEPS * step <= drop <= MOST_DROP * ceiling
