"""JSON Lines: one object a line, read by Python's own parser with everything refused that would change a value."""

from __future__ import annotations

from typing import BinaryIO

from listen_datasets.metadata.empty_lines import EmptyLines
from listen_datasets.metadata.json_objects import JsonObjects
from listen_datasets.metadata.lines import text_lines
from listen_datasets.metadata.strict_json import parse
from listen_datasets.metadata.table import MetadataTable


def read_json_lines(file: BinaryIO, *, name: str) -> MetadataTable:
    """Read a table with one JSON object a line; a key that is null or not there is an absent value.

    A line that is no object, or holds what :func:`listen_datasets.metadata.strict_json.parse` refuses, is refused alone.

    Raises:
        MetadataError: A line is no text, or most lines are refused.
        NothingError: There is no row.
    """
    rows = JsonObjects(name)
    empty = EmptyLines(name)
    for line, text in text_lines(file, name=name):
        if not text.strip(" \t\r\n"):
            empty.add(line)
            continue
        empty.row_follows()
        try:
            value = parse(text)
        except ValueError as error:
            rows.refuse(line, str(error))
        else:
            rows.add(value, line, characters=len(text))
    return rows.finish(noticed=empty.findings())
