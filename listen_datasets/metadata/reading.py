"""One door for all metadata tables: the suffix says the format, and the content must agree."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from listen_datasets.errors import MachineError, MetadataError, NothingError
from listen_datasets.inputs import InputProblem, opened
from listen_datasets.metadata.delimited import read_delimited
from listen_datasets.metadata.json_lines import read_json_lines
from listen_datasets.metadata.parquet import read_parquet
from listen_datasets.metadata.strict_json import parse
from listen_datasets.metadata.table import MetadataTable

_READERS: dict[str, Callable[..., MetadataTable]] = {
    ".csv": partial(read_delimited, separator=","),
    ".tsv": partial(read_delimited, separator="\t"),
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".parquet": read_parquet,
}
SUFFIXES = tuple(_READERS)
"""The formats that are read."""

_HEAD = 4096
_SAVE = "open it in the program that wrote it and save the table as CSV (UTF-8)"
_UNPACK = "unpack it first"
# First bytes of what people hand over in place of a table: its name, and what to do.
_STRANGERS = (
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook (.xlsx)", _SAVE),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", _SAVE),
    (b"%PDF", "a PDF", _SAVE),
    (b"\xff\xfe", "UTF-16 text", "convert it: iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "convert it: iconv -f UTF-16 -t UTF-8"),
)
_PAGES = (b"<!doctype html", b"<html")


def read(path: Path, *, name: str) -> MetadataTable:
    """Read a metadata table in one of the formats of ``SUFFIXES``.

    Args:
        path: The file.
        name: How findings and errors call it.

    Raises:
        MetadataError: The file cannot be read to its end as what its suffix says; the message says line and reason.
        NothingError: There is no row in it.
        MachineError: The machine failed while reading.
    """
    try:
        with opened(path.parent, path.name) as source, os.fdopen(os.dup(source.fd), "rb") as file:
            table = _read(file, path.suffix.lower(), name)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            source.check_unchanged()
    except InputProblem as problem:
        raise MetadataError(problem.reason, where=name) from problem
    except OSError as error:
        raise MachineError(f"the table cannot be read: {error.strerror}", where=name) from error
    return replace(table, sha256=digest)


def _read(file: BinaryIO, suffix: str, name: str) -> MetadataTable:
    _check_content(file.read(_HEAD), suffix, name)
    reader = _READERS.get(suffix)
    if reader is None:
        known = ", ".join(SUFFIXES)
        raise MetadataError("the suffix names no format that is read", where=name, hint=f"formats: {known}")
    file.seek(0)
    return reader(file, name=name)


def _check_content(head: bytes, suffix: str, name: str) -> None:
    """Refuse a file whose first bytes contradict its suffix."""
    if not head:
        raise NothingError("the table is empty", where=name)
    found = _recognised(head)
    if found is not None:
        what, hint = found
        raise MetadataError(f"the file is {what}, not a table in {suffix or 'a known format'}", where=name, hint=hint)
    if (suffix == ".parquet") != head.startswith(b"PAR1"):
        is_parquet = head.startswith(b"PAR1")
        message = "the file is Parquet" if is_parquet else "the file is not Parquet: it does not begin with PAR1"
        raise MetadataError(message, where=name, hint="give it the suffix of what it holds")
    _check_json(head, suffix, name)


def _recognised(head: bytes) -> tuple[str, str] | None:
    for magic, what, hint in _STRANGERS:
        if head.startswith(magic):
            return what, hint
    if head.lstrip()[:20].lower().startswith(_PAGES):
        return "an HTML page", "was the download refused? fetch it again"
    return None


def _check_json(head: bytes, suffix: str, name: str) -> None:
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    if suffix in {".jsonl", ".ndjson"}:
        if text.startswith("["):
            hint = "write one object a line: jq -c '.[]'"
            raise MetadataError("the file is a JSON array, not JSON Lines", where=name, hint=hint)
        if text and not text.startswith("{"):
            raise MetadataError("the file is not JSON Lines: it does not begin with {", where=f"{name}:1")
    elif suffix in {".csv", ".tsv"} and _is_json(text.partition("\n")[0]):
        raise MetadataError("the file is JSON", where=name, hint="name JSON Lines .jsonl")


def _is_json(text: str) -> bool:
    if not text.startswith(("{", "[")):
        return False
    try:
        parse(text)
    except ValueError:
        return False
    return True
