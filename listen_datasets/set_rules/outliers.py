"""Clips that last much longer or shorter than the others, or are much louder or quieter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets import catalogue
from listen_datasets.metadata.shown import pointer
from listen_datasets.model import Finding
from listen_datasets.outliers import deviations
from listen_datasets.recipe import Recipe, Validate

_LEAST_RATIO = float(np.log(1.05))
_LEAST_LOUDNESS = 0.5  # LU


def check(table: pa.Table, config: Validate, _recipe: Recipe) -> list[Finding]:
    """Return ``audio.duration_outlier``, by ratio, and ``audio.loudness_outlier``, by difference."""
    durations, loudness = (
        table.column(name).to_numpy(zero_copy_only=False).astype(np.float64) for name in ("duration", "loudness_lufs")
    )
    logarithms = np.log(np.maximum(durations, 1e-6))
    return [
        *_findings(table, "duration", durations, deviations(logarithms, least=_LEAST_RATIO), config),
        *_findings(table, "loudness_lufs", loudness, deviations(loudness, least=_LEAST_LOUDNESS), config),
    ]


_SAYS = {
    "duration": ("audio.duration_outlier", "The clip lasts {:.3g} s", "s"),
    "loudness_lufs": ("audio.loudness_outlier", "The loudness is {:.3g} LUFS", "LUFS"),
}


def _findings(
    table: pa.Table, column: str, values: npt.NDArray[np.float64], usual: npt.NDArray[np.float64], config: Validate
) -> Iterator[Finding]:
    code, says, unit = _SAYS[column]
    chosen = np.flatnonzero(np.abs(usual) > config.max_deviation)
    if not len(chosen):
        return
    middle = float(np.nanmedian(values))
    for at, row in zip(chosen.tolist(), table.select(["clip_id", "path"]).take(chosen).to_pylist(), strict=True):
        side = "above" if usual[at] > 0 else "below"
        yield catalogue.finding(
            code,
            f"{says.format(values[at])}, {abs(usual[at]):.1f} deviations {side} the median of {middle:.3g} {unit}; "
            f"expected at most {config.max_deviation:g}.",
            clip_id=row["clip_id"],
            path=row["path"],
            field=pointer(column),
            value=f"{values[at]:.17g}",
            evidence={"value": round(float(usual[at]), 3), "threshold": config.max_deviation, "median": middle},
        )
