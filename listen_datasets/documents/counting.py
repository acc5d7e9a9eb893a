"""Counts and quantiles of columns of the shards; each in an order that the data decides, not the machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets.documents.facts import Period, Personal, Quantity, Tally
from listen_datasets.documents.published import Published

QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)

_EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
_TELEPHONE = r"\+[0-9]([ ().-]{0,2}[0-9]){7,14}"
_URL = r"^\s*(?i:https?|ftp)://\S+\s*$"
_DATE = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2}([T ][0-9:.]+(Z|[+-][0-9:]+)?)?)?)?$"
_DATE_NAMES = frozenset({"date", "year", "recorded", "created", "timestamp"})
_ABOUT_PEOPLE = re.compile(
    r"speaker|singer|artist|performer|player|subject|participant|client|recordist|author|person|user|gender|sex|age|"
    r"birth|accent|dialect|ethnicity|nationality|country|native|name|surname|address|email|phone|lat|latitude|lon|lng|"
    r"longitude|gps|location",
    re.IGNORECASE,
)


def totals(column: pa.ChunkedArray) -> dict[str | None, int]:
    """Return how often each value occurs, as text: the most frequent first; among equals by value, no value last."""
    counted = {item["values"]: item["counts"] for item in pc.value_counts(column).to_pylist()}
    return {_text(value): counted[value] for value in sorted(counted, key=lambda value: _order(value, counted[value]))}


def tally(published: Published, name: str) -> Tally:
    """Count the values of a column in each split."""
    values = published.text_of(name)
    pairs = pa.table({"value": values, "split": published.rows.column("split")})
    cells = pairs.group_by(["value", "split"]).aggregate([([], "count_all")]).to_pydict()
    found = dict(zip(zip(cells["value"], cells["split"], strict=True), cells["count_all"], strict=True))
    sums: dict[Any, int] = {}
    for (value, _), number in found.items():
        sums[value] = sums.get(value, 0) + number
    splits = [split.name for split in published.splits]
    ordered = sorted(sums, key=lambda value: _order(value, sums[value]))
    return Tally(
        column=name,
        counts={_text(value): {split: found.get((value, split), 0) for split in splits} for value in ordered},
    )


def quantity(rows: pa.Table, name: str, unit: str) -> Quantity:
    """Return the quantiles of a column of numbers."""
    column = rows.column(name)
    clips = len(column) - column.null_count
    quantiles = tuple(pc.quantile(column, q=list(QUANTILES)).to_pylist()) if clips else None
    return Quantity(column=name, unit=unit, clips=clips, quantiles=quantiles)


def personal(columns: pa.Table) -> Personal:
    """Look for signs of personal data in the user's columns."""
    texts = [column for column in columns.columns if pa.types.is_string(column.type)]
    return Personal(
        emails=sum(_matching(column, _EMAIL) for column in texts),
        telephones=sum(_matching(column, _TELEPHONE) for column in texts),
        columns=tuple(name for name in columns.column_names if any(map(_ABOUT_PEOPLE.fullmatch, _parts(name)))),
    )


def links(columns: pa.Table) -> int:
    """Count the values that are URLs."""
    return sum(_matching(column, _URL) for column in columns.columns if pa.types.is_string(column.type))


def periods(columns: pa.Table) -> Iterator[Period]:
    """Yield the first and last date of each column that is named after dates and holds some."""
    for name, column in zip(columns.column_names, columns.columns, strict=True):
        if not _DATE_NAMES.isdisjoint(part.lower() for part in _parts(name)) and not pa.types.is_nested(column.type):
            texts = column.cast(pa.string())
            dates = texts.filter(pc.match_substring_regex(texts, _DATE)).drop_null()
            if len(dates):
                ends = pc.min_max(dates).as_py()
                yield Period(column=name, clips=len(dates), first=ends["min"], last=ends["max"])


def _matching(column: pa.ChunkedArray, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(column, pattern)).as_py() or 0)


def _parts(name: str) -> Iterator[str]:
    yield from re.split(r"[^A-Za-z]+", name)


def _order(value: Any, number: int) -> tuple[Any, ...]:  # noqa: ANN401 - text, a number or a truth value
    return (-number, value is None, 0 if value is None else value)


def _text(value: Any) -> str | None:  # noqa: ANN401 - text, a number or a truth value
    return None if value is None else str(value)
