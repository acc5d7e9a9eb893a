"""One case: what a table is called, its bytes, and what has to be said about it."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """A metadata table and what becomes of it.

    Attributes:
        name: What is wrong or odd about it.
        file_name: What to call it.
        data: Its bytes.
        rows: How many rows it has in the end.
        findings: Code and line of each finding, in order.
        error: What the message says that refuses the table as a whole; None if it is read.
        line: The line that this message names; None if it names none.
    """

    name: str
    file_name: str
    data: bytes
    rows: int = 0
    findings: tuple[tuple[str, int | None], ...] = ()
    error: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file_name}: {self.name}"


def fine(file_name: str, name: str, data: bytes | str, rows: int) -> Case:
    """Return a case that is odd and right, and must pass without a finding."""
    return Case(name, file_name, _bytes(data), rows)


def noted(file_name: str, name: str, data: bytes | str, rows: int, *findings: tuple[str, int | None]) -> Case:
    """Return a case that is read with findings; rows that some of them refuse are not counted."""
    return Case(name, file_name, _bytes(data), rows, findings)


def refused(file_name: str, name: str, data: bytes | str, error: str, line: int | None = None) -> Case:
    """Return a case that is refused as a whole."""
    return Case(name, file_name, _bytes(data), error=error, line=line)


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data
