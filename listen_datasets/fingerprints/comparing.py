"""Compare two clips at an offset: how far their waveforms and their codes agree, and over how much of them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from listen_datasets.fingerprints import HOPS_A_SECOND, SIGNS, Codes, Fingerprint, Levels, Signs
from listen_datasets.kernels import compiled, inlined

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_RANGE_DB = 50  # below the loudest hop, what is quieter does not count
_HOPELESS_SPECTRUM, _HOPELESS_WAVEFORM = 0.3, 0.35
_BLOCK, _STEADY = 32, 0.25  # hops of a block, and which share of bits must be common to both in it
_PEAK = 6  # signs on either side that belong to a peak
_ONE_SPEED = 0.5  # waveforms that agree so far run at one speed
_NEARBY = 24  # hops on either side of the place that was proposed in which the exact offset is searched
_LAGS = 96  # signs on either side of it
_MARGIN = 8  # signs on either side that the height of a peak between two lags is computed from
_FIRST_REACH, _SLOPE_STEP = 100, 0.0075
_SLOPES: Floats = np.arange(-4, 5, dtype=np.float64) * _SLOPE_STEP  # how much slower one may be


class Agreement(NamedTuple):
    """How far two clips agree.

    Attributes:
        waveform: Correlation of their waveforms, from 0 to 1.
        again: How far they agree at any other offset nearby, as a share of the best: 1 for a tone, which repeats itself.
        spectrum: Share of the bits of their codes that are common to both, from 0 to 1.
        offset: Where the first begins in the second, in s.
        slope: By how much the second is slower than the first.
        seconds: How long both sound together.
        bits: Bits that are set in one of their codes at least.
        steady: Share of these bits that lie where the codes agree for half a second on end, from 0 to 1.
        first: Share of the first that the second holds, by amplitude, from 0 to 1.
        second: Share of the second that the first holds.
    """

    waveform: float
    again: float
    spectrum: float
    offset: float
    slope: float
    seconds: float
    bits: int
    steady: float
    first: float
    second: float


class Side(NamedTuple):
    """A clip made ready to be compared: its fingerprint and what each hop counts."""

    codes: Codes
    signs: Signs
    weights: Floats

    @classmethod
    def of(cls, print_: Fingerprint) -> Side:
        """Return a fingerprint with the weights of its hops: roots of amplitudes, so that quiet parts count too."""
        return cls(print_.codes, print_.signs, weights(print_.levels))


def weights(levels: Levels) -> Floats:
    """Return what each hop (n) counts: 1 for the loudest, 0 for silence."""
    db = levels.astype(np.float64)
    loudest = db.max(initial=0.0)
    counted = (levels > 0) & (db > loudest - _RANGE_DB)
    return np.where(counted, 10 ** ((db - loudest) / 40), 0.0)


def compare(first: Side, second: Side, at: int, offset: int) -> Agreement | None:
    """Compare two clips; None if they are so different that nothing of it is worth knowing.

    Args:
        first: One of them.
        second: The other.
        at: Hop of the first at which they are alike.
        offset: What is to be added to it for the hop of the second.
    """
    spectrum, slope, bits = _best_slope(first.codes, second.codes, at, offset)
    lag, nearby, again = _find_lag(first, second, at, offset)
    if spectrum < _HOPELESS_SPECTRUM and nearby < _HOPELESS_WAVEFORM:
        return None
    place, waveform = _align(first, second, offset, lag)
    if waveform > _ONE_SPEED:
        slope = 0.0
    low, high = _overlap(len(first.weights), len(second.weights), at, offset, slope)
    of_first, of_second = _shares(first.weights, second.weights, low, high, at, offset, slope)
    return Agreement(
        waveform=waveform,
        again=again / nearby if nearby > 0 else 0.0,
        spectrum=spectrum,
        # Its hop 0 lies `at` hops before the place that was proposed.
        offset=(offset - slope * at + place / SIGNS) / HOPS_A_SECOND,
        slope=slope,
        seconds=_sounding(first.weights, second.weights, low, high, at, offset, slope) / HOPS_A_SECOND,
        bits=bits,
        steady=_count_steady(first.codes, second.codes, at, offset, slope),
        first=of_first,
        second=of_second,
    )


def _overlap(first: int, second: int, at: int, offset: int, slope: float) -> tuple[int, int]:
    """Return which hops of the first clip have a counterpart in the second."""
    factor = 1 + slope
    low = math.ceil(at - (at + offset) / factor)
    high = math.floor(at + (second - 1 - at - offset) / factor) + 1
    return max(low, 0), min(high, first)


def _shares(
    first: Floats, second: Floats, low: int, high: int, at: int, offset: int, slope: float
) -> tuple[float, float]:
    if high <= low:
        return 0.0, 0.0
    begin, end = (round(at + offset + (hop - at) * (1 + slope)) for hop in (low, high))
    return _share(first, low, high), _share(second, max(begin, 0), end)


def _sounding(first: Floats, second: Floats, low: int, high: int, at: int, offset: int, slope: float) -> int:
    """Count the hops in which both sound."""
    hops = np.arange(low, max(high, low))
    there = np.rint(hops + offset + slope * (hops - at)).astype(np.int64)
    inside = (there >= 0) & (there < len(second))
    return int(np.count_nonzero((first[hops[inside]] > 0) & (second[there[inside]] > 0)))


def _share(weights: Floats, low: int, high: int) -> float:
    squares = weights**2
    whole = float(squares.sum())
    return float(squares[low:high].sum()) / whole if whole else 0.0


def _find_lag(first: Side, second: Side, at: int, offset: int) -> tuple[int, float, float]:
    """Find the offset around some hop to a sign, how far the signs agree there, and how far at any other offset."""
    nearby = max(at - _NEARBY, 0), min(at + _NEARBY, len(first.signs))
    near = np.abs(_correlate(first, second, nearby, offset * SIGNS - _LAGS, 2 * _LAGS + 1))
    best = int(np.argmax(near))
    others = np.delete(near, slice(max(best - _PEAK, 0), best + _PEAK + 1))
    return best - _LAGS, float(near[best]), float(others.max())


def _align(first: Side, second: Side, offset: int, lag: int) -> tuple[float, float]:
    """Find the exact offset, in signs, and the correlation of the waveforms there."""
    whole = 0, len(first.signs)
    full = _correlate(first, second, whole, offset * SIGNS + lag - 2 * _MARGIN, 4 * _MARGIN + 1)
    return _peak(full, lag)


def _correlate(first: Side, second: Side, hops: tuple[int, int], shift: int, count: int) -> Floats:
    """Return the correlations of some hops of the first clip with the second one, from one shift in signs on."""
    out = np.zeros(count)
    place = np.array([*hops, shift], np.int64)
    _correlate_signs(first.signs, first.weights, second.signs, second.weights, place, out)
    return out


def _peak(correlations: Floats, lag: int) -> tuple[float, float]:
    """Return place and height of the peak in the middle of correlations of signs, which may lie between two lags.

    By J. H. Van Vleck's arcsine law the correlation of signals follows from that of their signs; between lags it is
    interpolated as the band-limited function that it is.
    """
    values = np.sin(np.pi / 2 * np.clip(correlations, -1, 1))
    heights = _SINC @ values
    best = int(np.argmax(np.abs(heights)))
    return lag + float(_BETWEEN[best]), float(min(abs(heights[best]), 1.0))


def _best_slope(first: Codes, second: Codes, at: int, offset: int) -> tuple[float, float, int]:
    """Return the largest share of common bits, at which slope, and over how many bits.

    Around the place that was proposed a few slopes are enough; the farther away from it, the finer they must be.
    """
    reach, step, slopes = _FIRST_REACH, _SLOPE_STEP, _SLOPES
    while True:
        out = np.zeros((len(slopes), 2))
        where = np.array([max(at - reach, 0), min(at + reach, len(first)), at, offset], np.int64)
        _count_common(first, second, where, slopes, out)
        shares = out[:, 0] / np.maximum(out[:, 1], 1)
        # Of equals the one nearest to none.
        best = max(range(len(shares)), key=lambda row: (shares[row], -abs(slopes[row])))
        if reach >= max(at, len(first) - at):
            return float(shares[best]), float(slopes[best]), int(out[best, 1])
        reach, step = 2 * reach, step / 2
        slopes = slopes[best] + step * np.arange(-3, 4, dtype=np.float64)


_BETWEEN = np.arange(-8, 9) / 8
_AROUND = np.arange(-2 * _MARGIN, 2 * _MARGIN + 1)
_DISTANCE = _BETWEEN[:, None] - _AROUND[None, :]
_SINC = np.sinc(_DISTANCE) * np.cos(np.pi / 2 * np.clip(_DISTANCE / (2 * _MARGIN + 1), -1, 1))


@inlined()
def _ones(value: np.uint64) -> int:
    """Count the set bits."""
    value = value - ((value >> np.uint64(1)) & np.uint64(0x5555555555555555))
    value = (value & np.uint64(0x3333333333333333)) + ((value >> np.uint64(2)) & np.uint64(0x3333333333333333))
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((value * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled("void(uint64[::1], float64[::1], uint64[::1], float64[::1], int64[::1], float64[::1])")
def _correlate_signs(
    first: Signs, first_weights: Floats, second: Signs, second_weights: Floats, where: Integers, out: Floats
) -> None:
    """Write the weighted correlation of signs for one shift after the other.

    Args:
        first: Signs of one clip.
        first_weights: What each of its hops counts.
        second: Signs of the other.
        second_weights: What each of its hops counts.
        where: First hop of the first clip, the one behind the last, and the first shift.
        out: Receives the correlations.
    """
    for row in range(len(out)):
        total, energy, other_energy = 0.0, 0.0, 0.0
        for hop in range(where[0], where[1]):
            weight = first_weights[hop]
            if weight == 0:
                continue
            place = hop * SIGNS + where[2] + row
            word = place >> 6
            if word < 0 or word + 1 >= len(second):
                continue
            shift = np.uint64(place & 63)
            value = second[word] >> shift
            if shift:
                value |= second[word + 1] << (np.uint64(64) - shift)
            share = (place & 63) / 64
            other = (1 - share) * second_weights[word] + share * second_weights[word + 1]
            total += weight * other * (64 - 2 * _ones(first[hop] ^ value))
            energy += weight * weight
            other_energy += other * other
        scale = 64 * math.sqrt(energy * other_energy)
        out[row] = total / scale if scale > 0 else 0.0


@compiled("void(uint32[::1], uint32[::1], int64[::1], float64[::1], float64[:, ::1])")
def _count_common(first: Codes, second: Codes, where: Integers, slopes: Floats, out: Floats) -> None:
    """Write for each slope how many bits are set in both codes and in either.

    Args:
        first: Codes of one clip.
        second: Codes of the other.
        where: First hop of the first clip, the one behind the last, the place that was proposed, and the offset there.
        slopes: Slopes to try (n).
        out: Receives two numbers a slope (n, 2).
    """
    at, offset = where[2], where[3]
    for row in range(len(slopes)):
        for hop in range(where[0], where[1]):
            other = hop + offset + round(slopes[row] * (hop - at))
            if 0 <= other < len(second):
                out[row, 0] += _ones(np.uint64(first[hop] & second[other]))
                out[row, 1] += _ones(np.uint64(first[hop] | second[other]))


@compiled("float64(uint32[::1], uint32[::1], int64, int64, float64)")
def _count_steady(first: Codes, second: Codes, at: int, offset: int, slope: float) -> float:
    """Return the share of bits, set in either code, that lie in blocks in which enough of them are common to both."""
    steady, whole = 0, 0
    for begin in range(0, len(first), _BLOCK):
        common, either = 0, 0
        for hop in range(begin, min(begin + _BLOCK, len(first))):
            other = hop + offset + round(slope * (hop - at))
            if 0 <= other < len(second):
                common += _ones(np.uint64(first[hop] & second[other]))
                either += _ones(np.uint64(first[hop] | second[other]))
        whole += either
        if common >= _STEADY * either:
            steady += either
    return steady / whole if whole > 0 else 0.0
