"""Judge columns of the manifest against limits: Arrow looks at all rows, Python at the offending ones alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.metadata.shown import pointer
from listen_datasets.model import Finding


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a number of a clip may be.

    Attributes:
        code: The finding if it is not.
        column: The column that it is measured in; the finding's field points to it.
        bound: On which side of the threshold numbers are allowed; the threshold itself is.
        threshold: The limit; None if there is none.
        says: What the clip does, with ``{}`` for the number, such as ``The clip lasts {}``.
        unit: Unit of the number; ``%`` shows a share of 1.
        hint: What to look for.
    """

    code: str
    column: str
    bound: Literal["at least", "at most"]
    threshold: float | None
    says: str
    unit: str = ""
    hint: str | None = None

    def is_broken(self, values: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return a mask (n clips) of the numbers beyond the threshold; what was not measured (null) is not."""
        if self.threshold is None:
            return pa.chunked_array([pa.repeat(pa.scalar(value=False), len(values))])
        beyond = pc.less if self.bound == "at least" else pc.greater
        return pc.fill_null(beyond(values, self.threshold), fill_value=False)


def broken(
    table: pa.Table, limit: Limit, *, values: pa.ChunkedArray | None = None, among: pa.ChunkedArray | None = None
) -> Iterator[Finding]:
    """Yield a finding for each clip beyond a limit, with the number and the threshold as evidence.

    Args:
        table: The manifest (n rows).
        limit: The limit.
        values: Numbers (n) to judge in place of the limit's column.
        among: Mask (n) of the clips that the limit is meant for.
    """
    numbers = table.column(limit.column) if values is None else values
    mask = limit.is_broken(numbers) if among is None else pc.and_(limit.is_broken(numbers), among)
    for row, value in zip(rows(table, mask, ("clip_id", "path")), numbers.filter(mask).to_pylist(), strict=True):
        shown, threshold = spelled(value, limit.threshold or 0.0, limit.unit)
        yield catalogue.finding(
            limit.code,
            f"{limit.says.format(shown)}; expected {limit.bound} {threshold}.",
            clip_id=row["clip_id"],
            path=row["path"],
            field=pointer(limit.column),
            value=f"{value:.17g}" if isinstance(value, float) else str(value),
            hint=limit.hint,
            evidence={"value": value, "threshold": limit.threshold},
        )


def rows(table: pa.Table, mask: pa.ChunkedArray, columns: Iterable[str]) -> list[dict[str, Any]]:
    """Return some columns of the rows in a mask, a dictionary a row."""
    chosen: list[dict[str, Any]] = table.select(list(columns)).filter(mask).to_pylist()
    return chosen


def spelled(value: float, threshold: float, unit: str) -> tuple[str, str]:
    """Return a number and its threshold for people, with as many digits as it takes to tell them apart.

    >>> spelled(0.05503, 0.01, "%")
    ('5.5 %', '1 %')
    >>> spelled(0.0500001, 0.05, "s")
    ('0.0500001 s', '0.05 s')
    """
    factor = 100 if unit == "%" else 1
    for digits in (3, 4, 5, 6, 8, 12, 17):
        texts = (_short(value * factor, digits), _short(threshold * factor, digits))
        if texts[0] != texts[1]:
            break
    return (f"{texts[0]} {unit}".rstrip(), f"{texts[1]} {unit}".rstrip())


def _short(number: float, digits: int) -> str:
    """Return a number to some significant digits, whole ones in full: 16000, not 1.6e+04."""
    whole = len(str(int(abs(number))))
    return f"{number:.{max(digits, whole)}g}"
