"""Workflow commands of GitHub Actions: annotations beside the lines that they are about.

Source: GitHub, "Workflow commands for GitHub Actions". A step may show ten annotations of each kind, so the worst codes come
first, and each of them once before any of them twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from listen_datasets.reports import Located, Report, place, worst_first
from listen_datasets.text import visible

MOST = 10
"""Annotations of one kind that a step shows."""

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report) -> str:
    """Return commands, and a last line that says how many findings there are."""
    lines: list[str] = []
    for severity, command in _COMMANDS.items():
        codes = [code for code in worst_first(report) if report.severity(code) == severity]
        chosen = list(_in_turn([report.of(code) for code in codes]))[:MOST]
        lines += (_command(command, item) for item in chosen)
    said = ", ".join(f"{number} {severity}" for severity, number in report.by_severity.items())
    left_out = sum(report.tally.values()) - len(lines)
    more = f"; {left_out} of them not shown" if left_out else ""
    return "\n".join([*lines, _plain(f"lds {report.stage} {report.dataset}: {said}{more}")]) + "\n"


def _in_turn(groups: list[list[Located]]) -> Iterator[Located]:
    for row in zip_longest(*groups):
        yield from (item for item in row if item is not None)


def _command(command: str, item: Located) -> str:
    finding = item.finding
    properties = {"title": finding.code}
    if item.file is not None:
        properties = {"file": item.file, **({"line": str(finding.line)} if finding.line else {}), **properties}
    where = "" if item.file is not None else place(item)
    text = f"{where}: {finding.message}" if where else finding.message
    text = visible(text, 1000) + (f"\n{visible(finding.hint, 1000)}" if finding.hint else "")
    listed = ",".join(f"{name}={_property(visible(value, 1000))}" for name, value in properties.items())
    return f"::{command} {listed}::{_message(text)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def _plain(text: str) -> str:
    """Return a line that is no command, whatever the dataset is called."""
    return visible(text, 1000)
