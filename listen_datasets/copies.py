"""Copies among the clips of a manifest: found by their bytes, their samples and their fingerprints, and put in groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets import components, keepers
from listen_datasets.errors import CorruptError
from listen_datasets.keepers import Link, Row
from listen_datasets.progress import Progress

if TYPE_CHECKING:
    from listen_datasets.fingerprints.near import Match

Integers = npt.NDArray[np.int64]

LEVELS = ("exact", "pcm", "near")
"""How far copies may differ, the strictest first."""

# Spans of one recording share its bytes without being copies of each other; the same samples may stand anywhere.
_SAME = {"exact": ("sha256", "start", "num_samples"), "pcm": ("pcm_md5", "sample_rate", "num_channels")}
_SHARE = 0.8  # of a clip that another one must hold to stand for it
_SHORTEST = 0.128  # s; what is shorter has no fingerprint

COLUMNS = (
    "clip_id", "recording_id", "source", "path", "duration", "metadata_line", "bits_per_sample", "leading_silence",
    "trailing_silence", "recording_num_samples", *_SAME["exact"], *_SAME["pcm"], "peak_dbfs",
)  # fmt: skip
"""The columns of a manifest that decide."""


class Near(NamedTuple):
    """What a search for near duplicates found.

    Attributes:
        matches: Pairs of clips by their rows, with how they compare.
        short: How many clips are too short to be compared.
    """

    matches: Sequence[tuple[int, int, Match]] = ()
    short: int = 0


class Bond(NamedTuple):
    """How a clip is a copy of the one that is kept, or is linked to it.

    Attributes:
        level: ``exact``, ``pcm`` or ``near``.
        score: 1 for what is equal, else how likely it is.
        offset: Where the clip begins in the other, in s; None if the two were not compared with each other.
        evidence: Numbers behind it.
    """

    level: str
    score: float
    offset: float | None
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Group:
    """Clips that are copies of each other, directly or through others.

    Attributes:
        rows: Their rows, the best first (n); the first is kept.
        keepers: Position of the clip that is kept in the stead of each (n).
        bonds: How each (n) goes with its keeper, or with the rest of the group if it is kept; None for the first.
    """

    rows: Sequence[Row]
    keepers: Sequence[int]
    bonds: Sequence[Bond | None]


def equal(clips: pa.Table, level: str) -> Integers:
    """Return a number for each clip (n clips): the same for clips that are equal as far as a level asks for."""
    levels = LEVELS[: LEVELS.index(level) + 1]
    return components.connected([_numbers(clips, _SAME[name]) for name in levels if name in _SAME], clips.num_rows)


def _numbers(clips: pa.Table, columns: Sequence[str]) -> Integers:
    """Return a number for each clip: equal where all of the columns are, -1 where one of them is null."""
    combined = np.zeros(clips.num_rows, dtype=np.int64)
    known = np.ones(clips.num_rows, dtype=np.bool_)
    for name in columns:
        numbers = components.codes(clips.column(name))
        known &= numbers >= 0
        combined = np.unique(combined * (numbers.max(initial=0) + 1) + numbers, return_inverse=True)[1].astype(np.int64)
    return np.where(known, combined, -1)


def near(clips: pa.Table, same: Integers, parts: Sequence[Path], min_score: float, progress: Progress) -> Near:
    """Search the near duplicates among clips that are not equal.

    Args:
        clips: Sorted by ``sha256``, ``start`` and ``num_samples``.
        same: As :func:`equal` returns it: one of each is compared.
        parts: Files of fingerprints.
        min_score: Lowest score of a pair.
        progress: How progress is shown.

    Raises:
        CorruptError: A recording has no fingerprint.
    """
    # Only here: what compares takes half a second to load.
    from listen_datasets.fingerprints.near import Clip, matches  # noqa: PLC0415
    from listen_datasets.fingerprints.shelf import Shelf  # noqa: PLC0415

    rows = np.sort(np.unique(same, return_index=True)[1])
    names = ("sha256", "start", "duration", "num_samples", "recording_num_samples")
    columns = (clips.column(name).take(pa.array(rows)).to_pylist() for name in names)
    wanted = [
        Clip(sha256, start, None if start == 0 and count == whole else start + duration)
        for sha256, start, duration, count, whole in zip(*columns, strict=True)
    ]
    shelf = Shelf(parts)
    try:
        for clip in wanted:
            if clip.sha256 not in shelf:
                hint = "lds ingest --force measures all of them anew"
                raise CorruptError("a recording of the manifest has no fingerprint", where=clip.sha256, hint=hint)
        found = matches(wanted, shelf, min_score, progress)
    finally:
        shelf.close()
    short = int(np.count_nonzero(clips.column("duration").to_numpy() < _SHORTEST))
    return Near([(int(rows[match.first]), int(rows[match.second]), match) for match in found], short)


def groups(clips: pa.Table, same: Integers, found: Near, rules: Sequence[str]) -> Iterator[Group]:
    """Yield the groups of two clips or more, in an order that depends on the clips alone.

    Args:
        clips: With the columns :data:`COLUMNS` and ``filled`` (n clips).
        same: As :func:`equal` returns it (n).
        found: The near duplicates.
        rules: Which copy is kept, see :func:`listen_datasets.keepers.rank`.
    """
    linked = {row for first, second, _ in found.matches for row in (same[first], same[second])}
    is_copied = (np.bincount(same, minlength=1)[same] > 1) | np.isin(same, list(linked))
    numbers = np.flatnonzero(is_copied)
    rows = clips.take(pa.array(numbers)).to_pylist()
    order = sorted(range(len(rows)), key=lambda at: keepers.rank(rows[at], rules))
    ranked = [rows[at] for at in order]
    best: dict[int, int] = {}
    links: list[Link] = []
    for position, at in enumerate(order):
        first = best.setdefault(int(same[numbers[at]]), position)
        if first != position:
            links.append(Link(first, position))
    matched: dict[tuple[int, int], Match] = {}
    for one, other, match in found.matches:
        ends = best[int(same[one])], best[int(same[other])]
        matched[ends] = match
        links.append(Link(*ends, match.of_first, match.of_second))
    return _made(ranked, links, matched, [best[int(same[numbers[at]])] for at in order])


def _made(
    rows: Sequence[Row], links: Sequence[Link], matched: Mapping[tuple[int, int], Match], twins: Sequence[int]
) -> Iterator[Group]:
    kept = keepers.chosen(len(rows), links, _SHARE)
    strongest: dict[int, tuple[int, int]] = {}
    for ends in sorted(matched, key=lambda ends: (-matched[ends].score, ends)):
        for end in ends:
            strongest.setdefault(end, ends)
    members: dict[int, list[int]] = {}
    for position, number in enumerate(keepers.together(len(rows), links)):
        members.setdefault(number, []).append(position)
    for positions in members.values():
        # What stands first by the rules may itself be a part of another clip: the group is named after one that is kept.
        positions.sort(key=lambda position: (kept[position] != position, position))
        place = {position: at for at, position in enumerate(positions)}
        bonds = [_bond(rows, position, kept[position], twins, matched, strongest) for position in positions[1:]]
        yield Group([rows[at] for at in positions], [place[kept[at]] for at in positions], [None, *bonds])


def _bond(
    rows: Sequence[Row], clip: int, keeper: int, twins: Sequence[int], matched: Mapping[tuple[int, int], Match],
    strongest: Mapping[int, tuple[int, int]],
) -> Bond:  # fmt: skip
    if clip != keeper:
        for level, names in _SAME.items():
            if all(rows[clip][name] == rows[keeper][name] is not None for name in names):
                return Bond(level, 1.0, 0.0, {"same": names[0]})
    ends = twins[clip], twins[keeper]
    match = matched.get(ends)
    if match is not None:
        return _near_bond(match, match.offset)
    match = matched.get((ends[1], ends[0]))
    if match is not None:
        return _near_bond(match, 0.0 - match.offset)
    through = strongest.get(twins[clip])
    if through is None:  # equal to one that is equal to the keeper, by other columns
        return Bond("pcm", 1.0, None, {"same": "both"})
    return _near_bond(matched[through], None)


def _near_bond(match: Match, offset: float | None) -> Bond:
    numbers = {"waveform": match.waveform, "spectrum": match.spectrum, "seconds": match.seconds}
    return Bond("near", match.score, offset, {"by": match.evidence, **numbers})
