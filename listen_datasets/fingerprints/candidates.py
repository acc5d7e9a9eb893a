"""Which clips may be copies of each other: those that share codes at one offset, found by sorting and not pair by pair.

All hops of all clips are sorted by their codes, so that equal codes stand together. A code that more than some hops have
says little; such hops are sorted again by their code together with those that follow, up to four of them, and what is
common even then (silence, hum, a metronome) proposes nothing. How many hops may share a code follows from a budget of
comparisons, which makes the work linear in the number of hops: few clips are compared by every code, many by rare ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from listen_datasets.fingerprints import Codes
from listen_datasets.kernels import compiled, inlined

Integers = npt.NDArray[np.int64]
Clips = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]

_STEP = 2  # hops between the codes of a combined key
_LEVELS = 4  # codes of the longest key
_BUDGET = 400_000_000
_A_HOP = 40
_PART = 1 << 22  # hops that are sorted at once
_MIXER = np.uint64(0x9E3779B97F4A7C15)
_BUFFER = 1 << 21
# Hops on either side of equal codes, and which share of their bits must be common to both: nearby, and farther away.
_NEAR, _SHARE_NEAR = 4, 0.5
_FAR, _SHARE_FAR = 24, 0.27
_SHARE_STRONG, _MANY_BITS, _STRONG = (
    0.75,
    24,
    100,
)  # what is so alike nearby counts for many, and needs nothing farther away
_SHARE_ALL, _SHARE_LONG, _TOGETHER = (
    0.2,
    0.25,
    0.5,
)  # of the bits over all that two clips have in common, and of the shorter clip
_LEAST_BITS = 5
_FEW = 1 << 22  # hops, some 18 hours: so many that every resemblance can be looked into
_AROUND = 150  # hops on either side in which they must have them
_BEST = 4  # offsets that are kept of a pair
_LONG = 125  # hops: two copies that last so long have more than one code in common


class Hits(NamedTuple):
    """Places at which two clips may hold the same sound.

    Attributes:
        first: Number of a clip (m).
        second: Number of a later one (m).
        at: Hop of the first clip (m) at which their codes are equal.
        offset: What is to be added to a hop of the first clip (m) for the same moment of the second.
        votes: How many hops proposed this offset (m).
    """

    first: Integers
    second: Integers
    at: Integers
    offset: Integers
    votes: Integers


def search(codes: Codes, begins: Integers) -> Hits:
    """Propose pairs of clips, each with a few offsets, in an order that depends on nothing but the codes.

    Args:
        codes: Of all clips, one after the other (n).
        begins: Where the codes of each clip begin, and the end of the last (clips + 1).
    """
    clip_of = np.repeat(np.arange(len(begins) - 1, dtype=np.int32), np.diff(begins))
    found = _Found(codes, begins, clip_of)
    budget = max(_BUDGET, _A_HOP * len(codes))
    places = np.flatnonzero(codes)  # silence has no bit set
    for length in range(1, _LEVELS + 1):
        number = max(-(-len(places) // _PART), 1)
        common = [
            _search_keys(found, *_part(codes, places, length, part, number), budget // (_LEVELS * number))
            for part in range(number)
        ]
        places = np.sort(np.concatenate(common))
    return found.hits()


def _part(codes: Codes, places: Integers, length: int, part: int, number: int) -> tuple[Keys, Integers]:
    """Return those keys over some codes each that belong to one part of several, and their places."""
    keys, kept = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for first in range(0, len(places), _PART):
        some = places[first : first + _PART]
        made = _keys(codes, some, length)
        chosen = (made * _MIXER >> np.uint64(40)) % np.uint64(number) == part
        keys.append(made[chosen])
        kept.append(some[chosen])
    return np.concatenate(keys), np.concatenate(kept)


def _keys(codes: Codes, places: Integers, length: int) -> Keys:
    """Return keys over some codes each; what runs over the end of a clip equals nothing by more than chance."""
    key = codes[places].astype(np.uint64)
    for number in range(1, length):
        following = codes[np.minimum(places + number * _STEP, len(codes) - 1)]
        key = (key * _MIXER) ^ following
    return key


def _search_keys(found: _Found, keys: Keys, places: Integers, budget: int) -> Integers:
    """Take the hits of keys that are not too common, and return the places of those that are."""
    if not len(keys):
        return places
    order = np.argsort(keys, kind="stable")
    keys, places = keys[order], places[order]
    edges = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1], [True]]))
    sizes = np.diff(edges)
    cap = _cap(sizes, budget)
    is_taken = (sizes > 1) & (sizes <= cap)
    found.take(places, edges[:-1][is_taken], sizes[is_taken])
    return places[np.repeat(sizes > cap, sizes)]


def _cap(sizes: Integers, budget: int) -> int:
    """Return how many hops may share a key so that comparing all of them stays within a budget."""
    counts = np.bincount(sizes)
    work = np.cumsum(counts * (np.arange(len(counts), dtype=np.float64) ** 2) / 2)
    return max(int(np.searchsorted(work, budget, side="right")) - 1, 2)


class _Found:
    """Hits so far, as rows: a pair of clips in one number, offset, place in the first, and how many hops say so."""

    def __init__(self, codes: Codes, begins: Integers, clip_of: npt.NDArray[np.int32]) -> None:
        self._codes = codes
        self._begins = begins
        self._clip_of = clip_of
        self._buffer = np.empty((_BUFFER, 4), np.int64)
        self._rows = [np.empty((0, 4), np.int64)]

    def take(self, places: Integers, edges: Integers, sizes: Integers) -> None:
        """Compare all hops of each bucket."""
        buckets = np.stack([edges, sizes], axis=1)
        state = np.zeros(2, np.int64)
        while state[0] < len(buckets):
            count = _compare(self._codes, self._begins, self._clip_of, places, buckets, state, self._buffer)
            self._keep(int(count))

    def _keep(self, count: int) -> None:
        """Keep what is worth a closer look of what is in the buffer."""
        rows = _merged(self._buffer[:count])
        shares = np.empty(len(rows))
        _share_all(self._codes, self._begins, rows, shares)
        least = np.where(self._shorter(rows) < _LONG, _SHARE_ALL, _SHARE_LONG)
        if len(self._codes) <= _FEW:
            # What fades into noise has little in common but where it is loud.
            self._rows.append(rows[(shares >= least) | ((rows[:, 3] >= _STRONG) & (shares > 0))])
        else:
            rows[:, 3] = rows[:, 3] // _STRONG + rows[:, 3] % _STRONG
            self._rows.append(rows[shares >= least])

    def _shorter(self, rows: Integers) -> Integers:
        """Return how many codes the shorter clip of each pair has."""
        lengths = np.diff(self._begins)
        shorter: Integers = np.minimum(lengths[rows[:, 0] >> 32], lengths[rows[:, 0] & 0xFFFFFFFF])
        return shorter

    def hits(self) -> Hits:
        """Return the offsets that most hops propose of each pair."""
        rows = _merged(np.concatenate(self._rows))
        rows = rows[(rows[:, 3] > 1) | (self._shorter(rows) < _LONG)]
        order = np.lexsort((rows[:, 1], -rows[:, 3], rows[:, 0]))
        rows = rows[order]
        pairs = rows[:, 0]
        starts = np.flatnonzero(np.concatenate([[True], pairs[1:] != pairs[:-1]])) if len(rows) else np.zeros(0, int)
        rank = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
        rows = rows[rank < _BEST]
        return Hits(rows[:, 0] >> 32, rows[:, 0] & 0xFFFFFFFF, rows[:, 2], rows[:, 1], rows[:, 3])


def _merged(rows: Integers) -> Integers:
    """Return each pair and offset once, with the first place and the number of hops that proposed it."""
    if not len(rows):
        return rows
    rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    starts = np.flatnonzero(np.concatenate([[True], (rows[1:, :2] != rows[:-1, :2]).any(axis=1)]))
    merged = rows[starts]
    merged[:, 3] = np.add.reduceat(rows[:, 3], starts)
    return merged


@inlined()
def _bits(word: np.uint32) -> int:
    """Count the set bits."""
    value = np.uint64(word)
    value = value - ((value >> np.uint64(1)) & np.uint64(0x5555555555555555))
    value = (value & np.uint64(0x3333333333333333)) + ((value >> np.uint64(2)) & np.uint64(0x3333333333333333))
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((value * np.uint64(0x0101010101010101)) >> np.uint64(56))


@inlined()
def _alike(codes: Codes, begins: Integers, one: int, other: int, first: int, second: int) -> int:
    """Return whether the codes around two hops have enough of their bits in common: 0 if not, `_STRONG` if most of them."""
    before = min(one - begins[first], other - begins[second])
    behind = min(begins[first + 1] - 1 - one, begins[second + 1] - 1 - other)
    common, either = 0, 0
    for step in range(-min(_NEAR, before), min(_NEAR, behind) + 1):
        common += _bits(codes[one + step] & codes[other + step])
        either += _bits(codes[one + step] | codes[other + step])
    if common < _SHARE_NEAR * either or either < _LEAST_BITS:
        return 0
    if common >= _SHARE_STRONG * either and either >= _MANY_BITS:
        return _STRONG
    for step in range(-min(_FAR, before), -_NEAR):
        common += _bits(codes[one + step] & codes[other + step])
        either += _bits(codes[one + step] | codes[other + step])
    for step in range(_NEAR + 1, min(_FAR, behind) + 1):
        common += _bits(codes[one + step] & codes[other + step])
        either += _bits(codes[one + step] | codes[other + step])
    return 1 if common >= _SHARE_FAR * either else 0


@compiled("int64(uint32[::1], int64[::1], int32[::1], int64[::1], int64[:, ::1], int64[::1], int64[:, ::1])")
def _compare(
    codes: Codes, begins: Integers, clip_of: Clips, places: Integers, buckets: Integers, state: Integers, out: Integers
) -> int:
    """Write down the pairs of hops of each bucket that are alike, and return how many.

    Args:
        codes: Of all clips.
        begins: Where the codes of each clip begin.
        clip_of: The clip of each code.
        places: Hops, those of a bucket one after the other.
        buckets: Where each begins, and how many hops it has.
        state: How far it got; changed in place.
        out: Receives rows as `_Found` keeps them.
    """
    count = 0
    for bucket in range(state[0], len(buckets)):
        begin, end = buckets[bucket, 0], buckets[bucket, 0] + buckets[bucket, 1]
        for left in range(begin + state[1], end):
            one = places[left]
            first = clip_of[one]
            for right in range(left + 1, end):
                other = places[right]
                second = clip_of[other]
                alike = 0 if first == second else _alike(codes, begins, one, other, first, second)
                if alike == 0:
                    continue
                out[count, 0] = (np.int64(first) << 32) | second
                out[count, 1] = (other - begins[second]) - (one - begins[first])
                out[count, 2] = one - begins[first]
                out[count, 3] = alike
                count += 1
            if count + (end - begin) > len(out):
                state[0], state[1] = bucket, left + 1 - begin
                return count
        state[1] = 0
    state[0] = len(buckets)
    return count


@compiled("void(uint32[::1], int64[::1], int64[:, ::1], float64[::1])")
def _share_all(codes: Codes, begins: Integers, rows: Integers, shares: npt.NDArray[np.float64]) -> None:
    """Write which share of the bits two clips have in common around a place; 0 if they overlap in too little.

    Args:
        codes: Of all clips.
        begins: Where the codes of each clip begin.
        rows: A pair, an offset and a place each, as `_Found` keeps them.
        shares: Receives the largest share of three: at one speed, or one of them 2 % faster.
    """
    for row in range(len(rows)):
        first, second = rows[row, 0] >> 32, rows[row, 0] & 0xFFFFFFFF
        offset, at = rows[row, 1], rows[row, 2]
        length, other_length = begins[first + 1] - begins[first], begins[second + 1] - begins[second]
        shares[row] = 0.0
        together = min(length, other_length - offset) - max(0, -offset)
        if together < _TOGETHER * min(length, other_length):
            continue
        for speed in range(-1, 2):
            common, either = 0, 0
            for hop in range(max(at - _AROUND, 0), min(at + _AROUND, length)):
                there = hop + offset + speed * (hop - at) // 50
                if 0 <= there < other_length:
                    one, other = codes[begins[first] + hop], codes[begins[second] + there]
                    common += _bits(one & other)
                    either += _bits(one | other)
            if either > 0:
                shares[row] = max(shares[row], common / either)
