"""What two splits have in common, counted from the finished table: a second opinion on how the splits were made."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

CONTENT = ("sha256", "pcm_md5", "recording_id")
"""Columns whose values never straddle splits, whatever the clips are grouped by: clips of one recording stay together."""


NEAR = "duplicate_group"
"""Column that names the group of copies that a clip belongs to, near ones among them; null for a clip that has none."""

HOW = {
    "sha256": "the bytes of their files are the same, by their SHA-256",
    "pcm_md5": "their decoded samples are the same, by their MD5; digital silence is no copy",
    "recording_id": "they are parts of one recording",
    NEAR: "one is a copy of the other, as `lds dedup` found them",
}
"""When clips are related, by column; all other columns relate clips with equal values."""


def related_by(manifest: pa.Table, group_by: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that relate clips: those that they are grouped by, and those that always do."""
    always = (*CONTENT, NEAR)
    return tuple(dict.fromkeys((*group_by, *(name for name in always if name in manifest.column_names))))


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """How far the values of a column keep to one split.

    Attributes:
        values: Distinct values of clips that have a split; nulls are no value.
        straddling: Those that occur in more than one split.
        pairs_across: Pairs of clips with the same value in different splits.
    """

    values: int
    straddling: int
    pairs_across: int


def relations(manifest: pa.Table, columns: Iterable[str]) -> dict[str, Relation]:
    """Count, for each column, the values that occur in two splits; a clip whose ``split`` is null is left out."""
    clips = manifest.filter(pc.is_valid(manifest.column("split")))
    return {name: _relation(clips.column("split"), relating(clips, name)) for name in columns}


def relating(clips: pa.Table, name: str) -> pa.ChunkedArray:
    """Return the values of a column (n clips) that relate clips: null is none.

    Digital silence has the same samples wherever it is cut from, without being a copy.
    """
    column = clips.column(name)
    if name != "pcm_md5":
        return column
    return pc.if_else(pc.is_valid(clips.column("peak_dbfs")), column, pa.scalar(None, column.type))


def _relation(split: pa.ChunkedArray, column: pa.ChunkedArray) -> Relation:
    pairs = pa.table({"split": split, "value": column}).filter(pc.is_valid(column))
    cells = pairs.group_by(["value", "split"]).aggregate([([], "count_all")])
    squares = pc.multiply(cells.column("count_all"), cells.column("count_all"))
    values = cells.append_column("squares", squares).group_by("value")
    sums = values.aggregate([([], "count_all"), ("count_all", "sum"), ("squares", "sum")])
    clips = sums.column("count_all_sum")
    across = pc.subtract(pc.multiply(clips, clips), sums.column("squares_sum"))
    return Relation(
        values=sums.num_rows,
        straddling=pc.sum(pc.greater(sums.column("count_all"), 1)).as_py() or 0,
        pairs_across=(pc.sum(across).as_py() or 0) // 2,
    )
