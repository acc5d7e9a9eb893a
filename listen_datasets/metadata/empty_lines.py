"""Empty lines between the rows of a text table: harmless, but no table that was written by a program has them."""

from __future__ import annotations

from listen_datasets.errors import MetadataError
from listen_datasets.model import Finding

MAX_EMPTY = 2_000_000
"""Most empty lines; a sheet of a workbook has half of that."""


class EmptyLines:
    """The empty lines of one table; those behind the last row do not count."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._first: int | None = None
        self._count = 0
        self._pending: int | None = None
        self._pending_count = 0

    def add(self, line: int) -> None:
        """Note an empty line.

        Raises:
            MetadataError: There are more than ``MAX_EMPTY``.
        """
        self._pending = self._pending or line
        self._pending_count += 1
        if self._count + self._pending_count > MAX_EMPTY:
            where = f"{self._name}:{self._first or self._pending}"
            raise MetadataError(f"the table has more than {MAX_EMPTY:,} empty lines", where=where, hint="remove them")

    def row_follows(self) -> None:
        """Note that a row follows, so that the empty lines before it stand between rows."""
        if self._pending is not None:
            self._first = self._first or self._pending
            self._count += self._pending_count
            self._pending, self._pending_count = None, 0

    def findings(self) -> tuple[Finding, ...]:
        """Return one finding ``metadata.empty_line`` for all of them."""
        if self._first is None:
            return ()
        lines = "An empty line stands" if self._count == 1 else f"{self._count:,} empty lines stand"
        return (
            Finding(
                code="metadata.empty_line",
                severity="warning",
                message=f"{lines} between the rows.",
                path=self._name,
                line=self._first,
                hint="remove it; is a row missing there?",
                evidence={"lines": self._count},
            ),
        )
