"""Extractor ``summary``: one row of numbers a clip, of what other extractors give frame by frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets.analysis.sound import Row, column
from listen_datasets.errors import RecipeError
from listen_datasets.features.sections import Summary as Settings

Array = npt.NDArray[Any]


class Summary:
    """Mean, standard deviation and percentiles over the frames, by `numpy` in double precision; a single number stays.

    Args:
        settings: Of the section.
        of: The fields of the extractors that are summed up, by their name.

    Raises:
        RecipeError: There is nothing to sum up.
    """

    name: ClassVar[str] = "summary"
    version: ClassVar[str] = "1"

    def __init__(self, settings: Settings, of: Mapping[str, Sequence[pa.Field]]) -> None:
        self._settings = settings
        self._of = of
        if not of or not self._statistics():
            raise RecipeError(
                "there is nothing to sum up",
                where="[features.summary]",
                hint="name extractors in `of`, and a statistic",
            )

    def fields(self) -> list[pa.Field]:
        """Return a column a statistic of each column: ``<extractor>_<column>_<statistic>``."""
        return [
            field
            for name, columns in self._of.items()
            for one in columns
            if _is_number(one.type)
            for field in self._fields(_prefix(name, one.name), one)
        ]

    def _fields(self, prefix: str, of: pa.Field) -> list[pa.Field]:
        about = (of.metadata or {}).get(b"description", b"").decode()
        unit = (of.metadata or {}).get(b"unit", b"").decode() or None
        if not pa.types.is_list(of.type):
            return [column(prefix, pa.float64(), about, unit)]
        width = of.type.value_type.list_size if pa.types.is_fixed_size_list(of.type.value_type) else None
        kind = pa.float32() if width is None else pa.list_(pa.float32(), width)
        return [
            column(f"{prefix}_{name}", kind, f"{words} over the frames. {about}", unit)
            for name, words in self._statistics().items()
        ]

    def _statistics(self) -> dict[str, str]:
        return {
            **({"mean": "Mean"} if self._settings.mean else {}),
            **({"std": "Standard deviation"} if self._settings.std else {}),
            **{f"p{share:02}": f"Percentile {share}" for share in self._settings.percentiles},
        }

    def of_rows(self, rows: Mapping[str, Row]) -> Row:
        """Return the row of a clip, from those of the other extractors."""
        return {
            name: value
            for extractor, columns in self._of.items()
            for one in columns
            if _is_number(one.type)
            for name, value in self._values(_prefix(extractor, one.name), one, rows[extractor][one.name])
        }

    def _values(self, prefix: str, of: pa.Field, value: Any) -> list[tuple[str, object]]:  # noqa: ANN401 - any column
        if not pa.types.is_list(of.type):
            return [(prefix, value)]
        if value is None or not len(value):
            return [(f"{prefix}_{name}", None) for name in self._statistics()]
        frames = np.asarray(value, np.float64)
        values: list[Array] = []
        if self._settings.mean:
            values.append(frames.mean(axis=0))
        if self._settings.std:
            values.append(frames.std(axis=0))
        if self._settings.percentiles:
            values += list(np.percentile(frames, self._settings.percentiles, axis=0))
        named = zip(self._statistics(), values, strict=True)
        return [(f"{prefix}_{name}", np.asarray(one, np.float32)) for name, one in named]


def _is_number(kind: pa.DataType) -> bool:
    while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        kind = kind.value_type
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _prefix(extractor: str, name: str) -> str:
    """Return the name of a column among those of other extractors."""
    stem = extractor.replace("-", "_")
    return name if name.startswith(stem) else f"{stem}_{name}"
