"""Dates and times that nobody can order: written in the way of one country, or on no day of the calendar.

What is understood: ISO 8601 in the profile of RFC 3339, a date alone, and a year or a month alone.
"""

from __future__ import annotations

import datetime as dt
import re

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.limits import rows
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.recipe import Validate
from listen_datasets.tables import user_columns

NAMES = (
    "date", "datetime", "timestamp", "recorded", "recorded_at", "recorded_on", "recording_date", "date_recorded", "created",
    "created_at",
)  # fmt: skip
"""Columns that are looked at."""

_FORM = re.compile(
    r"(?P<day>\d{4}(-\d\d(-\d\d)?)?)"
    r"(?P<time>[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_NUMBER = r"^\s*[+-]?[0-9]+([.,][0-9]+)?\s*$"  # seconds since something, or a place in a recording


def check(table: pa.Table, config: Validate) -> list[Finding]:  # noqa: ARG001 - the signature of every rule
    """Return ``metadata.timestamp``, once for each text."""
    findings: list[Finding] = []
    for arrival, name in user_columns(table).items():
        if name.lower() in NAMES and pa.types.is_string(table.schema.field(arrival).type):
            findings += _column(table, name, arrival)
    return findings


def _column(table: pa.Table, name: str, arrival: str) -> list[Finding]:
    texts = table.column(arrival)
    counted = pc.value_counts(texts.filter(pc.invert(pc.match_substring_regex(texts, _NUMBER)))).to_pylist()
    wrong = {item["values"]: item["counts"] for item in counted if item["values"] and not _is_time(item["values"])}
    return [_finding(table, name, arrival, text, wrong[text]) for text in sorted(wrong)]


def _is_time(text: str) -> bool:
    match = _FORM.fullmatch(text)
    if match is None:
        return False
    day, time = match["day"], match["time"] or ""
    if time and len(day) < len("2026-01-01"):
        return False
    try:
        dt.datetime.fromisoformat((day + "-01-01"[len(day) - 4 :] + time).upper())
    except ValueError:
        return False
    return True


def _finding(table: pa.Table, name: str, arrival: str, text: str, count: int) -> Finding:
    first = rows(table, pc.equal(table.column(arrival), text), ("metadata_file", "metadata_line"))[0]
    return catalogue.finding(
        "metadata.timestamp",
        f"`{shown(text, 80)}` in `{shown(name, 80)}` is no date or time of ISO 8601 (number of clips: {count:,}).",
        path=first["metadata_file"],
        line=first["metadata_line"],
        field=pointer(name),
        value=shown(text),
        hint="write 2026-03-09 or 2026-03-09T14:05:00Z",
        evidence={"clips": count},
    )
