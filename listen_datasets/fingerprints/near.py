"""Find copies among clips by their fingerprints: propose pairs by codes, then compare each pair."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from listen_datasets.fingerprints import HOPS_A_SECOND, SPAN, Codes, Fingerprint
from listen_datasets.fingerprints.candidates import Hits, search
from listen_datasets.fingerprints.comparing import Side, compare
from listen_datasets.fingerprints.scoring import Evidence, score
from listen_datasets.fingerprints.shelf import Shelf
from listen_datasets.progress import Progress

_CERTAIN = 0.999
_SIDES = 4_096  # clips made ready to be compared that are held


class Clip(NamedTuple):
    """A clip to look for.

    Attributes:
        sha256: Of its recording.
        start: Where it begins there, in s.
        end: Where it ends, in s; None for the end of the recording.
    """

    sha256: str
    start: float
    end: float | None


class Match(NamedTuple):
    """Two clips that are copies, or of which one holds the other.

    Attributes:
        first: Number of a clip.
        second: Number of a later one.
        score: How likely that is, from 0 to 1.
        evidence: What shows it.
        offset: Where the first begins in the second, in s.
        of_first: Share of the first that the second holds, by amplitude.
        of_second: Share of the second that the first holds.
        waveform: Correlation of the waveforms.
        spectrum: Share of common bits of the codes.
        seconds: How long both sound together.
    """

    first: int
    second: int
    score: float
    evidence: Evidence
    offset: float
    of_first: float
    of_second: float
    waveform: float
    spectrum: float
    seconds: float


def matches(clips: Sequence[Clip], shelf: Shelf, min_score: float, progress: Progress) -> list[Match]:
    """Return all pairs of copies, by the numbers of the clips.

    Args:
        clips: Sorted.
        shelf: Their fingerprints.
        min_score: Lowest score of a pair.
        progress: How progress is shown.
    """
    parts = [_cut(shelf[clip.sha256], clip).codes for clip in clips]
    begins = np.zeros(len(clips) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=begins[1:])
    hits = search(np.concatenate([np.zeros(0, np.uint32), *parts]), begins)
    del parts
    pairs = _Pairs(hits, clips, shelf)
    shown = progress(_compared(pairs, clips, shelf), total=len(pairs), label="compare", unit="pair")
    return sorted(match for match in shown if match is not None and match.score >= min_score)


def _cut(fingerprint: Fingerprint, clip: Clip) -> Fingerprint:
    """Return what belongs to a clip alone: hops that lie in it whole."""
    if clip.start == 0 and clip.end is None:
        return fingerprint
    first = math.ceil(clip.start * HOPS_A_SECOND - 1e-6)
    last = len(fingerprint.levels) if clip.end is None else math.floor(clip.end * HOPS_A_SECOND + 1e-6)
    codes: Codes = fingerprint.codes[first : max(last - SPAN + 1, first)]
    return Fingerprint(codes, fingerprint.signs[first:last], fingerprint.levels[first:last])


class _Pairs:
    """The pairs to compare, those together that are read together, each with the places to compare."""

    def __init__(self, hits: Hits, clips: Sequence[Clip], shelf: Shelf) -> None:
        groups = np.array([shelf.neighbourhood(clip.sha256) for clip in clips], np.int64).reshape(-1, 2)
        group = np.unique(groups, axis=0, return_inverse=True)[1].reshape(-1)
        order = np.lexsort((-hits.votes, hits.second, hits.first, group[hits.second], group[hits.first]))
        self._hits = Hits(*(column[order] for column in hits))
        pair = self._hits.first << 32 | self._hits.second
        is_new = np.concatenate([[True], pair[1:] != pair[:-1]]) if len(pair) else np.zeros(0, np.bool_)
        self._edges = np.append(np.flatnonzero(is_new), len(pair)).tolist()

    def __len__(self) -> int:
        return len(self._edges) - 1

    def __iter__(self) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
        """Yield the numbers of two clips, and a hop of the first and an offset for each place."""
        first, second, at, offset, _ = self._hits
        for begin, end in itertools.pairwise(self._edges):
            places = list(zip(at[begin:end].tolist(), offset[begin:end].tolist(), strict=True))
            yield int(first[begin]), int(second[begin]), places


def _overlap(first: Clip, second: Clip) -> bool:
    """Tell whether two clips are cut from one recording and share a part of it, which makes no copies of them."""
    if first.sha256 != second.sha256:
        return False
    return (second.end is None or first.start < second.end) and (first.end is None or second.start < first.end)


def _compared(pairs: _Pairs, clips: Sequence[Clip], shelf: Shelf) -> Iterator[Match | None]:
    sides: dict[int, Side] = {}
    for first, second, places in pairs:
        if _overlap(clips[first], clips[second]):
            yield None
            continue
        for number in (first, second):
            if number not in sides:
                if len(sides) >= _SIDES:
                    sides.clear()
                sides[number] = Side.of(_cut(shelf[clips[number].sha256], clips[number]))
        if first not in sides:  # cleared a moment ago
            sides[first] = Side.of(_cut(shelf[clips[first].sha256], clips[first]))
        yield _best(first, second, sides, places)


def _best(first: int, second: int, sides: dict[int, Side], places: Sequence[tuple[int, int]]) -> Match | None:
    """Return how two clips compare at the best of the places at which they may agree; None if they do not anywhere."""
    best: Match | None = None
    for at, offset in places:
        agreement = compare(sides[first], sides[second], at, offset)
        if agreement is None:
            continue
        value, evidence = score(agreement)
        if best is None or value > best.score:
            best = Match(
                first=first,
                second=second,
                score=round(value, 4),
                evidence=evidence,
                offset=round(agreement.offset, 4) + 0.0,  # no minus zero
                of_first=round(agreement.first, 4),
                of_second=round(agreement.second, 4),
                waveform=round(agreement.waveform, 4),
                spectrum=round(agreement.spectrum, 4),
                seconds=round(agreement.seconds, 3),
            )
        if value >= _CERTAIN:
            break
    return best
