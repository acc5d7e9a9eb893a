"""Markdown, for a step summary or a comment: what was found, by code, with an example each."""

from __future__ import annotations

import re

from listen_datasets import catalogue
from listen_datasets.model import Fate
from listen_datasets.reports import Report, place, worst_first
from listen_datasets.text import visible

_WORDS = {"error": "Error", "warning": "Warning", "note": "Note"}


def render(report: Report) -> str:
    """Return a heading, the fates of the inputs and a table of the codes that were found."""
    fates = ", ".join(f"{report.counts.get(fate, 0):,} {fate}" for fate in Fate)
    lines = [
        f"### `lds {report.stage}`: {_code(report.dataset)}",
        "",
        f"{report.counts.get('inputs', 0):,} inputs: {fates}.",
        "",
    ]
    codes = worst_first(report)
    if not codes:
        return "\n".join([*lines, "Nothing was found.", ""])
    lines += ["| | code | number | what | for example |", "| --- | --- | --: | --- | --- |"]
    for code in codes:
        entry = catalogue.entry(code)
        example = next(iter(report.of(code)), None)
        shown = "" if example is None else _code(_example(place(example), example.finding.message))
        lines.append(
            f"| {_WORDS[report.severity(code)]} | `{code}` | {report.tally[code]:,} | {entry.meaning} | {shown} |"
        )
    return "\n".join([*lines, "", "`lds explain CODE` says why it matters and what to do.", ""])


def _example(where: str, message: str) -> str:
    return f"{where}: {message}" if where else message


def _code(text: str) -> str:
    """Return untrusted text as a code span of a table cell: in more backticks than it holds, its bars escaped."""
    shown = visible(text, 200).replace("|", "\\|")
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{padding}{shown}{padding}{fence}"
