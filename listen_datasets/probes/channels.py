"""How alike the channels are, and which of them are dead: facts of the probe ``waveform``."""

from __future__ import annotations

import math

import numpy as np

from listen_datasets.probes import Fact
from listen_datasets.probes.rounding import rounded
from listen_datasets.probes.scan import ORIGIN, SAMPLES, TOTAL, Floats, Scan

COLUMNS = ("channel_correlation", "num_distinct_channels", "num_dead_channels")

SAME_CORRELATION = 0.99
SAME_POWER = 1e-6
"""Share of its power that may remain of a channel from which its copy was subtracted: -60 dB."""

ROUNDING_POWER = 2.0**-32
"""Power that may remain whatever the share: what rounding to 16 bits adds to both, with a margin of 1.5."""


def facts(scan: Scan) -> dict[str, Fact]:
    """Return the lowest correlation of two channels (1e-4), and the number of distinct and of dead channels.

    - ``channel_correlation``: the lowest Pearson correlation among the pairs of channels, 1 for equal channels, -1 for
      one that is the other one with inverted polarity. None for mono, and if a channel is constant.
    - ``num_distinct_channels``: channels that are neither constant nor a copy of an earlier one. Our definition of a
      copy: equal up to gain, polarity and offset, so that after the best fit no more than -60 dB of the power remains,
      or what rounding to 16 bits leaves. Mono that was stored in stereo has 1.
    - ``num_dead_channels``: constant channels in a recording that has others.

    All are None without a sample.
    """
    count = int(scan.counts[SAMPLES])
    if not count:
        return dict.fromkeys(COLUMNS)
    products = scan.products.diagonal().tolist()
    num_dead = sum(power == 0 for power in products)
    if len(products) == 1:
        return {"channel_correlation": None, "num_distinct_channels": 1 - num_dead, "num_dead_channels": 0}
    offsets = scan.sums[:, TOTAL] - count * scan.sums[:, ORIGIN]
    covariance = (scan.products - np.outer(offsets, offsets) / count) / count
    alive = [channel for channel, power in enumerate(products) if power > 0 and covariance[channel, channel] > 0]
    return {
        "channel_correlation": _lowest_correlation(covariance) if len(alive) == len(products) else None,
        "num_distinct_channels": _num_distinct(covariance, alive),
        "num_dead_channels": num_dead if alive else 0,
    }


def _lowest_correlation(covariance: Floats) -> float:
    scale = np.sqrt(covariance.diagonal())
    rows, columns = np.tril_indices(len(covariance), -1)
    lowest = float((covariance[rows, columns] / (scale[rows] * scale[columns])).min())
    return rounded(min(max(lowest, -1.0), 1.0), 4)


def _num_distinct(covariance: Floats, alive: list[int]) -> int:
    found: list[int] = []
    for channel in alive:
        if not any(_is_copy(covariance, channel, other) for other in found):
            found.append(channel)
    return len(found)


def _is_copy(covariance: Floats, one: int, other: int) -> bool:
    """Tell whether a channel is another one, which stands before it, up to gain, polarity and offset."""
    power, others_power = float(covariance[one, one]), float(covariance[other, other])
    common = float(covariance[one, other])
    if abs(common) < SAME_CORRELATION * math.sqrt(power) * math.sqrt(others_power):
        return False
    # What remains of the weaker one: the stronger one may be a copy that was amplified together with its rounding.
    weaker, stronger = sorted((power, others_power))
    return weaker - common * (common / stronger) <= max(SAME_POWER * weaker, ROUNDING_POWER)
