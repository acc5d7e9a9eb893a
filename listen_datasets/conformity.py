"""Whether the user's columns of a manifest conform to the user's JSON Schema, as findings on the lines of their table."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue, tables
from listen_datasets.limits import rows
from listen_datasets.metadata.shown import shown
from listen_datasets.model import Finding, Scalar
from listen_datasets.schema import MetadataSchema, Violation

_PLACE = ("clip_id", "metadata_file", "metadata_line")
_MOST_NAMES = 10  # of missing values that a sentence lists


def violations(manifest: pa.Table, schema: MetadataSchema, name: str) -> Iterator[Finding]:
    """Yield ``metadata.schema`` for each value that breaks the schema.

    A recording that no row describes gives one finding if the schema requires anything; a dataset without metadata gives
    one ``metadata.none`` and is not checked.

    Args:
        manifest: One row a clip.
        schema: The schema, for rows under the user's own names.
        name: What the schema's file is called.
    """
    users = tables.user_columns(manifest)
    if not users:
        if manifest.num_rows:
            yield catalogue.finding(
                "metadata.none", f"There is no metadata, so that nothing was checked against {name}."
            )
        return
    described = pc.is_valid(manifest.column("metadata_line"))
    table = manifest.select([*users, *_PLACE])
    if manifest.column("metadata_line").null_count:
        table = table.filter(described)
    place = table.select(list(_PLACE))
    for violation in schema.judge(table.select(list(users)).rename_columns(list(users.values()))):
        yield _finding(violation, place, name)
    yield from _without_row(manifest, pc.invert(described), schema, name)


def _finding(violation: Violation, place: pa.Table, name: str) -> Finding:
    clip_id, file, line = (column[violation.index].as_py() for column in place.columns)
    return catalogue.finding(
        "metadata.schema",
        violation.message,
        clip_id=clip_id,
        path=file,
        line=line,
        field=violation.pointer,
        value=violation.value,
        hint=violation.hint or f"correct the table, or what {name} says",
        evidence=_evidence(violation),
    )


def _evidence(violation: Violation) -> dict[str, Scalar]:
    """Return the rule that is broken, what it expects, and the column as it is called in the table."""
    column = violation.pointer.partition("/")[2].partition("/")[0].replace("~1", "/").replace("~0", "~")
    evidence: dict[str, Scalar] = {"rule": violation.keyword}
    if column:
        evidence["column"] = shown(column)
    if violation.expected is not None:
        evidence["expected"] = violation.expected
    return evidence


def _without_row(manifest: pa.Table, mask: pa.ChunkedArray, schema: MetadataSchema, name: str) -> Iterator[Finding]:
    """Yield one finding for each recording without a row, if a row without values would break the schema."""
    missing = [violation.pointer.removeprefix("/") for violation in schema.check([(0, {})])]
    if not missing:
        return
    listed = ", ".join(f"`{value}`" for value in missing[:_MOST_NAMES] if value)
    more = f" and {len(missing) - _MOST_NAMES} more" if len(missing) > _MOST_NAMES else ""
    for row in rows(manifest, mask, ("clip_id", "path")):
        yield catalogue.finding(
            "metadata.schema",
            f"No row of the metadata describes the recording, but {name} requires {listed or 'values'}{more}.",
            clip_id=row["clip_id"],
            path=row["path"],
            hint="add a row for it, or take the recording out of the source",
        )
