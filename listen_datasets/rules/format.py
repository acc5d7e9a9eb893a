"""Sample rates and channel counts that the recipe does not allow, and those that are mixed without its word."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.limits import rows
from listen_datasets.metadata.shown import pointer
from listen_datasets.model import Finding
from listen_datasets.recipe import Validate


def check(table: pa.Table, config: Validate) -> list[Finding]:
    """Return ``audio.sample_rate_not_allowed``, ``audio.channels_not_allowed`` and that rates or channels are mixed."""
    return [
        *_not_allowed(table, "audio.sample_rate_not_allowed", "sample_rate", config.sample_rates),
        *_not_allowed(table, "audio.channels_not_allowed", "num_channels", config.num_channels),
        *(() if config.sample_rates else _mixed(table, "audio.mixed_sample_rates", "sample_rate")),
        *(() if config.num_channels else _mixed(table, "audio.mixed_channels", "num_channels")),
    ]


_SAYS = {"sample_rate": "The sample rate is {} Hz", "num_channels": "The number of channels is {}"}
_NAMES = {"sample_rate": "sample rates", "num_channels": "numbers of channels"}
_UNITS = {"sample_rate": " Hz", "num_channels": ""}


def _not_allowed(table: pa.Table, code: str, column: str, allowed: tuple[int, ...]) -> Iterator[Finding]:
    if not allowed:
        return
    mask = pc.invert(pc.is_in(table.column(column), pa.array(allowed, pa.int64())))
    listed = " or ".join(map(str, sorted(allowed)))
    for row in rows(table, mask, ("clip_id", "path", column)):
        yield catalogue.finding(
            code,
            f"{_SAYS[column].format(row[column])}; expected {listed}.",
            clip_id=row["clip_id"],
            path=row["path"],
            field=pointer(column),
            value=str(row[column]),
            evidence={"value": row[column], "threshold": listed},
        )


def _mixed(table: pa.Table, code: str, column: str) -> Iterator[Finding]:
    counted = {item["values"]: item["counts"] for item in pc.value_counts(table.column(column)).to_pylist()}
    if len(counted) > 1:
        listed = ", ".join(f"{value}{_UNITS[column]} ({counted[value]:,})" for value in sorted(counted)[:10])
        more = ", ..." if len(counted) > 10 else ""
        yield catalogue.finding(
            code,
            f"There are {len(counted)} {_NAMES[column]}, by number of clips: {listed}{more}.",
            field=pointer(column),
            evidence={str(value): counted[value] for value in sorted(counted)},
        )
