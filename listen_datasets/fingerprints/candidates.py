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
Offsets = npt.NDArray[np.int32]

_STEP = 2  # hops between the codes of a combined key
_LEVELS = 4  # codes of the longest key
_BUDGET = 400_000_000
_A_HOP = 50
_PART = 1 << 24  # hops that are sorted at once
_BUFFER = 1 << 22
_NEAR = 4  # hops on either side of equal codes that must be alike as well
_LEAST_BITS = 5
_BEST = 4  # offsets that are kept of a pair


class Hits(NamedTuple):
    """Places at which two clips may hold the same sound.

    Attributes:
        first: Number of a clip (m).
        second: Number of a later one (m).
        at: Hop of the first clip (m) at which their codes are equal.
        offset: What is to be added to a hop of the first clip (m) for the same moment of the second.
        count: How many hops proposed this offset (m).
    """

    first: Integers
    second: Integers
    at: Integers
    offset: Integers
    count: Integers


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
        if not len(places):
            break
        places = _search_keys(found, _keys(codes, places, length), places, budget // _LEVELS, is_last=length == _LEVELS)
    return found.hits()


def _keys(codes: Codes, places: Integers, length: int) -> npt.NDArray[np.uint64]:
    """Return keys over some codes each; what runs over the end of a clip equals nothing by more than chance."""
    key = codes[places].astype(np.uint64)
    for number in range(1, length):
        following = codes[np.minimum(places + number * _STEP, len(codes) - 1)]
        key = (key * np.uint64(0x9E3779B97F4A7C15)) ^ following
    return key


def _search_keys(
    found: _Found, keys: npt.NDArray[np.uint64], places: Integers, budget: int, *, is_last: bool
) -> Integers:
    """Take the hits of keys that are not too common, and return the places of those that are."""
    order = np.argsort(keys, kind="stable")
    keys, places = keys[order], places[order]
    edges = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1], [True]]))
    sizes = np.diff(edges)
    cap = _cap(sizes, budget)
    found.take(places, edges[:-1][(sizes > 1) & (sizes <= cap)], sizes[(sizes > 1) & (sizes <= cap)])
    if is_last:
        return places[:0]
    return np.sort(places[np.repeat(sizes > cap, sizes)])


def _cap(sizes: Integers, budget: int) -> int:
    """Return how many hops may share a key so that comparing all of them stays within a budget."""
    counts = np.bincount(sizes)
    work = np.cumsum(counts * (np.arange(len(counts), dtype=np.float64) ** 2) / 2)
    return max(int(np.searchsorted(work, budget, side="right")) - 1, 2)


class _Found:
    """Hits so far, no more than a few a pair."""

    def __init__(self, codes: Codes, begins: Integers, clip_of: npt.NDArray[np.int32]) -> None:
        self._codes = codes
        self._begins = begins
        self._clip_of = clip_of
        self._pairs = np.empty(_BUFFER, np.uint64)
        self._offsets = np.empty(_BUFFER, np.int32)
        self._at = np.empty(_BUFFER, np.int32)
        self._rows = np.empty((0, 4), np.int64)

    def take(self, places: Integers, edges: Integers, sizes: Integers) -> None:
        """Compare all hops of each bucket."""
        state = np.zeros(3, np.int64)
        while state[0] < len(edges):
            count = _compare(
                self._codes, self._begins, self._clip_of, places, edges, sizes, state,
                self._pairs, self._offsets, self._at,
            )  # fmt: skip
            self._keep(int(count))

    def _keep(self, count: int) -> None:
        new = np.empty((count, 4), np.int64)
        new[:, 0] = self._pairs[:count]
        new[:, 1], new[:, 2], new[:, 3] = self._offsets[:count], self._at[:count], 1
        rows = np.concatenate([self._rows, new])
        order = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))
        rows = rows[order]
        is_new = np.concatenate([[True], (rows[1:, :2] != rows[:-1, :2]).any(axis=1)]) if len(rows) else np.zeros(0, bool)
        starts = np.flatnonzero(is_new)
        merged = rows[starts]
        if len(starts):
            merged[:, 3] = np.add.reduceat(rows[:, 3], starts)
        self._rows = merged

    def hits(self) -> Hits:
        """Return the offsets that most hops propose of each pair."""
        rows = self._rows
        order = np.lexsort((rows[:, 1], -rows[:, 3], rows[:, 0]))
        rows = rows[order]
        pairs = rows[:, 0]
        starts = np.flatnonzero(np.concatenate([[True], pairs[1:] != pairs[:-1]])) if len(rows) else np.zeros(0, int)
        rank = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
        rows = rows[rank < _BEST]
        return Hits(rows[:, 0] >> 32, rows[:, 0] & 0xFFFFFFFF, rows[:, 2], rows[:, 1], rows[:, 3])


@inlined()
def _bits(word: np.uint32) -> int:
    """Count the set bits."""
    value = np.uint64(word)
    value = value - ((value >> np.uint64(1)) & np.uint64(0x5555555555555555))
    value = (value & np.uint64(0x3333333333333333)) + ((value >> np.uint64(2)) & np.uint64(0x3333333333333333))
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((value * np.uint64(0x0101010101010101)) >> np.uint64(56))


@inlined()
def _are_alike(codes: Codes, begins: Integers, one: int, other: int, first: int, second: int) -> bool:
    """Tell whether the codes around two hops have half of their bits in common."""
    low = -min(_NEAR, one - begins[first], other - begins[second])
    high = min(_NEAR, begins[first + 1] - 1 - one, begins[second + 1] - 1 - other)
    common, either = 0, 0
    for step in range(low, high + 1):
        common += _bits(codes[one + step] & codes[other + step])
        either += _bits(codes[one + step] | codes[other + step])
    return common * 2 >= either and either >= _LEAST_BITS


@compiled(
    "int64(uint32[::1], int64[::1], int32[::1], int64[::1], int64[::1], int64[::1], int64[::1], uint64[::1], int32[::1],"
    " int32[::1])"
)
def _compare(
    codes: Codes, begins: Integers, clip_of: Offsets, places: Integers, edges: Integers, sizes: Integers,
    state: Integers, pairs: npt.NDArray[np.uint64], offsets: Offsets, at: Offsets,
) -> int:  # fmt: skip
    """Write down the pairs of hops of each bucket that are alike, and return how many; `state` says how far it got."""
    count = 0
    for bucket in range(state[0], len(edges)):
        begin, end = edges[bucket], edges[bucket] + sizes[bucket]
        for left in range(begin + state[1], end):
            one = places[left]
            first = clip_of[one]
            for right in range(left + 1, end):
                other = places[right]
                second = clip_of[other]
                if first == second or not _are_alike(codes, begins, one, other, first, second):
                    continue
                pairs[count] = (np.uint64(first) << np.uint64(32)) | np.uint64(second)
                offsets[count] = (other - begins[second]) - (one - begins[first])
                at[count] = one - begins[first]
                count += 1
            if count + (end - begin) > len(pairs):
                state[0], state[1] = bucket, left + 1 - begin
                return count
        state[1] = 0
    state[0] = len(edges)
    return count
