"""The metadata of Parquet shards as one table a split: every column under its own name, and what the shards' names say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pyarrow as pa

from listen_datasets.errors import MetadataError
from listen_datasets.metadata.shown import shown
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.model import Finding
from listen_datasets.stores.hf_index import HfIndex
from listen_datasets.stores.own_columns import KEY, beside, renamed
from listen_datasets.stores.splits import pattern


def table_of(index: HfIndex, paths: Sequence[str], config: str | None, split: str | None) -> MetadataTable:
    """Return the metadata of the shards of one split.

    Args:
        index: All shards.
        paths: Those of the split.
        config: Name of its configuration; None if the dataset has none.
        split: Its name, if the shards say it.

    Raises:
        MetadataError: A column has different types in different shards.
    """
    name = pattern(paths)
    rows = sum(index.shards[path].rows for path in paths)
    said = {"config": config, "split": split}
    added = {key: pa.repeat(value, rows) for key, value in said.items() if value is not None}
    columns = renamed(_stacked(index, paths, name), {KEY: None, **said}, cuts=False)
    files = pa.chunked_array([chunk for path in paths for chunk in index.of_shard(path).chunks], pa.large_string())
    return MetadataTable(
        name=name,
        columns=beside({KEY: files.cast(pa.string()), **added}, columns),
        lines=range(1, rows + 1),
        findings=tuple(_findings(index, paths, name)),
    )


def _stacked(index: HfIndex, paths: Sequence[str], name: str) -> pa.Table:
    """Return the columns of all shards of a split; a column that a shard lacks is null there."""
    names = dict.fromkeys(name for path in paths for name in _columns(index, path).column_names)
    types = _types(index)
    arrays = {}
    for column in names:
        kinds = types[column]
        if len(kinds) > 1:
            listed = ", ".join(sorted(shown(str(kind), 40) for kind in kinds))
            message = f"the column `{shown(column, 80)}` has different types in different shards: {listed}"
            raise MetadataError(message, where=shown(name), hint="is one of the shards of another dataset?")
        kind = next(iter(kinds), pa.string())
        pieces = [_column(_columns(index, path), column, index.shards[path].rows, kind) for path in paths]
        arrays[column] = pa.chunked_array(pieces, kind)
    return pa.table(arrays)


def _columns(index: HfIndex, path: str) -> pa.Table:
    columns = index.shards[path].columns
    return pa.table({}) if columns is None else columns


def _types(index: HfIndex) -> dict[str, set[pa.DataType]]:
    """Return the types of each column in all shards of all splits, but for those that hold no value."""
    types: dict[str, set[pa.DataType]] = {}
    for path in index.shards:
        for field in _columns(index, path).schema:
            types.setdefault(field.name, set()).update(() if pa.types.is_null(field.type) else (field.type,))
    return types


def _column(columns: pa.Table, name: str, rows: int, kind: pa.DataType) -> pa.Array:
    if name not in columns.column_names or pa.types.is_null(columns.schema.field(name).type):
        return pa.nulls(rows, kind)
    return columns[name].combine_chunks()


def _findings(index: HfIndex, paths: Sequence[str], name: str) -> Iterator[Finding]:
    """Yield what is wrong with the shards, under the name and the lines of the table; what is wrong with all, once."""
    before = 0
    seen: set[tuple[str, str | None]] = set()
    for path in paths:
        for finding in index.shards[path].findings:
            if finding.line is not None:
                yield msgspec.structs.replace(finding, path=name, line=finding.line + before)
            elif (finding.code, finding.field) not in seen:
                seen.add((finding.code, finding.field))
                yield msgspec.structs.replace(finding, path=name)
        before += index.shards[path].rows
