"""Labels whose proportions each split is to keep: values of columns, and single values in columns of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array, csr_array

from listen_datasets import components

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Strata:
    """Which clip is in which stratum; a clip may be in several.

    Attributes:
        clip: A clip, once for each stratum that it is in (m memberships).
        stratum: That stratum (m memberships), from 0.
        values: What makes each stratum: values by column.
        clips: How many clips there are.
    """

    clip: Integers
    stratum: Integers
    values: Sequence[Mapping[str, Any]]
    clips: int

    def counts(self, rows: Integers, number: int, weight: Floats | None = None) -> csr_array:
        """Count clips by row and stratum (number x strata), or sum their weights.

        Args:
            rows: The row of each clip (n clips); a clip with -1 is in none.
            number: How many rows there are.
            weight: Of each clip (n clips); whole numbers, so that no order of the clips changes a sum.
        """
        inside = rows[self.clip] >= 0
        clip, stratum = self.clip[inside], self.stratum[inside]
        data = np.ones(len(clip)) if weight is None else weight[clip]
        return csr_array(coo_array((data, (rows[clip], stratum)), shape=(number, len(self.values))))


def strata_of(clips: pa.Table, columns: Sequence[str]) -> Strata:
    """Return the strata of clips, in the order of their values; null is a value, and so is an empty list.

    Columns of single values make strata together; each column of lists makes strata of its own.
    """
    lists = [name for name in columns if pa.types.is_list(clips.schema.field(name).type)]
    single = [name for name in columns if name not in lists]
    parts = [_together(clips, single)] if single else []
    parts += [_each(clips, name) for name in lists]
    clip, stratum, values = [], [], list[Mapping[str, Any]]()
    for part in parts:
        clip.append(part.clip)
        stratum.append(part.stratum + len(values))
        values.extend(part.values)
    if not parts:
        return Strata(np.empty(0, np.int64), np.empty(0, np.int64), [], clips.num_rows)
    return Strata(np.concatenate(clip), np.concatenate(stratum), values, clips.num_rows)


def _together(clips: pa.Table, columns: Sequence[str]) -> Strata:
    stratum = np.zeros(clips.num_rows, dtype=np.int64)
    for name in columns:
        numbers = components.codes(clips.column(name)) + 1
        stratum = np.unique(stratum * (numbers.max(initial=0) + 1) + numbers, return_inverse=True)[1].astype(np.int64)
    firsts = clips.select(list(columns)).take(np.unique(stratum, return_index=True)[1])
    values = list(zip(*(column.to_pylist() for column in firsts.columns), strict=True))
    rank, order = _ranked(values)
    named = [dict(zip(columns, values[s], strict=True)) for s in order]
    return Strata(np.arange(clips.num_rows, dtype=np.int64), rank[stratum], named, clips.num_rows)


def _each(clips: pa.Table, name: str) -> Strata:
    column = clips.column(name).combine_chunks()
    inside = pa.chunked_array([pc.list_flatten(column)])
    parents = pc.list_parent_indices(column).to_numpy().astype(np.int64)
    empty = np.flatnonzero(pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False) == 0)
    numbers = np.concatenate([components.codes(inside) + 1, np.zeros(len(empty), dtype=np.int64)])
    labels = int(numbers.max(initial=0)) + 1
    pairs = np.unique(np.concatenate([parents, empty]) * labels + numbers)  # a label said twice is one label
    used, stratum = np.unique(pairs % labels, return_inverse=True)
    said = [None, *pc.dictionary_encode(inside.combine_chunks()).dictionary.to_pylist()]
    rank, order = _ranked([(said[number],) for number in used.tolist()])
    named = [{name: said[used[s]]} for s in order]
    return Strata(pairs // labels, rank[stratum], named, clips.num_rows)


def _ranked(values: Sequence[tuple[Any, ...]]) -> tuple[Integers, list[int]]:
    """Return the place of each of some values in their order, and that order; nothing comes first."""
    order = sorted(range(len(values)), key=lambda s: [(value is not None, value or 0) for value in values[s]])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank, order
