"""Rows that cannot be taken from a table whose other rows can: each is accounted for, and too many refuse the table."""

from __future__ import annotations

from dataclasses import dataclass

from listen_datasets.errors import MetadataError
from listen_datasets.metadata.shown import shown
from listen_datasets.model import Finding, Scalar

FIRST = 1000
"""How many rows decide whether a table is what it says: if more than half of them are refused, it is not."""
MAX_REFUSED = 100_000
"""Most rows that are refused one by one: what is worse than this is mended in the table, not in a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row that is not in the table.

    Attributes:
        line: Where it begins.
        code: The finding code that says why.
        reason: Why, in one sentence.
    """

    line: int
    code: str
    reason: str


class Refusals:
    """The rows of one table that were refused so far.

    Args:
        name: The file as findings name it.
        hint: What to look at if so many rows are refused that the table is.
    """

    def __init__(self, name: str, *, hint: str | None = None) -> None:
        self._name = name
        self._hint = hint
        self._refused: list[Refused] = []
        self._findings: list[Finding] = []

    def add(
        self,
        line: int,
        code: str,
        reason: str,
        *,
        taken: int,
        hint: str | None = None,
        value: str | None = None,
        evidence: dict[str, Scalar] | None = None,
    ) -> None:
        """Refuse a row.

        Args:
            line: Where it begins.
            code: The finding code that says why; its severity is ``error``.
            reason: Why, in one sentence that begins in lower case and has no full stop.
            taken: How many rows of the table were taken before it.
            hint: What to do.
            value: What stands there.
            evidence: The numbers behind it.

        Raises:
            MetadataError: So many rows are refused that the table is.
        """
        self._refused.append(Refused(line=line, code=code, reason=reason))
        self._findings.append(
            Finding(
                code=code,
                severity="error",
                message=f"{reason[0].upper()}{reason[1:]}.",
                path=self._name,
                line=line,
                value=None if value is None else shown(value),
                hint=hint,
                evidence=evidence,
            )
        )
        count = len(self._refused)
        if (count > FIRST // 2 and taken + count <= FIRST) or count > MAX_REFUSED:
            raise self._too_many(taken + count)

    def finish(self, taken: int) -> tuple[tuple[Refused, ...], tuple[Finding, ...]]:
        """Return all rows that were refused, in order, and a finding for each.

        Args:
            taken: How many rows of the table were taken in all.

        Raises:
            MetadataError: The table is short, and more of its rows were refused than taken.
        """
        count = len(self._refused)
        if count > taken and taken + count <= FIRST:
            raise self._too_many(taken + count)
        return tuple(self._refused), tuple(self._findings)

    def _too_many(self, rows: int) -> MetadataError:
        first, count = self._refused[0], len(self._refused)
        others = f"; {count:,} of the first {rows:,} rows cannot be taken" if count > 1 else ""
        hint = self._hint or self._findings[0].hint
        return MetadataError(first.reason + others, where=f"{self._name}:{first.line}", hint=hint)
