"""Which of several copies is kept, and which of the others it stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Row = Mapping[str, Any]

_LENGTH = 10  # a second; copies that differ by less are of one length


class Link(NamedTuple):
    """Two copies.

    Attributes:
        first: A clip, by its position.
        second: Another one.
        of_first: Share of the first that the second holds, from 0 to 1.
        of_second: Share of the second that the first holds.
    """

    first: int
    second: int
    of_first: float = 1.0
    of_second: float = 1.0


def rank(row: Row, rules: Sequence[str]) -> tuple[Any, ...]:
    """Return what sorts a clip before those that are worth less.

    Args:
        row: The clip, with ``filled``: how many of the user's columns say something of it.
        rules: What counts, the most important first.
    """
    return (*(_RULES[rule](row) for rule in rules), *place(row))


def place(row: Row) -> tuple[Any, ...]:
    """Return where a clip lies, which no two clips have in common."""
    return row["source"], row["path"], row["start"], row["num_samples"], row["clip_id"]


def _sounding(row: Row) -> float:
    return float(row["duration"] - (row["leading_silence"] or 0.0) - (row["trailing_silence"] or 0.0))


_RULES: Mapping[str, Any] = {
    "lossless": lambda row: not row["bits_per_sample"],
    "longer": lambda row: -round(_sounding(row) * _LENGTH),
    "sample_rate": lambda row: -row["sample_rate"],
    "metadata": lambda row: (row["metadata_line"] is None, -row["filled"]),
    "path": place,
}


def chosen(size: int, links: Sequence[Link], share: float) -> list[int]:
    """Return for each clip (n) the one that is kept in its stead; itself if it is kept.

    A clip goes only for one that holds it, directly or through others. Of clips that hold each other the first is kept;
    of two of which one is only a part of the other, the whole one is, wherever they stand.

    Args:
        size: How many clips there are, the best first (n).
        links: Which of them are copies.
        share: How much of a clip another one must hold to stand for it.
    """
    held = [(link.first, link.second) for link in links if link.of_first >= share]
    held += [(link.second, link.first) for link in links if link.of_second >= share]
    same = _parts(size, held, connection="strong")
    best = np.full(size, size)
    np.minimum.at(best, same, np.arange(size))
    wholes: dict[int, set[int]] = {}
    for clip, holder in held:
        if same[clip] != same[holder]:
            wholes.setdefault(int(best[same[clip]]), set()).add(int(best[same[holder]]))
    roots: dict[int, int] = {}
    return [_root(wholes, roots, int(best[same[clip]])) for clip in range(size)]


def together(size: int, links: Sequence[Link]) -> list[int]:
    """Return the number of the group of each clip (n): those that are linked, directly or through others."""
    return _parts(size, [(link.first, link.second) for link in links], connection="weak").tolist()  # type: ignore[no-any-return]


def _parts(size: int, edges: Sequence[tuple[int, int]], *, connection: str) -> Any:  # noqa: ANN401 - an array
    from scipy.sparse import coo_array  # noqa: PLC0415 - start-up time
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    ends = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(size, size))
    return connected_components(graph, directed=True, connection=connection)[1]


def _root(wholes: Mapping[int, set[int]], roots: dict[int, int], clip: int) -> int:
    """Return the best of the clips that hold a clip and are held by none; there is no circle to be caught in."""
    pending = [clip]
    while pending:
        last = pending[-1]
        missing = [whole for whole in wholes.get(last, ()) if whole not in roots]
        if missing:
            pending += missing
        else:
            roots[last] = min((roots[whole] for whole in wholes.get(last, ())), default=last)
            pending.pop()
    return roots[clip]
