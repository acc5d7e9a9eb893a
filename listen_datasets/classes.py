"""The classes of a dataset: how many clips and how much sound each has, in all and in each published split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import tables
from listen_datasets.recipe import Recipe
from listen_datasets.roles import Column, roles_of

SPLITS = (f"{tables.DECLARED}split", "fold")
"""Columns of the manifest in which published datasets keep their splits."""

_ENDS = 100  # classes at either end that a report lists


class Size(NamedTuple):
    """How much there is of something.

    Attributes:
        clips: Number of clips.
        seconds: How long they last together.
    """

    clips: int
    seconds: float


def label_of(table: pa.Table, recipe: Recipe) -> Column | None:
    """Return the column with the classes; None if there is none, or if it holds texts or ids rather than classes."""
    label = roles_of(table, recipe).label
    if label is None:
        return None
    values = table.column(label.arrival).drop_null()
    return label if 0 < 2 * len(pc.unique(values)) <= len(values) else None


def sizes(table: pa.Table, *columns: str) -> dict[tuple[str, ...], Size]:
    """Return the size of each combination of values of some columns, as text; clips that lack one do not count."""
    texts = {name: table.column(name).cast(pa.string()) for name in columns}
    rows = pa.table({**texts, "duration": table.column("duration")}).drop_null()
    found = rows.group_by(list(columns), use_threads=False).aggregate([("duration", "count"), ("duration", "sum")])
    keys = zip(*(found.column(name).to_pylist() for name in columns), strict=True)
    amounts = (found.column(name).to_pylist() for name in ("duration_count", "duration_sum"))
    return {key: Size(*amount) for key, amount in zip(keys, zip(*amounts, strict=True), strict=True)}


def report(table: pa.Table, recipe: Recipe) -> dict[str, Any] | None:
    """Return the classes with clips and seconds, those of most clips first; of very many only both ends.

    Where the metadata brings splits (``SPLITS``), each class has its sizes there too; one that a split lacks has 0 clips.
    """
    label = label_of(table, recipe)
    if label is None:
        return None
    found = {value: size for (value,), size in sizes(table, label.arrival).items()}
    order = sorted(found, key=lambda value: (-found[value].clips, value))
    split = next((name for name in SPLITS if name in table.column_names), None)
    by_split = sizes(table, split, label.arrival) if split else {}
    names = sorted({name for name, _ in by_split})
    return {
        "column": label.name,
        "classes": len(order),
        "split_column": split.removeprefix(tables.DECLARED) if split else None,
        "listed": [
            {"class": value, **_said(found[value]), **_in_splits(value, names, by_split)} for value in _ends(order)
        ],
    }


def _ends(order: Sequence[str]) -> Iterator[str]:
    if len(order) <= 2 * _ENDS:
        yield from order
    else:
        yield from order[:_ENDS]
        yield from order[-_ENDS:]


def _in_splits(value: str, names: Sequence[str], by_split: Mapping[tuple[str, ...], Size]) -> dict[str, Any]:
    nothing = Size(0, 0.0)
    return {"splits": {name: _said(by_split.get((name, value), nothing)) for name in names}} if names else {}


def _said(size: Size) -> dict[str, Any]:
    return {"clips": size.clips, "seconds": round(size.seconds, 3)}
