"""A metadata table as it was read: its columns, and the line that each row stands on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from listen_datasets.errors import MetadataError
from listen_datasets.metadata.shown import shown
from listen_datasets.model import Finding
from listen_datasets.text import visible

MAX_COLUMNS = 10_000
"""Most columns a metadata table may have: enough for a table of acoustic features, too few to exhaust memory."""


@dataclass(frozen=True, kw_only=True)
class MetadataTable:
    """The user's table about the recordings.

    Attributes:
        name: The file as findings name it, such as ``metadata.csv``.
        columns: One row a row of the file. Every column of a CSV or TSV is text; null is an absent value.
        lines: Where each row begins: the physical line from 1 in text, the row number from 1 in Parquet.
        findings: What was noticed while reading.
        sha256: Digest of the file's bytes, from the same opening of the file.
    """

    name: str
    columns: pa.Table
    lines: Sequence[int]
    findings: tuple[Finding, ...] = ()
    sha256: str | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.columns.num_rows)


def check_names(names: Iterable[str], *, where: str) -> tuple[str, ...]:
    """Return the names of the columns if a reader can tell them apart.

    Raises:
        MetadataError: A name is empty, doubled or holds control characters, or there are too many of them.
    """
    seen: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        if not name.strip():
            raise MetadataError(f"column {position} has no name", where=where, hint="give every column a name")
        if name in seen:
            message = f"columns {seen[name]} and {position} are both called `{shown(name)}`"
            raise MetadataError(message, where=where, hint="rename one of them")
        if visible(name, limit=len(name)) != name:
            message = f"the name of column {position} holds control characters: `{shown(name)}`"
            raise MetadataError(message, where=where, hint="is the separator right, and the first line the header?")
        seen[name] = position
        if position > MAX_COLUMNS:
            raise MetadataError(f"the table has more than {MAX_COLUMNS} columns", where=where)
    return tuple(seen)
