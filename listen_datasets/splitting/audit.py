"""Splits that somebody else made: the pairs of related clips that lie in two of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue, leakage
from listen_datasets.errors import NothingError, RecipeError
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding

MOST_PAIRS = 1000
"""Pairs that are listed for each relation; all are counted."""


def with_split(table: pa.Table, column: str | None) -> pa.Table:
    """Return a table with its splits in the column ``split``.

    Args:
        table: A manifest, or any other table.
        column: Column with the splits; ``split`` or what a user's column of that name is called, if left out.

    Raises:
        RecipeError: There is no such column.
        NothingError: No row has a split, or all have the same.
    """
    names = [
        name for name in ((column,) if column else ("split", "declared_split", "fold")) if name in table.column_names
    ]
    if not names:
        raise RecipeError(
            f"there is no column {column or 'split'!r} to audit",
            hint=f"name the column with the splits: --official COLUMN, one of {', '.join(table.column_names[:40])}",
        )
    values = table.column(names[0]).cast(pa.string())
    if len(values.drop_null().unique()) < 2:
        raise NothingError(f"the column {names[0]!r} has fewer than two splits, so there is nothing to audit")
    rest = table.drop_columns(["split"]) if "split" in table.column_names else table
    return rest.append_column("split", values)


def audited(table: pa.Table, group_by: Sequence[str]) -> tuple[Mapping[str, leakage.Relation], tuple[Finding, ...]]:
    """Count the pairs of related clips across splits, and return a finding for each, up to ``MOST_PAIRS`` a relation.

    Raises:
        RecipeError: A column is not there, or nothing says which clips are related.
    """
    for name in group_by:
        if name not in table.column_names:
            raise RecipeError(f"there is no column {name!r}", hint=f"columns: {', '.join(table.column_names[:40])}")
    columns = leakage.related_by(table, group_by)
    if not columns:
        raise RecipeError(
            "nothing in the table says which clips are related",
            hint="name columns with --group-by; or audit the folder with the recordings, so that they are compared",
        )
    relations = leakage.relations(table, columns)
    found = [finding for name in columns if relations[name].straddling for finding in _pairs(table, name)]
    return relations, tuple(found)


def _pairs(table: pa.Table, name: str) -> Iterator[Finding]:
    values = leakage.relating(table, name)
    clips = table.filter(pc.and_(pc.is_valid(values), pc.is_valid(table.column("split"))))
    cells = pa.table({"value": leakage.relating(clips, name), "split": clips.column("split")})
    wide = cells.group_by("value").aggregate([("split", "count_distinct")])
    straddling = wide.filter(pc.greater(wide.column("split_count_distinct"), 1)).column("value").combine_chunks()
    inside = clips.filter(pc.is_in(cells.column("value"), straddling))
    place = [column for column in ("path", "file_name", "clip_id", "id") if column in inside.column_names][:2]
    said = inside.select(list(dict.fromkeys([*place, "split"]))).to_pylist()
    keyed = sorted(zip(leakage.relating(inside, name).to_pylist(), map(_named, said), said, strict=True), key=_order)
    pairs = (
        (value, one, other)
        for value, members in itertools.groupby(keyed, key=lambda item: item[0])
        for one, other in itertools.combinations(list(members), 2)
        if one[2]["split"] != other[2]["split"]
    )
    for value, one, other in itertools.islice(pairs, MOST_PAIRS):
        yield _finding(name, value, one[1:], other[1:])


def _finding(name: str, value: object, one: Sequence[Any], other: Sequence[Any]) -> Finding:
    why = leakage.HOW.get(name, f"both have {shown(name, 80)} = {shown(value, 80)}")
    return catalogue.finding(
        "split.leakage",
        f"{one[0]} ({shown(one[1]['split'])}) and {other[0]} ({shown(other[1]['split'])}) lie in two splits: {why}.",
        clip_id=one[1].get("clip_id"),
        path=one[1].get("path"),
        field=pointer(name),
        value=shown(value),
        hint="move both into one split, or take one out",
        evidence={"relation": name, "other": other[0], "split": one[1]["split"], "other_split": other[1]["split"]},
    )


def _named(row: Mapping[str, Any]) -> str:
    return shown(next((value for key, value in row.items() if key != "split" and value is not None), "a clip"))


def _order(item: tuple[object, str, Mapping[str, Any]]) -> tuple[str, str, str]:
    return str(item[0]), str(item[2]["split"]), item[1]
