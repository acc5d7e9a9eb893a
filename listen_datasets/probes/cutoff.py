"""The edge that an anti-alias filter or a lossy codec leaves in a spectrum.

Our definition, as there is no standard. Sounds fade out towards high frequencies; what was once sampled at a lower rate,
or went through a codec that drops high frequencies, ends at an edge: within some 300 Hz its spectrum falls to a floor and
stays there. An edge is a frequency

- below which 500 Hz of the mean power spectrum are filled: all but the two weakest of 12 bins are at least 15 dB stronger
  than the mean of any 12 bins beyond 350 Hz above it, up to 98 % of half the sample rate;
- below which the octave is filled: three of four bins are as strong. A whistle or a held note has a steep end as well,
  but nothing below it;
- between 3 kHz (the band of a telephone, the lowest that anybody would call limited) and 93 % of half the sample rate,
  where the filter of every converter begins.

The widths are those of a spectrum with bins of 24 to 47 Hz. The thresholds were chosen on drums, loops and speech at
44.1 and 48 kHz (675 lossless recordings of 0.3 s or more). Of 142 without an edge of their own, these showed one after a
way through

- 8, 11.025, 16, 22.05 and 32 kHz (soxr HQ): 99, 99, 98, 97 and 92 %; at 16 bits 97, 96, 95, 92 and 84 %;
- MP3 of 60, 120, 205 and 340 kbit/s: 77, 73, 75 and 75 %, at 14.5, 19.1, 20 and 20 kHz (median);
- Vorbis of 80, 115 and 185 kbit/s: 78, 72 and 27 %; Opus of 45 and 235 kbit/s: 82 and 79 %.

What is missed has no power near the edge, as most drums, or the codec kept the band. 23 of the 675 originals show one, 18
below three quarters of half the sample rate: drums that were recorded through a lossy recorder, samples that had been at
lower rates, and two or three synthetic sounds behind a steep filter. Of 3,568 recordings of telephone speech at 8 kHz 53
do, none below three quarters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from listen_datasets.kernels import compiled, inlined

Floats = npt.NDArray[np.float64]

LEAST_DROP_DB = 15.0
LOWEST_HZ = 3000.0
HIGHEST_SHARE = 0.93

_BELOW = 12
_GAP = 8
_TOP_SHARE = 0.98
_OCTAVE_SHARE = 0.75
_FLOOR = 10**-13.5  # mean square a bin: half a step of 18 bits, spread over 500 bins


def find(power: Floats, bin_width: float, scale: float) -> float | None:
    """Return the frequency of the steepest edge in Hz; None if there is none.

    Args:
        power: Power spectrum (bins from 0 to half the sample rate).
        bin_width: Hz.
        scale: What makes its values the mean square of the samples a bin.
    """
    edge = _edge(power, round(LOWEST_HZ / bin_width), _FLOOR / scale)
    return edge * bin_width if edge else None


@inlined()
def _mean(power: Floats, first: int) -> float:
    total = 0.0
    for bin_ in range(first, first + _BELOW):
        total += power[bin_]
    return total / _BELOW


@inlined()
def _third_weakest(power: Floats, first: int) -> float:
    """Return the power that all but the two weakest of the bins below an edge have."""
    a = b = c = np.inf
    for bin_ in range(first, first + _BELOW):
        x = power[bin_]
        if x < a:
            a, b, c = x, a, b
        elif x < b:
            b, c = x, b
        elif x < c:
            c = x
    return c


@inlined()
def _is_filled(power: Floats, bin_: int, least: float) -> bool:
    """Tell whether enough bins of the octave below a bin reach a power."""
    filled = 0
    for index in range(bin_ // 2, bin_):
        if power[index] >= least:
            filled += 1
    return filled >= _OCTAVE_SHARE * (bin_ - bin_ // 2)


@compiled("int64(float64[::1], int64, float64)")
def _edge(power: Floats, lowest: int, floor: float) -> int:
    """Return the bin behind the filled ones, from `lowest` on; 0 if there is no edge."""
    last = int((len(power) - 1) * _TOP_SHARE) - _BELOW + 1
    highest = min(int((len(power) - 1) * HIGHEST_SHARE), last - _GAP)
    lowest = max(lowest, _BELOW)
    threshold = 10 ** (LEAST_DROP_DB / 10)
    beyond = 0.0
    found, steepest = 0, threshold
    place = last
    for bin_ in range(highest - 1, lowest - 1, -1):
        while place >= bin_ + _GAP:
            beyond = max(beyond, _mean(power, place))
            place -= 1
        weakest = _third_weakest(power, bin_ - _BELOW)
        ratio = (weakest + floor) / (beyond + floor)
        if ratio > steepest and _is_filled(power, bin_, threshold * (beyond + floor) - floor):
            found, steepest = bin_, ratio
    return found
