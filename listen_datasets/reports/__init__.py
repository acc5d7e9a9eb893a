"""Reports: plug-ins that spell findings for machines and CI services; they judge nothing.

A report is a pure function, found by name (:mod:`listen_datasets.registry`)::

    def render(report: Report) -> str: ...

Counts are exact; findings may be fewer, as storage is capped. What is untrusted in them is escaped for the medium.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from listen_datasets import catalogue
from listen_datasets.model import SEVERITIES, Finding, Severity


@dataclass(frozen=True)
class Located:
    """A finding and where it is.

    Attributes:
        finding: The finding.
        file: The file that it is about, relative to the folder that the report is read in, with ``/``; None if it is about
            no file, or about one that lies elsewhere.
    """

    finding: Finding
    file: str | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a stage found, or all those of a run.

    Attributes:
        dataset: Name of the dataset.
        stage: The stage; ``run`` for all of them.
        findings: What is kept of the findings, by severity and code.
        tally: How many there are of each code.
        looked_for: Codes that the stage looks for.
        counts: Fates of the inputs.
        levels: Other severities than the usual ones, by code.
    """

    dataset: str
    stage: str
    findings: Sequence[Located]
    tally: Mapping[str, int]
    looked_for: Sequence[str]
    counts: Mapping[str, int]
    levels: Mapping[str, Severity] = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        """The codes looked for and found, in the order of the catalogue."""
        wanted = {*self.looked_for, *self.tally}
        return [code for code in catalogue.entries() if code in wanted]

    @property
    def by_severity(self) -> dict[Severity, int]:
        """How many findings there are of each severity."""
        numbers = dict.fromkeys(SEVERITIES, 0)
        for code, number in self.tally.items():
            numbers[self.severity(code)] += number
        return numbers

    def severity(self, code: str) -> Severity:
        """Return how bad findings of a code are here."""
        return catalogue.severity(code, self.levels)

    def of(self, code: str) -> list[Located]:
        """Return what is kept of the findings of a code."""
        return [item for item in self.findings if item.finding.code == code]


class Format(Protocol):
    """A function that spells a report."""

    def __call__(self, report: Report, /) -> str:
        """Return the whole text, with a line feed at its end."""
        ...


def worst_first(report: Report) -> list[str]:
    """Return the codes that were found: errors first, then the most frequent."""
    found = [code for code, number in report.tally.items() if number]
    return sorted(found, key=lambda code: (SEVERITIES.index(report.severity(code)), -report.tally[code], code))


def place(item: Located) -> str:
    """Return where a finding is, as ``file:line``; empty if it is nowhere."""
    path = item.file or item.finding.path or ""
    return f"{path}:{item.finding.line}" if path and item.finding.line is not None else path
