"""The manifest as an Arrow table: its columns come from ``schemas/manifest.schema.json`` and from nowhere else."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from listen_datasets.errors import InternalError
from listen_datasets.model import Finding, Rejected

DECLARED = "declared_"
"""Prefix of a user's column whose name ``lds`` owns: ``duration`` of the user's table arrives as ``declared_duration``."""

_ARROW = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "list[float64]": pa.list_(pa.float64()),
}

REJECTED_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("fate", pa.string(), nullable=False),
        pa.field("bytes", pa.int64()),
        pa.field("sha256", pa.string()),
    ]
)

FINDINGS_SCHEMA = pa.schema(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
        pa.field("clip_id", pa.string()),
        pa.field("path", pa.string()),
        pa.field("line", pa.int64()),
        pa.field("field", pa.string()),
        pa.field("value", pa.string()),
        pa.field("hint", pa.string()),
        pa.field("evidence", pa.string(), metadata={"description": "JSON object of the numbers behind the finding"}),
    ]
)


def schemas_folder() -> Path:
    """Return the folder of the shipped schemas: inside the wheel, or at the top of a source checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "schemas", here.parent / "schemas"):
        if (folder / "manifest.schema.json").is_file():
            return folder
    raise InternalError("the schemas of lds are not installed", hint="reinstall the package listen-datasets")


@functools.cache
def owned_columns() -> Mapping[str, Mapping[str, Any]]:
    """Return the columns that ``lds`` owns, in order: name to its entry in the manifest's schema."""
    document = json.loads((schemas_folder() / "manifest.schema.json").read_text(encoding="utf-8"))
    return dict(document["properties"])


@functools.cache
def added_by(stage: str) -> tuple[str, ...]:
    """Return the names of the columns that a stage adds to the manifest."""
    return tuple(name for name, entry in owned_columns().items() if entry["x-stage"] == stage)


def arrow_field(name: str) -> pa.Field:
    """Return the Arrow field of a column that ``lds`` owns, with its description and unit as metadata."""
    entry = owned_columns()[name]
    notes = {"description": entry["description"]}
    if "x-unit" in entry:
        notes["unit"] = entry["x-unit"]
    return pa.field(name, _ARROW[entry["x-arrow"]], metadata=notes)


def user_columns(table: pa.Table) -> dict[str, str]:
    """Return the user's columns of a manifest: column name to the name it has in the user's own table."""
    owned = owned_columns()
    return {
        name: name.removeprefix(DECLARED) if name.removeprefix(DECLARED) in owned else name
        for name in table.column_names
        if name not in owned
    }


def manifest_name(name: str) -> str:
    """Return the column of the manifest in which a column of the user's table arrives."""
    return DECLARED + name if name in owned_columns() else name


def table_of(rows: Sequence[dict[str, Any]], stage: str) -> pa.Table:
    """Build the columns that a stage adds from one dictionary a row; a missing key is null."""
    schema = pa.schema([arrow_field(name) for name in added_by(stage)])
    if not rows:
        return pa.Table.from_batches([], schema)  # without an array, which makes Arrow import pandas
    # As structs they are taken apart by Arrow, three times as fast as column after column here.
    structs = pa.array(rows, pa.struct(list(schema)))
    return pa.Table.from_batches([pa.RecordBatch.from_struct_array(structs)], schema=schema)


def with_columns(table: pa.Table, columns: Mapping[str, Iterable[Any] | pa.Array]) -> pa.Table:
    """Append columns that ``lds`` owns, with their types and notes, to a manifest."""
    for name, values in columns.items():
        field = arrow_field(name)
        array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(list(values), field.type)
        table = table.append_column(field, array)
    return table


def rejected_table(rows: Iterable[Rejected]) -> pa.Table:
    """Build ``rejected.parquet``, sorted by source and path."""
    ordered = sorted(rows, key=lambda row: (row.source, row.path))
    if not ordered:
        return pa.Table.from_batches([], REJECTED_SCHEMA)
    columns = {name: [getattr(row, name) for row in ordered] for name in REJECTED_SCHEMA.names}
    return pa.table(columns, schema=REJECTED_SCHEMA)


def findings_table(findings: Iterable[Finding]) -> pa.Table:
    """Build ``findings/<stage>.parquet``; the evidence becomes JSON text."""
    items = list(findings)
    columns: dict[str, list[Any]] = {name: [getattr(item, name) for item in items] for name in FINDINGS_SCHEMA.names}
    columns["evidence"] = [
        None if item.evidence is None else json.dumps(item.evidence, sort_keys=True, allow_nan=False) for item in items
    ]
    return pa.table(columns, schema=FINDINGS_SCHEMA)


def findings_of(table: pa.Table) -> tuple[Finding, ...]:
    """Read findings back from their table."""
    return tuple(
        Finding(**{**row, "evidence": None if row["evidence"] is None else json.loads(row["evidence"])})
        for row in table.to_pylist()
    )
