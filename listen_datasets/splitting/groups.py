"""Clips that must stay together: those that share a value of a relating column, directly or through other clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import components, leakage
from listen_datasets.balance import said
from listen_datasets.stage import is_published

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Groups:
    """Clips and what may not be divided.

    Attributes:
        clips: The clips that are to be split.
        group: The group of each clip (n clips), from 0.
        names: The smallest ``clip_id`` of each group.
        relations: The columns whose values never straddle splits.
    """

    clips: pa.Table
    group: Integers
    names: Sequence[str]
    relations: tuple[str, ...]

    @property
    def number(self) -> int:
        """How many groups there are."""
        return len(self.names)

    def sizes(self) -> Integers:
        """Return the clips of each group."""
        return np.bincount(self.group, minlength=self.number)

    def alone(self, name: str) -> int:
        """Return how many groups there would be if one column alone related clips."""
        codes = components.codes(leakage.relating(self.clips, name))
        return len(np.unique(components.connected([codes], len(codes))))

    def largest(self) -> str:
        """Say in words which group is the largest and how much it holds."""
        sizes = self.sizes()
        biggest = min(np.flatnonzero(sizes == sizes.max()).tolist(), key=self.names.__getitem__)
        share = f"the largest group has {sizes[biggest]:,} of {sizes.sum():,} clips"
        return f"{share}{_cut_from(self.clips.filter(pa.array(self.group == biggest)))}{self.called(biggest)}"

    def called(self, group: int) -> str:
        """Return what its columns say of a group, in brackets; nothing if clips are not grouped by any."""
        columns = [name for name in self.relations if name not in leakage.HOW]
        if not columns:
            return ""
        members = self.clips.filter(pa.array(self.group == group))
        return f" ({', '.join(_values(members.column(name), name) for name in columns)})"


def grouped(manifest: pa.Table, chosen: Mask, group_by: Sequence[str]) -> Groups:
    """Return the groups of some clips of a manifest.

    A clip that is a copy of one of them links as that one does: what its row says of speaker or site holds for both.

    Args:
        manifest: All clips.
        chosen: Those that are to be split (n clips).
        group_by: The columns that the user groups by.

    Raises:
        RecipeError: A column holds lists.
    """
    clips = manifest.filter(pa.array(chosen))
    relations = leakage.related_by(manifest, group_by)
    # The clips themselves first: what follows them only links.
    linked = pa.concat_tables([clips, manifest.filter(_copies(manifest, clips))])
    numbers = [components.codes(leakage.relating(linked, name)) for name in relations]
    group = np.unique(components.connected(numbers, linked.num_rows)[: clips.num_rows], return_inverse=True)[1]
    by_id = pc.sort_indices(clips.column("clip_id")).to_numpy()
    first = by_id[np.unique(group[by_id], return_index=True)[1]]
    return Groups(clips, group.astype(np.int64), clips.column("clip_id").take(first).to_pylist(), relations)


def _copies(manifest: pa.Table, clips: pa.Table) -> pa.ChunkedArray:
    """Return a mask of clips that are not published but have the sound of one that is; digital silence says nothing."""
    names = [name for name in ("sha256", "pcm_md5", leakage.NEAR) if name in manifest.column_names]
    heard = None
    for name in names:
        values = clips.column(name).drop_null().combine_chunks()
        same = pc.is_in(manifest.column(name), values)
        heard = same if heard is None else pc.or_(heard, same)
    unpublished = pc.invert(is_published(manifest))
    return pc.and_(pc.and_(heard, pc.is_valid(manifest.column("peak_dbfs"))), unpublished)


def _cut_from(clips: pa.Table) -> str:
    """Say how many recordings clips come from, if some are spans of one: these stay together."""
    recordings = pc.count_distinct(clips.column("recording_id")).as_py()
    return "" if recordings == clips.num_rows else f" from {recordings:,} recording{'s' * (recordings != 1)}"


def _values(column: pa.ChunkedArray, name: str) -> str:
    distinct = sorted(column.unique().to_pylist(), key=lambda value: (value is None, str(value)))
    return said({name: distinct[0]}) + (f" and {len(distinct) - 1:,} more" if len(distinct) > 1 else "")
