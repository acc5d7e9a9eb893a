"""Channels that are dead, opposite, or copies of each other."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.limits import Limit, broken, rows
from listen_datasets.metadata.shown import pointer
from listen_datasets.model import Finding
from listen_datasets.recipe import Validate

_DEAD = Limit(
    code="audio.dead_channel",
    column="num_dead_channels",
    bound="at most",
    threshold=0,
    says="Channels that are constant beside others that are not: {}",
    hint="was a cable or an input missing?",
)


def check(table: pa.Table, config: Validate) -> list[Finding]:
    """Return ``audio.dead_channel``, ``audio.inverted_polarity`` and ``audio.identical_channels``.

    Channels with inverted polarity are not reported as copies once more.
    """
    polarity = Limit(
        code="audio.inverted_polarity",
        column="channel_correlation",
        bound="at least",
        threshold=config.min_channel_correlation,
        says="The correlation of two channels is {}",
        hint="their mean cancels the sound; was one wired or processed with inverted polarity?",
    )
    inverted = polarity.is_broken(table.column(polarity.column))
    return [*broken(table, _DEAD), *broken(table, polarity), *_identical(table, pc.invert(inverted))]


def _identical(table: pa.Table, among: pa.ChunkedArray) -> Iterator[Finding]:
    distinct, dead = table.column("num_distinct_channels"), table.column("num_dead_channels")
    fewer = pc.less(pc.add(distinct, dead), table.column("num_channels"))
    mask = pc.and_(pc.fill_null(pc.and_(fewer, pc.greater(distinct, 0)), fill_value=False), among)
    for row in rows(table, mask, ("clip_id", "path", "num_channels", "num_distinct_channels", "num_dead_channels")):
        alive, number = row["num_channels"] - row["num_dead_channels"], row["num_distinct_channels"]
        yield catalogue.finding(
            "audio.identical_channels",
            f"Of {alive} channels with sound, {number} {'is' if number == 1 else 'are'} distinct; "
            "the others are copies up to gain.",
            clip_id=row["clip_id"],
            path=row["path"],
            field=pointer("num_distinct_channels"),
            value=str(number),
            evidence={"value": number, "threshold": alive},
        )
