"""Features read again: a table, or an array a clip; and features beside the clips that they belong to."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listen_datasets import digest
from listen_datasets.arrays import is_matrix
from listen_datasets.errors import CorruptError, UsageError
from listen_datasets.features.files import CLIP_ID, FOLDER, footer_of


class FeatureFiles:
    """The features of one extractor, or named set, of a dataset.

    The files are mapped into memory and decoded, 64 clips at a time, when they are asked for::

        levels = dataset.features("log-mel")
        levels["0a1b2c3d4e5f60718293"].shape  # (frames, bins)

    Args:
        root: The dataset.
        name: Of the extractor or the set.

    Raises:
        UsageError: There are no such features.
    """

    def __init__(self, root: Path, name: str) -> None:
        folder = root / FOLDER / name
        self.paths = sorted(folder.glob("part-*.parquet")) if folder.is_dir() else []
        self.name = name
        if not self.paths:
            there = sorted(one.name for one in (root / FOLDER).iterdir()) if (root / FOLDER).is_dir() else []
            raise UsageError(
                f"there are no features {name!r}",
                where=f"{FOLDER}/{name}",
                hint=f"there are {', '.join(there)}" if there else f"lds features {root.name}",
            )
        self._last: tuple[tuple[int, int], pa.Table] | None = None

    @property
    def about(self) -> Mapping[str, Any]:
        """What made them: extractor, version and parameters.

        Raises:
            CorruptError: A file does not say so.
        """
        found = footer_of(self.paths[0])
        if found is None:
            raise CorruptError("a part has no footer of ours", where=self.paths[0].name, hint="lds features --force")
        return found.about

    def table(self) -> pa.Table:
        """Return all rows: `clip_id` and the columns of the extractor."""
        tables = [pq.read_table(path, memory_map=True).replace_schema_metadata(None) for path in self.paths]
        return pa.concat_tables(tables)

    @functools.cached_property
    def _places(self) -> dict[str, tuple[int, int, int]]:
        return dict(self._found())

    def _found(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        for part, path in enumerate(self.paths):
            with pq.ParquetFile(path, memory_map=True) as file:
                for group in range(file.metadata.num_row_groups):
                    ids = file.read_row_group(group, columns=["clip_id"]).column(0).to_pylist()
                    yield from ((clip_id, (part, group, row)) for row, clip_id in enumerate(ids))

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in self._places

    def row(self, clip_id: str) -> dict[str, Any]:
        """Return the values of a clip by column: arrays as NumPy arrays, None where there is no value.

        Raises:
            UsageError: The clip has no features.
        """
        if clip_id not in self._places:
            raise UsageError(f"the clip {clip_id} has no features {self.name!r}", hint="lds features computes them")
        part, group, row = self._places[clip_id]
        if self._last is None or self._last[0] != (part, group):
            with pq.ParquetFile(self.paths[part], memory_map=True) as file:
                self._last = ((part, group), file.read_row_group(group))
        table = self._last[1]
        return {name: _value(table.column(name)[row]) for name in table.column_names if name != "clip_id"}

    def __getitem__(self, clip_id: str) -> npt.NDArray[Any] | Any:  # noqa: ANN401 - whatever a column holds
        """Return the only column of a clip, or its row where there are several; see :meth:`row`."""
        row = self.row(clip_id)
        return next(iter(row.values())) if len(row) == 1 else row


def _value(scalar: pa.Scalar) -> Any:  # noqa: ANN401 - whatever a column holds
    if not scalar.is_valid:
        return None
    if is_matrix(scalar.type):
        width = scalar.type.value_type.list_size
        return np.asarray(scalar.values.flatten().to_numpy(zero_copy_only=False)).reshape(-1, width)
    if pa.types.is_list(scalar.type) or pa.types.is_fixed_size_list(scalar.type):
        return np.asarray(scalar.values.to_numpy(zero_copy_only=False))
    return scalar.as_py()


def digest_of(root: Path, name: str) -> str:
    """Return the digest of the files of a feature.

    Raises:
        UsageError: There are no such features.
    """
    return digest.of_json([digest.of_file(path) for path in FeatureFiles(root, name).paths])


def with_features(root: Path, clips: pa.Table, names: Sequence[str]) -> pa.Table:
    """Return clips with the columns of features beside them; null where a clip has no row.

    A column that begins with the name of its feature keeps its name; others have it put before.

    Args:
        root: The dataset.
        clips: A table with `clip_id`.
        names: Extractors or named sets.

    Raises:
        UsageError: There are no such features, or two columns would have one name.
    """
    for name in names:
        table = FeatureFiles(root, name).table().combine_chunks()
        places = pc.index_in(clips.column("clip_id"), table.column("clip_id"))
        stem = name.replace("-", "_").replace(".", "_")
        for field in table.schema:
            if field.name == CLIP_ID.name:
                continue
            column = field.name if field.name.startswith(stem) else f"{stem}_{field.name}"
            if column in clips.column_names:
                column = f"{stem}_{field.name}"
            if column in clips.column_names:
                raise UsageError(
                    f"the clips have a column {column!r} already", where="[shard] features", hint="rename the set"
                )
            values = table.column(field.name).take(places)
            clips = clips.append_column(field.with_name(column).with_nullable(nullable=True), values)
    return clips
