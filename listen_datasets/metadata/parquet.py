"""Parquet: what the footer claims is only a first filter; every page is checked and every row is counted.

The types that arrive are text, truth values, numbers, and lists and structs of these. Dictionaries are decoded, extension
types give way to what they store. Dates, times and decimals become text (ISO 8601, plain digits), because text survives
every reader.
"""

from __future__ import annotations

import os
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listen_datasets.errors import MetadataError, NothingError
from listen_datasets.metadata.shown import shown
from listen_datasets.metadata.table import MetadataTable, check_names, check_rows

MAX_BYTES = 4 * 2**30
"""Most bytes that a table may decode to."""
FREE_BYTES = 2**28
"""So many bytes may any table decode to."""
MAX_RATIO = 100
"""Most bytes beyond that which a byte of the file may decode to: a file of a kilobyte can claim a hundred gigabytes."""

_BATCH = 1024  # rows decoded at once
_DAMAGED = "the file is damaged or was not written to its end; copy or export it again"


def read_parquet(file: BinaryIO, *, name: str, max_bytes: int = MAX_BYTES) -> MetadataTable:
    """Read a Parquet table; the line of a row is its number, from 1.

    Args:
        file: The file.
        name: How findings and errors call it.
        max_bytes: Most bytes that it may decode to.

    Raises:
        MetadataError: The file is damaged, too large, or has a column that is no metadata.
        NothingError: There is no row.
    """
    size = file.seek(0, os.SEEK_END)
    max_bytes = min(max_bytes, max(FREE_BYTES, MAX_RATIO * size))
    try:
        parquet = pq.ParquetFile(file, page_checksum_verification=True, arrow_extensions_enabled=False)
        return _read(parquet, name, max_bytes)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        # pyarrow reports damage as OSError too; UnicodeDecodeError is a column name that is no UTF-8.
        message = f"the Parquet file cannot be read: {shown(str(error))}"
        raise MetadataError(message, where=name, hint=_DAMAGED) from error


def _read(parquet: pq.ParquetFile, name: str, max_bytes: int) -> MetadataTable:
    footer = parquet.metadata
    claimed = _claimed(footer)
    check_rows(footer.num_rows, where=name)
    schema = parquet.schema_arrow
    check_names(schema.names, where=name)
    schema = pa.schema([pa.field(field.name, plain_type(field.type, field.name, name)) for field in schema])
    if claimed > max_bytes:
        raise _too_large(name, max_bytes)
    columns: list[list[pa.Array]] = [[] for _ in schema]
    size = 0
    for batch in parquet.iter_batches(_BATCH):
        batch.validate(full=True)
        for pieces, column, field in zip(columns, batch.columns, schema, strict=True):
            pieces.append(converted(column, field.type))
            size += pieces[-1].nbytes
        if size > max_bytes:
            raise _too_large(name, max_bytes)
    table = pa.Table.from_arrays(
        [_joined(pieces, field.type) for pieces, field in zip(columns, schema, strict=True)], schema=schema
    )
    if table.num_rows != footer.num_rows:
        message = f"the footer claims {footer.num_rows} rows, but {table.num_rows} were read"
        raise MetadataError(message, where=name, hint=_DAMAGED)
    if not table.num_rows:
        raise NothingError("the table has no rows", where=name)
    return MetadataTable(name=name, columns=table, lines=range(1, table.num_rows + 1))


def _joined(pieces: list[pa.Array], kind: pa.DataType) -> pa.Array:
    """Return the pieces of a column as one, and let go of them: the table is never there twice."""
    column = pa.concat_arrays(pieces) if pieces else pa.array([], kind)
    pieces.clear()
    return column


def _claimed(footer: pq.FileMetaData) -> int:
    """Return how many bytes the table has by its own account; a value has at least one, whatever it is packed into."""
    groups = (footer.row_group(index) for index in range(footer.num_row_groups))
    columns = (group.column(index) for group in groups for index in range(group.num_columns))
    packed = sum(max(column.total_uncompressed_size, column.num_values) for column in columns)
    return int(max(packed, footer.num_rows * footer.num_columns))


def _too_large(name: str, max_bytes: int) -> MetadataError:
    message = f"the table decodes to more than {max_bytes} bytes"
    return MetadataError(message, where=name, hint="keep audio and long arrays out of the metadata")


def plain_type(kind: pa.DataType, column: str, name: str) -> pa.DataType:
    """Return the type in which a column arrives."""
    types = pa.types
    if types.is_dictionary(kind):
        return plain_type(kind.value_type, column, name)
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type, column, name)
    if types.is_struct(kind):
        fields = [kind.field(position) for position in range(kind.num_fields)]
        if fields:
            return pa.struct([pa.field(field.name, plain_type(field.type, column, name)) for field in fields])
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return pa.list_(plain_type(kind.value_type, column, name))
    if _is_textual(kind):
        return pa.string()
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind):
        return kind
    message = f"the column `{shown(column, 80)}` has the type {shown(str(kind), 80)}, which is no metadata"
    raise MetadataError(message, where=name, hint="leave the column out, or write it as text or numbers")


def _is_textual(kind: pa.DataType) -> bool:
    types = pa.types
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) or types.is_null(kind)
    is_temporal = types.is_date(kind) or types.is_time(kind) or types.is_timestamp(kind)
    return bool(is_text or is_temporal or types.is_decimal(kind))


def converted(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column in the type in which it arrives."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_timestamp(array.type):
        # Arrow's cast writes a space where ISO 8601 and the format `date-time` have a T.
        zone = "" if array.type.tz is None else "Z"
        array = pc.strftime(
            array.cast(pa.timestamp(array.type.unit, "UTC" if zone else None)), f"%Y-%m-%dT%H:%M:%S{zone}"
        )
    return array if array.type == kind else array.cast(kind)
