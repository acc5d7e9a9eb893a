"""Values that come twice where each should come once: ids, and columns of which the schema says so (``x-unique``)."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.recipe import Recipe, Validate
from listen_datasets.tables import user_columns

IDS = ("id", "uid", "uuid", "utt_id", "utterance_id", "sample_id", "clip_id")
"""Columns that name a row, whatever the schema says."""

_LISTED = 5


def check(table: pa.Table, config: Validate, _recipe: Recipe) -> list[Finding]:
    """Return ``metadata.not_unique`` for columns that the schema marks, ``metadata.duplicate_id`` for ids; once a value."""
    findings: list[Finding] = []
    for arrival, name in user_columns(table).items():
        if pa.types.is_nested(table.schema.field(arrival).type):
            continue
        if name in config.unique_columns:
            findings += _repeated(table, "metadata.not_unique", name, arrival)
        elif name.lower() in IDS:
            findings += _repeated(table, "metadata.duplicate_id", name, arrival)
    return findings


def _repeated(table: pa.Table, code: str, name: str, arrival: str) -> Iterator[Finding]:
    column = table.column(arrival)
    counted = pc.value_counts(column.drop_null())
    several = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    described = table.select(["metadata_file", "metadata_line"]).append_column("value", column)
    described = described.filter(pc.is_in(column, several))
    # A row of the metadata may describe several clips; its value stands there once.
    places = described.group_by(["value", "metadata_file", "metadata_line"], use_threads=False).aggregate([])
    values = places.group_by("value", use_threads=False).aggregate(
        [("metadata_line", "count"), ("metadata_line", "list"), ("metadata_file", "first")]
    )
    repeated = values.filter(pc.greater(values.column("metadata_line_count"), 1)).sort_by("value")
    lines = pc.list_slice(repeated.column("metadata_line_list"), 0, _LISTED)
    repeated = repeated.drop_columns(["metadata_line_list"]).append_column("lines", lines)
    for row in repeated.to_pylist():
        count, listed = row["metadata_line_count"], ", ".join(map(str, row["lines"]))
        more = f" and {count - _LISTED:,} more" if count > _LISTED else ""
        yield catalogue.finding(
            code,
            f"`{shown(row['value'], 80)}` stands {count:,} times in `{shown(name, 80)}`: lines {listed}{more}.",
            path=row["metadata_file_first"],
            line=row["lines"][0],
            field=pointer(name),
            value=shown(row["value"]),
            evidence={"value": count, "threshold": 1},
        )
