"""How sure it is that two clips are copies, by how far they agree."""

from __future__ import annotations

import math
from typing import Literal

from listen_datasets.fingerprints import HOPS_A_SECOND
from listen_datasets.fingerprints.comparing import Agreement

Evidence = Literal["waveform", "spectrum"]
"""What shows that two clips are copies."""

MIN_SHARE = 0.8
"""What one of two copies must hold of the other at least, by amplitude: a jingle that two clips share makes no copies."""

_LEAST_BITS = 4  # a hop, in one of the two codes at least
_TONAL, _CLEAR = 0.93, 0.9  # how far a tone repeats itself, and how far the codes must agree then
_PURE, _PURE_SECONDS = 0.98, 1.5  # or the waveforms, and how long


def score(agreement: Agreement) -> tuple[float, Evidence]:
    """Return how likely two clips are copies, from 0 to 1, and which of the two comparisons says so.

    Both were fitted by logistic regression to known copies and to clips that are none (`benchmarks/dedup.py` has the
    recordings): the waveform decides over copies that keep their time, however short; the codes over those that are
    slower, faster or transposed, if they are long enough.
    """
    if max(agreement.first, agreement.second) < MIN_SHARE:
        return 0.0, "waveform"
    waveform, spectrum = _by_waveform(agreement), _by_spectrum(agreement)
    best = max(waveform, spectrum)
    return 1 / (1 + math.exp(min(-best, 50.0))), "waveform" if best == waveform else "spectrum"


def _by_waveform(agreement: Agreement) -> float:
    """Return the logarithm of the odds that the waveforms are those of copies. Any two tones of one pitch agree."""
    is_clear = agreement.spectrum >= _CLEAR or (agreement.waveform >= _PURE and agreement.seconds >= _PURE_SECONDS)
    if agreement.again > _TONAL and not is_clear:
        return -math.inf
    sharp = -math.log(1.01 - agreement.waveform)
    length = math.log(min(max(agreement.seconds, 0.1), 10.0))
    bent = -1.168 * sharp + 2.175 * sharp**2 + 1.625 * sharp * length
    return bent + 0.237 * length - 1.945 * min(agreement.spectrum, 0.7) - 11.345


def _by_spectrum(agreement: Agreement) -> float:
    """Return the logarithm of the odds that the codes are those of copies.

    A tone has too few bits to tell by, and clips that agree here and not there share a jingle.
    """
    if agreement.bits < _LEAST_BITS * agreement.seconds * HOPS_A_SECOND or agreement.steady < MIN_SHARE:
        return -math.inf
    share = min(max(agreement.spectrum, 0.02), 0.99)
    odds = math.log(share / (1 - share))
    length = math.log(min(max(agreement.seconds, 0.1), 10.0))
    bits = math.log(max(agreement.bits, 10))
    return 7.668 * odds + 6.233 * length + 3.361 * odds * length + 0.091 * bits - 4.186
