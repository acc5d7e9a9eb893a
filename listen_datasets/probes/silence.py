"""How much of a recording is silent, and how much of that lies at its ends: facts of the probe ``waveform``."""

from __future__ import annotations

from listen_datasets.probes import Fact
from listen_datasets.probes.rounding import rounded
from listen_datasets.probes.scan import LEADING, SAMPLES, SILENT, TRAILING, ZERO, Scan

COLUMNS = ("silent_fraction", "digital_silence_fraction", "leading_silence", "trailing_silence")


def facts(scan: Scan, sample_rate: int) -> dict[str, Fact]:
    """Return the share of silence (1e-6) and the length of that at both ends (1e-6 s).

    Our definition, because no standard has one for short recordings: a window of 10 ms is silent if the mean square of
    each of its channels lies below -60 dBFS, and digitally silent if all of its samples are zero. The last window may be
    shorter, and counts by its length. Both lengths are the duration if all is silent; all are None without a sample.
    """
    counts = scan.counts.tolist()
    if not counts[SAMPLES]:
        return dict.fromkeys(COLUMNS)
    return {
        "silent_fraction": rounded(counts[SILENT] / counts[SAMPLES], 6),
        "digital_silence_fraction": rounded(counts[ZERO] / counts[SAMPLES], 6),
        "leading_silence": rounded(counts[LEADING] / sample_rate, 6),
        "trailing_silence": rounded(counts[TRAILING] / sample_rate, 6),
    }
