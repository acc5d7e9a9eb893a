"""One door for all metadata tables: the suffix says the format, and the content must agree.

Parquet and workbooks are unpacked by libraries of native code and may become a thousand times larger than they are, so
that is done in a child process with limited memory, which may die at the cost of the table alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

import pyarrow as pa

from listen_datasets.errors import MachineError, MetadataError
from listen_datasets.executors import Done, Executor
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.inputs import InputProblem, OpenInput, opened
from listen_datasets.metadata.delimited import read_delimited
from listen_datasets.metadata.excel import read_excel
from listen_datasets.metadata.json_array import read_json_array
from listen_datasets.metadata.json_lines import read_json_lines
from listen_datasets.metadata.parquet import read_parquet
from listen_datasets.metadata.recognition import HEAD, check_content
from listen_datasets.metadata.table import MetadataTable

_READERS: dict[str, Callable[..., MetadataTable]] = {
    ".csv": partial(read_delimited, separator=","),
    ".tsv": partial(read_delimited, separator="\t"),
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json_array,
    ".parquet": read_parquet,
    ".xlsx": read_excel,
}
SUFFIXES = tuple(_READERS)
"""The formats that are read."""

_UNPACKED = frozenset({".parquet", ".xlsx"})
_SECONDS = 300.0

Task = TypeVar("Task")


def read(path: Path, *, name: str, executor: Executor | None = None) -> MetadataTable:
    """Read a metadata table in one of the formats of ``SUFFIXES``.

    Args:
        path: The file.
        name: How findings and errors call it.
        executor: What reads Parquet and workbooks; one process with limited memory if left out.

    Raises:
        MetadataError: The file cannot be read to its end as what its suffix says; the message says line and reason.
        NothingError: There is no row in it.
        MachineError: The machine failed while reading.
    """
    return apart(_file, (path, name), suffix=path.suffix, name=name, executor=executor)


def apart(
    reader: Callable[[Task], MetadataTable], task: Task, *, suffix: str, name: str, executor: Executor | None = None
) -> MetadataTable:
    """Read a table here, or in a process of its own if its format is one that is unpacked.

    Args:
        reader: What reads it; a function of a module.
        task: Its argument, which goes to another process.
        suffix: Suffix of the table, which says its format.
        name: How findings and errors call it.
        executor: What reads Parquet and workbooks; one process with limited memory if left out.

    Raises:
        MetadataError: The process did not survive it.
    """
    if suffix.lower() not in _UNPACKED:
        return reader(task)
    pool = LocalProcesses(workers=1, timeout=_SECONDS) if executor is None else executor
    (result,) = pool.map(partial(_packed, reader), [task])
    if isinstance(result, Done):
        return _unpacked(*result.value)
    hint = "the file is damaged or was made to do harm; export the table again, or as CSV (UTF-8)"
    raise MetadataError(f"the table could not be read: {result.reason}", where=name, hint=hint)


def table_of(opening: AbstractContextManager[OpenInput], suffix: str, *, name: str) -> MetadataTable:
    """Read a table from its file, once, with the digest of what was read.

    Args:
        opening: Opens the file.
        suffix: Its suffix, which says the format.
        name: How findings and errors call it.

    Raises:
        MetadataError: It cannot be opened, or not be read to its end as what its suffix says.
        NothingError: There is no row in it.
        MachineError: The machine failed while reading.
    """
    try:
        with opening as source, os.fdopen(os.dup(source.fd), "rb") as file:
            table = _read(file, suffix.lower(), name)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            source.check_unchanged()
    except InputProblem as problem:
        raise MetadataError(problem.reason, where=name) from problem
    except OSError as error:
        raise MachineError(f"the table cannot be read: {error.strerror}", where=name) from error
    return replace(table, sha256=digest)


def _file(task: tuple[Path, str]) -> MetadataTable:
    path, name = task
    return table_of(opened(path.parent, path.name), path.suffix, name=name)


def _packed(reader: Callable[[Task], MetadataTable], task: Task) -> tuple[MetadataTable, pa.Buffer]:
    """Return a table without its columns, and these compressed.

    On its way to the parent a table is there four times, twice in each process; only the last time it has its full size.
    """
    table = reader(task)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.columns.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write(table.columns)
    return replace(table, columns=table.columns.schema.empty_table()), sink.getvalue()


def _unpacked(table: MetadataTable, columns: pa.Buffer) -> MetadataTable:
    with pa.ipc.open_stream(columns) as stream:
        return replace(table, columns=stream.read_all())


def _read(file: BinaryIO, suffix: str, name: str) -> MetadataTable:
    check_content(file.read(HEAD), suffix, name)
    reader = _READERS.get(suffix)
    if reader is None:
        hint = f"formats: {', '.join(SUFFIXES)}"
        raise MetadataError("the suffix names no format that is read", where=name, hint=hint)
    file.seek(0)
    return reader(file, name=name)
