"""A metadata table as it was read: its columns, and the line that each row stands on."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from listen_datasets.errors import MetadataError
from listen_datasets.metadata.refusals import Refused
from listen_datasets.metadata.shown import shown
from listen_datasets.model import Finding
from listen_datasets.text import visible

MAX_COLUMNS = 10_000
"""Most columns a metadata table may have: enough for a table of acoustic features, too few to exhaust memory."""

MAX_ROWS = 10_000_000
"""Most rows of one metadata table: ten times what fits a laptop; more of them come in several tables."""


@dataclass(frozen=True, kw_only=True)
class MetadataTable:
    """The user's table about the recordings.

    Attributes:
        name: The file as findings name it, such as ``metadata.csv``.
        columns: One row a row of the file. Every column of a CSV, TSV or XLSX is text; null is an absent value.
        lines: Where each row begins: the physical line from 1 in text, the row number from 1 in Parquet and XLSX.
        findings: What was noticed while reading.
        sha256: Digest of the file's bytes, from the same opening of the file.
        refused: The rows of the file that are not in `columns`, in order; `findings` says the same of each.
        elements: Position (from 1) of each row in a JSON array, where many rows may stand on one line; else None.
    """

    name: str
    columns: pa.Table
    lines: Sequence[int]
    findings: tuple[Finding, ...] = ()
    sha256: str | None = None
    refused: tuple[Refused, ...] = ()
    elements: Sequence[int] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.columns.num_rows)


def check_rows(count: int, *, where: str) -> None:
    """Refuse a table with too many rows.

    Raises:
        MetadataError: There are more than ``MAX_ROWS``.
    """
    if count > MAX_ROWS:
        hint = "split it into several tables; a source may have as many as it likes"
        raise MetadataError(f"the table has more than {MAX_ROWS:,} rows", where=where, hint=hint)


def name_problem(name: str) -> str | None:
    """Return why a text cannot name a column, as the end of a sentence; None if it can."""
    if not name.strip():
        return "has no name"
    if visible(name, limit=len(name)) != name:
        return f"holds control characters in its name: `{shown(name)}`"
    return None


def check_names(names: Iterable[str], *, where: str) -> tuple[str, ...]:
    """Return the names of the columns if a reader can tell them apart.

    Raises:
        MetadataError: A name is empty, doubled or holds control characters, two differ in Unicode normal form alone, or
            there are too many of them.
    """
    seen: dict[str, tuple[int, str]] = {}
    for position, name in enumerate(names, start=1):
        problem = name_problem(name)
        if problem is not None:
            hint = "give every column a name; is the separator right, and the first line the header?"
            raise MetadataError(f"column {position} {problem}", where=where, hint=hint)
        first = seen.setdefault(unicodedata.normalize("NFC", name), (position, name))
        if first[0] != position:
            raise MetadataError(_doubled(first, position, name), where=where, hint="rename one of them")
        if position > MAX_COLUMNS:
            raise MetadataError(f"the table has more than {MAX_COLUMNS:,} columns", where=where)
    return tuple(name for _, name in seen.values())


def _doubled(first: tuple[int, str], position: int, name: str) -> str:
    if first[1] == name:
        return f"columns {first[0]} and {position} are both called `{shown(name)}`"
    return f"the names of columns {first[0]} and {position} differ in Unicode normal form alone: `{shown(name)}`"
