"""Parquet as ``lds`` writes it: page checksums, bytes that depend on the rows alone, and a look at the finished file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listen_datasets.errors import MachineError

_HEAD = 1 << 14


@dataclass(frozen=True)
class Form:
    """How a file is laid out.

    Attributes:
        schema: Of every table in it.
        footer: Key-value metadata added at the end.
        options: Arguments of :class:`pyarrow.parquet.ParquetWriter`.
    """

    schema: pa.Schema
    footer: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


def write(file: IO[bytes], tables: Iterable[pa.Table], form: Form) -> int:
    """Write one row group a table and return the number of rows.

    If a table cannot be written, the footer is not written either: no shorter file that looks complete.
    """
    rows = 0
    writer = pq.ParquetWriter(file, form.schema, **{"write_page_checksum": True, **form.options})
    for table in tables:
        # In one piece: how a table was chunked must not show in the pages.
        writer.write_table(table.combine_chunks())
        rows += table.num_rows
    if form.footer:
        writer.add_key_value_metadata(dict(form.footer))
    writer.close()
    return rows


def check(path: Path, *, rows: int) -> None:
    """Open a finished file as a reader does: its footer, its rows, and the pages that were encoded or compressed.

    Raises:
        MachineError: It does not hold what was written.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            found = sum(_decode(file, group) for group in range(file.metadata.num_row_groups))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, str(error)) from error
    if found != rows:
        raise _unreadable(path, f"{found} rows of {rows}")


def contents(path: Path) -> pa.Table:
    """Read a file whole, with its page checksums verified, a column at a time.

    All columns at once would need half as much memory again, which stays with the process. (And
    `pyarrow.parquet.read_table` works by way of `pyarrow.dataset`, which imports pandas.)

    Raises:
        pyarrow.ArrowException: It is not Parquet, or damaged.
        OSError: It cannot be read.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        schema = file.schema_arrow
        if not schema.names or any("." in name for name in schema.names):  # a dot may name a field of a struct
            return file.read()
        columns = [file.read(columns=[name], use_threads=False).column(0) for name in schema.names]
        return pa.Table.from_arrays(columns, schema=schema)


def repeating(table: pa.Table) -> list[str]:
    """Return the columns in which a dictionary saves anything: those that repeat half of their first values or more."""
    head = table.slice(0, _HEAD)
    flat = [field.name for field in table.schema if not pa.types.is_nested(field.type)]
    return [name for name in flat if 2 * len(pc.unique(head.column(name))) <= head.num_rows]


def _decode(file: pq.ParquetFile, group: int) -> int:
    """Decode a row group and return its rows; plain bytes are left to the digest, which has covered them."""
    row_group = file.metadata.row_group(group)
    chunks = [row_group.column(leaf) for leaf in range(row_group.num_columns)]
    encoded = [chunk.path_in_schema for chunk in chunks if not _is_plain(chunk)]
    if not encoded:
        return int(row_group.num_rows)
    return int(file.read_row_group(group, columns=encoded, use_threads=False).num_rows)


def _is_plain(chunk: pq.ColumnChunkMetaData) -> bool:
    return chunk.compression == "UNCOMPRESSED" and not chunk.has_dictionary_page


def _unreadable(path: Path, reason: str) -> MachineError:
    return MachineError(
        f"a Parquet file does not read back as it was written: {reason}",
        where=path.parent.name,
        hint="check the disk and the memory of this machine",
    )
