"""Peak, mean power and offset: facts of the probe ``waveform``."""

from __future__ import annotations

from listen_datasets.probes import Fact
from listen_datasets.probes.rounding import decibels, rounded
from listen_datasets.probes.scan import PEAK, SAMPLES, SQUARES, TOTAL, Scan

COLUMNS = ("peak_dbfs", "rms_dbfs", "channel_peak_dbfs", "channel_rms_dbfs", "dc_offset", "channel_dc_offset")


def facts(scan: Scan) -> dict[str, Fact]:
    """Return the levels of a recording, and those of each channel in order.

    - ``peak_dbfs``: the largest magnitude of a sample, re full scale 1.0. It is the sample peak; the true peak of
      ITU-R BS.1770-4 Annex 2, which lies between samples, may be higher.
    - ``rms_dbfs``: root of the mean square over all samples of all channels, re full scale 1.0, so that a full-scale
      sine reads -3.01 (AES17 would call that 0 dBFS and has all values 3.01 dB higher).
    - ``dc_offset``: the mean sample of the channel where it is farthest from zero. Our definition: the mean over the
      whole recording, because a drifting offset is low-frequency sound.

    Levels are rounded to 0.01 dB, offsets to 1e-6; None for no power, and for everything without a sample.
    """
    count = int(scan.counts[SAMPLES])
    if not count:
        return dict.fromkeys(COLUMNS)
    rows = scan.sums.tolist()
    peaks = [decibels(row[PEAK] ** 2) for row in rows]
    offsets = [rounded(row[TOTAL] / count, 6) for row in rows]
    return {
        "peak_dbfs": max((peak for peak in peaks if peak is not None), default=None),
        "rms_dbfs": decibels(sum(row[SQUARES] for row in rows) / len(rows) / count),
        "channel_peak_dbfs": peaks,
        "channel_rms_dbfs": [decibels(row[SQUARES] / count) for row in rows],
        "dc_offset": max(offsets, key=abs),
        "channel_dc_offset": [*offsets],
    }
