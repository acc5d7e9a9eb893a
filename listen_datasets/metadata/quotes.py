"""Where quotes open and close in a record of CSV or TSV: to point at the one that was forgotten."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{2,5}$")


def last_quote(text: str, separator: str) -> int | None:
    """Return the offset at which the last quoted field of a record opens; it may be unclosed, or closed too early."""
    opened, at = None, 0
    while True:
        if text.startswith('"', at):
            opened = at
            end = _closing(text, at + 1)
            if end is None or text[end + 1 : end + 2] not in {"", separator, "\r", "\n"}:
                return opened
            at = end
        found = text.find(separator, at)
        if found < 0:
            return opened
        at = found + 1


def _closing(text: str, start: int) -> int | None:
    at = text.find('"', start)
    while at >= 0 and text.startswith('"', at + 1):
        at = text.find('"', at + 2)
    return at if at >= 0 else None


def holds_rows(fields: Sequence[str], separator: str) -> bool:
    """Tell whether a field of a record holds further records: a quote was forgotten, and another row's closed it.

    That cannot be proved, for a quoted field may hold anything. It is said of a line inside a field that would be a
    whole record and names a file in the column in which this record does.
    """
    suffixes = {column: found[0] for column, field in enumerate(fields) if (found := _SUFFIX.search(field))}
    for field in fields:
        for line in field.splitlines()[1:] if "\n" in field else ():
            inner = line.split(separator)
            if len(inner) == len(fields) and any(inner[column].endswith(end) for column, end in suffixes.items()):
                return True
    return False
