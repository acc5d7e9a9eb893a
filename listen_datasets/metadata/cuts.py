"""Columns that cut a recording into clips: where each of them begins and ends, in seconds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from listen_datasets.errors import UsageError
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.model import Finding
from listen_datasets.spans import Span

# Names of (begin, end, length), the first pair that a table has: our own, NeMo's, lhotse's and Kaldi's.
_PAIRS = (("start", "end", None), ("offset", None, "duration"), ("start", None, "duration"))
_SECONDS = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """What the rows of a table cut out of their recordings.

    Attributes:
        spans: Index of a row to its span; None for the whole recording, which a row without times is about.
        refused: Index of every other row to what is wrong with it.
    """

    spans: Mapping[int, Span | None]
    refused: Mapping[int, Finding]


def columns_of(table: MetadataTable) -> tuple[str, str] | None:
    """Return the two columns of a table that say where clips begin and how far they reach; None if there are none.

    Raises:
        UsageError: There are columns of two kinds, so that nobody can say which is meant.
    """
    names = set(table.columns.column_names)
    found = [(begin, end or length or "") for begin, end, length in _PAIRS if {begin, end or length} <= names]
    if {"start", "end"} <= names and {"offset", "duration"} <= names:
        raise UsageError(
            "both `start` and `end` and `offset` and `duration` could cut recordings into clips",
            where=table.name,
            hint="rename one of the pairs, or use --no-spans if neither cuts",
        )
    return found[0] if found else None


def cuts_of(table: MetadataTable) -> Cuts | None:
    """Return what the rows of a table cut; None if it has no columns for that.

    Times are decimal numbers of seconds. A begin that is absent is 0; an absent end is the end of the recording.

    Raises:
        UsageError: There are columns of two kinds.
    """
    columns = columns_of(table)
    if columns is None:
        return None
    begin, reach = columns
    spans: dict[int, Span | None] = {}
    refused: dict[int, Finding] = {}
    values = zip(table.columns.column(begin).to_pylist(), table.columns.column(reach).to_pylist(), strict=True)
    for row, (first, second) in enumerate(values):
        try:
            spans[row] = _span(first, second, is_length=reach == "duration")
        except _BadTimeError as bad:
            column = begin if bad.is_begin else reach
            refused[row] = Finding(
                code="metadata.span",
                severity="error",
                message=f"{bad.reason}.",
                path=table.name,
                line=int(table.lines[row]),
                field=pointer(column),
                value=shown(first if bad.is_begin else second),
                hint="times are seconds, such as 12.5, with 0 <= start < end",
            )
    return Cuts(spans=spans, refused=refused)


class _BadTimeError(Exception):
    def __init__(self, reason: str, *, is_begin: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_begin = is_begin


def _span(begin: object, reach: object, *, is_length: bool) -> Span | None:
    if begin is None and reach is None:
        return None
    start = 0.0 if begin is None else _seconds(begin, is_begin=True)
    if start < 0:
        raise _BadTimeError("The clip begins before its recording", is_begin=True)
    if reach is None:
        return Span(start)
    end = _seconds(reach, is_begin=False) + (start if is_length else 0.0)
    if end <= start:
        raise _BadTimeError("The clip ends before it begins" if end < start else "The clip is empty", is_begin=False)
    return Span(start, end)


def _seconds(value: object, *, is_begin: bool) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and _SECONDS.fullmatch(value.strip())):
        seconds = float(value)  # type: ignore[arg-type]
        if math.isfinite(seconds):
            return seconds
    raise _BadTimeError("The time is no number of seconds", is_begin=is_begin)
