"""How far numbers lie from the rest, judged by medians, which outliers do not move.

Source: Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993): the modified z-score, of which they call 3.5 a lot.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_NORMAL = 0.6745
"""Ratio of the median absolute deviation to the standard deviation of a normal distribution."""

LEAST = 30
"""Numbers that it takes to say what is usual."""


def deviations(values: npt.NDArray[np.float64], *, least: float) -> npt.NDArray[np.float64]:
    """Return modified z-scores (n); NaN for NaN, all NaN if there are too few numbers to tell.

    Args:
        values: Numbers (n); NaN is left out.
        least: Smallest median absolute deviation that is believed: where most numbers are equal, every other one would lie
            infinitely far away.
    """
    known = values[~np.isnan(values)]
    if len(known) < LEAST:
        return np.full(len(values), np.nan)
    middle = np.median(known)
    spread = max(float(np.median(np.abs(known - middle))), least)
    result: npt.NDArray[np.float64] = _NORMAL * (values - middle) / spread
    return result
