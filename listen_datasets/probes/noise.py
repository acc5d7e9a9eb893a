"""How quiet the quiet moments are, and how far loud ones stand above them: facts of the probe ``waveform``."""

from __future__ import annotations

from listen_datasets.probes import Fact
from listen_datasets.probes.rounding import rounded
from listen_datasets.probes.scan import LOUD, LOWEST_DB, PAIRS, QUIET, STEP_DB, Scan

COLUMNS = ("noise_floor_dbfs", "snr_db")

MIN_LEVELS = 10
"""Fewer levels have no percentiles worth the name."""


def facts(scan: Scan) -> dict[str, Fact]:
    """Return the noise floor and the estimated signal-to-noise ratio; None below 0.2 s that is not digital silence.

    The levels are those of 20 ms, the mean square over all channels, without digital silence, in steps of 0.1 dB.

    - ``noise_floor_dbfs``: the 10th percentile of the levels. In speech with pauses it lies 0.3 dB below the level of
      stationary noise; where fewer than a tenth of the levels are pauses it is that of quiet sound.
    - ``snr_db``: the 95th percentile less the 10th, after the idea of the NIST STNR measure, which sets a high percentile
      of the levels of speech against the level of its noise.

    The bias of the ratio, measured on telephone prompts in white noise against their active level (mean power of what
    lies within 25 dB of the loudest 20 ms, close to ITU-T P.56): +6 dB at a true ratio of 0 dB, +5 at 5, +4 from 10 to
    30, within 1 dB for nine of ten. The noise of the recording itself sets the upper end; speech without pauses (single
    words cut tight) ends at some 20 dB whatever its noise.
    """
    counts = scan.counts.tolist()
    if counts[PAIRS] < MIN_LEVELS:
        return dict.fromkeys(COLUMNS)
    return {
        "noise_floor_dbfs": rounded(LOWEST_DB + (counts[QUIET] + 0.5) * STEP_DB, 2),
        "snr_db": rounded((counts[LOUD] - counts[QUIET]) * STEP_DB, 2),
    }
