"""JSON Lines: one object a line, read by Python's own parser with everything refused that would change a value."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any, BinaryIO

from listen_datasets.errors import MetadataError, NothingError
from listen_datasets.metadata.json_columns import JsonColumns
from listen_datasets.metadata.lines import text_lines
from listen_datasets.metadata.strict_json import parse
from listen_datasets.metadata.table import MetadataTable

_BATCH = 4096  # rows that are held as Python objects


def read_json_lines(file: BinaryIO, *, name: str) -> MetadataTable:
    """Read a table with one JSON object a line; a key that is null or not there is an absent value.

    Raises:
        MetadataError: A line is no object, or holds what :func:`listen_datasets.metadata.strict_json.parse` refuses.
        NothingError: There is no row.
    """
    lines = array("q")
    columns = JsonColumns(name)
    batch: list[dict[str, Any]] = []
    for line, row in _objects(file, name):
        lines.append(line)
        batch.append(row)
        if len(batch) == _BATCH:
            columns.append(batch)
            batch = []
    columns.append(batch)
    if not lines:
        raise NothingError("the table is empty", where=name)
    table, findings = columns.finish(lines)
    return MetadataTable(name=name, columns=table, lines=lines, findings=findings)


def _objects(file: BinaryIO, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    empty: int | None = None
    for line, text in text_lines(file, name=name):
        if not text.strip(" \t\r\n"):
            empty = empty or line
            continue
        if empty is not None:
            raise MetadataError("an empty line stands between the rows", where=f"{name}:{empty}", hint="remove it")
        yield line, _object(text, where=f"{name}:{line}")


def _object(text: str, *, where: str) -> dict[str, Any]:
    try:
        value = parse(text)
    except ValueError as error:
        raise MetadataError(str(error), where=where) from None
    if not isinstance(value, dict):
        hint = 'write one object a line, such as {"file_name": "a.wav"}'
        raise MetadataError(f"the line is {_ARTICLES[type(value)]}, not an object", where=where, hint=hint)
    return value


_ARTICLES = {
    list: "an array",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "a truth value",
    type(None): "null",
}
