"""The fingerprints of a dataset, found by the sha256 of a recording, with a bounded number of them in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from listen_datasets.fingerprints import Fingerprint
from listen_datasets.fingerprints.keeping import Row, rows_of

_HELD_BYTES = 1 << 28

Place = tuple[int, int, int]
"""File, row group and row."""


class Shelf:
    """Fingerprints in files that :mod:`listen_datasets.fingerprints.keeping` has written.

    Args:
        paths: The files.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [pq.ParquetFile(path, page_checksum_verification=True) for path in paths]
        self._places: dict[str, Place] = {}
        self._held: OrderedDict[tuple[int, int], list[Row]] = OrderedDict()
        self._bytes = 0
        for number, file in enumerate(self._files):
            for group in range(file.num_row_groups):
                names = file.read_row_group(group, columns=["sha256"], use_threads=False).column(0).to_pylist()
                self._places.update({name: (number, group, row) for row, name in enumerate(names)})

    def __contains__(self, sha256: object) -> bool:
        return sha256 in self._places

    def __getitem__(self, sha256: str) -> Fingerprint:
        """Return the fingerprint of a recording that is there."""
        number, group, row = self._places[sha256]
        return self._group(number, group)[row].fingerprint

    def neighbourhood(self, sha256: str) -> tuple[int, int]:
        """Return what is read together with the fingerprint of a recording."""
        return self._places[sha256][:2]

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()

    def _group(self, number: int, group: int) -> list[Row]:
        key = number, group
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        rows = list(rows_of(self._files[number].read_row_group(group, use_threads=False)))
        self._held[key] = rows
        self._bytes += _size(rows)
        while self._bytes > _HELD_BYTES and len(self._held) > 1:
            self._bytes -= _size(self._held.popitem(last=False)[1])
        return rows


def _size(rows: Sequence[Row]) -> int:
    return sum(row.bytes for row in rows)
