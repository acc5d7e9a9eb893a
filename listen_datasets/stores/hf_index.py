"""Which row of which shard each path of a store of Parquet shards is, and the other way round."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets.inputs import Found, InputProblem
from listen_datasets.stores.hf_rows import no_sound
from listen_datasets.stores.hf_shard import Shard
from listen_datasets.stores.row_names import RowNames


class Row(NamedTuple):
    """A row of a store.

    Attributes:
        shard: Path of its shard.
        content: What the shard holds.
        row: Its number there, from 0.
    """

    shard: str
    content: Shard
    row: int


class HfIndex:
    """The rows of shards, by path. Paths are kept as Arrow text: a million of them take some 60 MB.

    A row lies below its shard, as a member does below its archive: what it is called depends on no other shard, which
    may be one that this process could read and another one could not.
    """

    def __init__(self, shards: Mapping[str, Shard | InputProblem]) -> None:
        """Give every row a path.

        Args:
            shards: What each shard holds, or why it cannot be read; in the order of their paths.
        """
        self.shards = {path: shard for path, shard in shards.items() if isinstance(shard, Shard) and shard.sound}
        self._order = list(self.shards)
        self._firsts = list(itertools.accumulate((shard.rows for shard in self.shards.values()), initial=0))
        pieces = [_paths(path, shard) for path, shard in self.shards.items()]
        self.paths = pa.chunked_array(pieces, pa.large_string())
        self._by_path = np.asarray(pc.sort_indices(self.paths))
        self._sorted = self.paths.take(pa.array(self._by_path)).combine_chunks()

    def find(self, path: str) -> Row | None:
        """Return the row of a path; None if there is none."""
        at = bisect.bisect_left(range(len(self._by_path)), path, key=lambda number: self._sorted[number].as_py())
        if at == len(self._by_path) or self._sorted[at].as_py() != path:
            return None
        return self._row(int(self._by_path[at]))

    def found(self) -> Iterator[Found]:
        """Yield every row, sorted by path."""
        for path, number in zip(self._sorted, self._by_path.tolist(), strict=True):
            shard, content, row = self._row(number)
            if not content.is_there[row]:
                yield Found(path.as_py(), "refused", problem=no_sound(row, shard))
                continue
            # Nobody says how long each recording is: the average of its row group is enough to share out work.
            stamp = f"{content.stamp}-{row}"
            yield Found(path.as_py(), "file", bytes=_size(content, row), stamp=stamp, position=number)

    def of_shard(self, path: str) -> pa.ChunkedArray:
        """Return the paths of the rows of a shard (n), in their order."""
        at = self._order.index(path)
        return self.paths.slice(self._firsts[at], self._firsts[at + 1] - self._firsts[at])

    def _row(self, number: int) -> Row:
        at = bisect.bisect_right(self._firsts, number) - 1
        return Row(self._order[at], self.shards[self._order[at]], number - self._firsts[at])


def _paths(path: str, shard: Shard) -> pa.Array:
    names = RowNames()
    return pa.array((names.path(path, name, row) for row, name in enumerate(shard.names)), pa.large_string())


def _size(shard: Shard, row: int) -> int:
    for rows, size in shard.sizes:
        if row < rows:
            return size
        row -= rows
    return 0
