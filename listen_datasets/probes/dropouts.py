"""Holes in a signal, as a buffer that ran empty leaves them: facts of the probe ``waveform``."""

from __future__ import annotations

import math

import numpy as np

from listen_datasets.probes import Fact
from listen_datasets.probes.rounding import rounded
from listen_datasets.probes.scan import GAP_LEVELS, MUTED, NUM_GAPS, SAMPLES, SILENT_DBFS, SMALLEST, SQUARES, Scan

COLUMNS = ("num_dropouts", "longest_dropout")

BELOW_RMS_DB = 15.0
"""How far below the level of its channel the signal at an edge may be."""

ABOVE_STEP_DB = 12.0
"""How far above the smallest magnitude of its channel it must be."""


def facts(scan: Scan, sample_rate: int) -> dict[str, Fact]:
    """Return the number of dropouts of the channel that has most, and the length of the longest one of all (1e-6 s).

    Our definition: a run of exact zeros of at least 1 ms and 16 samples with abrupt edges inside a signal. An edge is
    abrupt if the mean square of the millisecond next to the zeros lies at most 15 dB below that of the channel without
    its digital silence (windows of 10 ms), and above -60 dBFS. That leaves out pauses that were muted, gated speech and
    silence between notes, which are approached from low levels, and fades. It must also lie 12 dB above the smallest
    magnitude of the channel: what hardly exceeds a step of 8 bits rests at zero for milliseconds. A signal is at least
    5 ms without such a run, which leaves out pulses.

    Music that was cut hard on purpose (samplers, stutter effects) has the same holes and is found as well; a hole whose
    edge happens to lie where a slow wave crosses zero is not. The length is None without a dropout, both without a
    sample.
    """
    counts = scan.counts.tolist()
    if not counts[SAMPLES]:
        return dict.fromkeys(COLUMNS)
    number = longest = 0
    for channel, state in enumerate(scan.runs.tolist()):
        if state[NUM_GAPS]:
            sums = scan.sums[channel].tolist()
            power = sums[SQUARES] / (counts[SAMPLES] - sums[MUTED])
            least = max(
                10 * math.log10(power) - BELOW_RMS_DB, 20 * math.log10(sums[SMALLEST]) + ABOVE_STEP_DB, SILENT_DBFS
            )
            first = math.ceil(least - SILENT_DBFS)
            found = scan.gaps[channel, :, min(first, GAP_LEVELS - 1) :]
            number = max(number, int(np.sum(found[0])))
            longest = max(longest, int(np.max(found[1])))
    return {"num_dropouts": number, "longest_dropout": rounded(longest / sample_rate, 6) if number else None}
