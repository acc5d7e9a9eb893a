"""What the metadata declares about a clip against what was measured: duration, sample rate, channels."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.limits import rows, spelled
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.recipe import Validate
from listen_datasets.spans import SLACK_SECONDS
from listen_datasets.tables import DECLARED

_COUNTS = {"sample_rate": ("audio.sample_rate_mismatch", "Hz"), "num_channels": ("audio.channels_mismatch", "channels")}
_NUMBER = r"^-?[0-9]{1,15}(\.[0-9]+)?$"
_ROUNDING = 1e-9  # s: far below one sample, far above the error of a difference of doubles


def check(table: pa.Table, config: Validate) -> list[Finding]:
    """Return ``audio.duration_mismatch``, ``audio.sample_rate_mismatch``, ``audio.channels_mismatch``.

    A column whose values cannot be read as numbers gives ``metadata.not_compared``, once.
    """
    findings: list[Finding] = []
    for column in ("duration", *_COUNTS):
        name = DECLARED + column
        if name not in table.column_names:
            continue
        declared = _numbers(table.column(name))
        findings += _not_compared(table, column, declared)
        if column == "duration":
            findings += _durations(table, declared, config.duration_tolerance)
        else:
            findings += _counts(table, column, declared)
    return findings


def _numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column (n) as float64; null where it holds no plain decimal number."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return column.cast(pa.float64(), safe=False)
    if not pa.types.is_string(column.type):
        return pa.chunked_array([pa.nulls(len(column), pa.float64())])
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.match_substring_regex(text, _NUMBER), text, None).cast(pa.float64())


def _not_compared(table: pa.Table, column: str, declared: pa.ChunkedArray) -> Iterator[Finding]:
    said = table.column(DECLARED + column)
    mask = pc.and_(pc.is_valid(said), pc.is_null(declared))
    count = pc.sum(mask).as_py() or 0
    if count:
        first = rows(table, mask, ("metadata_file", "metadata_line", DECLARED + column))[0]
        yield catalogue.finding(
            "metadata.not_compared",
            f"Values of `{column}` that are no plain number were not compared with the recordings (rows: {count:,}).",
            path=first["metadata_file"],
            line=first["metadata_line"],
            field=pointer(column),
            value=shown(first[DECLARED + column]),
            evidence={"rows": count},
        )


def _durations(table: pa.Table, declared: pa.ChunkedArray, tolerance: float) -> Iterator[Finding]:
    allowed = _allowed(table, tolerance + (1.0 if _is_whole(declared) else 0.0))
    differences = pc.abs(pc.subtract(declared, table.column("duration")))
    mask = pc.fill_null(pc.greater(differences, pc.add(allowed, _ROUNDING)), fill_value=False)
    found = rows(table, mask, ("clip_id", "recording_id", "path", "start", "duration", *_PLACE, DECLARED + "duration"))
    numbers = (column.filter(mask).to_pylist() for column in (declared, differences, allowed))
    for row, (seconds, difference, most) in zip(found, zip(*numbers, strict=True), strict=True):
        here, there = spelled(row["duration"], seconds, "s")
        apart, limit = spelled(difference, most, "s")
        yield catalogue.finding(
            "audio.duration_mismatch",
            f"{_named(row)} lasts {here}, but its row declares {there}: {apart} apart; expected at most {limit}.",
            **_where(row, "duration"),
            value=shown(row[DECLARED + "duration"]),
            hint="is it the right recording, and the duration in seconds?",
            evidence={"value": difference, "threshold": most, "measured": row["duration"], "declared": seconds},
        )


def _allowed(table: pa.Table, tolerance: float) -> pa.ChunkedArray:
    """Return how far a duration (n) may be off, in seconds.

    Both ends of a span were rounded to a sample, and one that ends just behind its recording was cut there.
    """
    rounding = pc.add(pc.divide(1.0, table.column("sample_rate").cast(pa.float64())), SLACK_SECONDS)
    is_span = pc.not_equal(table.column("clip_id"), table.column("recording_id"))
    return pc.add(pc.if_else(is_span, rounding, 0.0), tolerance)


def _named(row: dict[str, object]) -> str:
    recording = f"`{shown(row['path'], 80)}`"
    if row["clip_id"] == row["recording_id"]:
        return recording
    return f"The clip of {recording} from {row['start']:.3f} s on"


def _is_whole(declared: pa.ChunkedArray) -> bool:
    """Tell whether a table gives its durations in whole seconds, rounded or cut."""
    return bool(pc.all(pc.equal(declared, pc.floor(declared))).as_py())


def _counts(table: pa.Table, column: str, declared: pa.ChunkedArray) -> Iterator[Finding]:
    code, unit = _COUNTS[column]
    mask = pc.fill_null(pc.not_equal(declared, table.column(column).cast(pa.float64())), fill_value=False)
    found = rows(table, mask, ("clip_id", "path", column, *_PLACE, DECLARED + column))
    for row, number in zip(found, declared.filter(mask).to_pylist(), strict=True):
        here, there = spelled(row[column], number, unit)
        yield catalogue.finding(
            code,
            f"`{shown(row['path'], 80)}` has {here}, but its row declares {there}.",
            **_where(row, column),
            value=shown(row[DECLARED + column]),
            evidence={"value": row[column], "threshold": number},
        )


_PLACE = ("metadata_file", "metadata_line")


def _where(row: dict[str, object], column: str) -> dict[str, object]:
    return {
        "clip_id": row["clip_id"],
        "path": row["metadata_file"],
        "line": row["metadata_line"],
        "field": pointer(column),
    }
