"""Splits in the order of time: nothing in a later split is as early as anything in an earlier one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets.errors import RecipeError, UsageError
from listen_datasets.metadata.shown import shown
from listen_datasets.splitting.groups import Groups

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_USUAL = ("train", "validation", "test")
_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?$"


def ordered(names: Sequence[str]) -> list[str]:
    """Return splits in the order of time: the usual ones as people train and test, others as they were given."""
    return sorted(names, key=_USUAL.index) if set(names) <= set(_USUAL) else list(names)


def times(column: pa.ChunkedArray, name: str) -> Floats:
    """Return a number for each value that orders them as time does: seconds for dates, NaN for null.

    Raises:
        RecipeError: A value is neither a number nor a date of ISO 8601, or both kinds occur.
    """
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return np.asarray(pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy())
    if not pa.types.is_string(column.type):
        raise RecipeError(f"{name!r} holds {column.type}, which is no time", where="[split] time-by", hint=_HINT)
    texts = pc.utf8_trim_whitespace(column)
    distinct = [text for text in texts.unique().to_pylist() if text]
    values = {text: _seconds(text, name) for text in distinct}
    kinds = {bool(pc.match_substring_regex(pa.scalar(text), _NUMBER).as_py()) and len(text) != 4 for text in distinct}
    if len(kinds) > 1:
        raise RecipeError(f"{name!r} holds dates and plain numbers", where="[split] time-by", hint=_HINT)
    index = pc.index_in(texts, pa.array(distinct, pa.string()))
    numbers = pa.array([values[text] for text in distinct], pa.float64()).take(index.combine_chunks())
    return np.asarray(pc.fill_null(numbers, float("nan")).to_numpy())


_HINT = "write dates as 2026-03-09 or 2026-03-09T14:05:00Z, or numbers in all rows"


def _seconds(text: str, name: str) -> float:
    try:
        return _of_date(text) if not _is_number(text) or len(text) == 4 else float(text)
    except ValueError:
        raise RecipeError(
            f"{shown(text, 80)!r} in {name!r} is no time that can be ordered", where="[split] time-by", hint=_HINT
        ) from None


def _is_number(text: str) -> bool:
    return bool(pc.match_substring_regex(pa.scalar(text), _NUMBER).as_py())


def _of_date(text: str) -> float:
    """Return seconds since 1970; a year or a month stands for its first day, and a time without a zone is UTC."""
    day = text + "-01-01" if len(text) == 4 else text + "-01" if len(text) == 7 else text
    moment = dt.datetime.fromisoformat(day)
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def spans(groups: Groups, time: Floats) -> tuple[Floats, Floats]:
    """Return the earliest and the latest time in each group."""
    low, high = np.full(groups.number, np.inf), np.full(groups.number, -np.inf)
    np.minimum.at(low, groups.group, time)
    np.maximum.at(high, groups.group, time)
    return low, high


def cut(groups: Groups, time: Floats, sizes: Floats, ratios: Sequence[float]) -> Integers:
    """Return the split of each group, as its position in the ratios, which are in the order of time.

    Groups whose times overlap cannot be told apart by time; they make blocks, and the cuts lie between blocks, each as
    near as can be to where the ratios want it.

    Raises:
        UsageError: There are fewer blocks than splits.
    """
    low, high = spans(groups, time)
    order = np.lexsort((high, low))
    latest = np.maximum.accumulate(high[order])
    begins = np.concatenate([[True], low[order][1:] > latest[:-1]])
    block = np.cumsum(begins) - 1
    blocks, splits = int(block[-1]) + 1, len(ratios)
    if blocks < splits:
        raise UsageError(
            f"{blocks} stretch{'es' * (blocks != 1)} of time cannot fill {splits} splits: groups whose times overlap stay"
            f" together; {_longest(groups, low, high)}",
            where="[split] time-by",
            hint="group by fewer columns, leave the longest group out of the dataset, or ask for fewer splits (ratios)",
        )
    until = np.cumsum(np.bincount(block, weights=sizes[order]))
    wanted = np.cumsum(ratios)[:-1] * until[-1]
    cuts, first = [], 0
    for k, target in enumerate(wanted.tolist()):
        allowed = np.arange(first, blocks - (splits - 1 - k))
        best = int(allowed[np.abs(until[allowed] - target).argmin()])
        cuts.append(best)
        first = best + 1
    split = np.empty(groups.number, dtype=np.int64)
    split[order] = np.searchsorted(np.array(cuts), block, side="left")
    return split


def _longest(groups: Groups, low: Floats, high: Floats) -> str:
    length = high - low
    longest = min(np.flatnonzero(length == length.max()).tolist(), key=groups.names.__getitem__)
    number = int(groups.sizes()[longest])
    return f"the group with the widest range of times has {number:,} clip{'s' * (number != 1)}{groups.called(longest)}"


def fitting(groups: Groups, time: Floats, kept: Integers, splits: int) -> Integers:
    """Return, for each group without a split, the latest split that it fits into by its times; -1 if it fits into none.

    Args:
        groups: All groups, each with all clips in one split or without any.
        time: Of each clip (n clips).
        kept: The split of each group that has one; -1 for the others.
        splits: How many there are, in the order of time.
    """
    low, high = spans(groups, time)
    begins = np.array([low[kept == k].min(initial=np.inf) for k in range(splits)])
    ends = np.array([high[kept == k].max(initial=-np.inf) for k in range(splits)])
    split = kept.copy()
    for k in range(splits):
        before, after = ends[:k].max(initial=-np.inf), begins[k + 1 :].min(initial=np.inf)
        split = np.where((kept < 0) & (low > before) & (high < after), k, split)
    return split
