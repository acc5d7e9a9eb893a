"""The ``audiofolder`` layout of the Hugging Face Hub as a source: recordings as files, with tables among them.

A folder may hold ``metadata.csv``, ``metadata.jsonl`` or ``metadata.parquet`` with paths relative to that folder in the
column ``file_name``. Folders called like a split are one. Without any table, the folder of a recording is its label.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import pyarrow as pa

from listen_datasets import inputs
from listen_datasets.errors import MetadataError, RecipeError
from listen_datasets.executors import Executor
from listen_datasets.inputs import Found, InputProblem, OpenInput
from listen_datasets.metadata import read
from listen_datasets.metadata.strict_json import parse
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.stores.own_columns import KEY, beside, renamed
from listen_datasets.stores.splits import split_of_folder, split_of_folders
from listen_datasets.text import visible

NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
"""Tables of the layout; a folder has one of them."""

FOLDERS = "folders"
"""What findings call the table that is made of the names of folders."""

_HEAD = 1 << 16


@dataclass(frozen=True)
class AudioFolder:
    """A folder in the layout ``audiofolder``; see :class:`listen_datasets.stores.Store`.

    Attributes:
        root: The folder.
        executor: What reads tables in Parquet; one process with limited memory if None.
    """

    root: Path
    executor: Executor | None = field(default=None, compare=False, repr=False)

    @classmethod
    def at(cls, location: Path) -> AudioFolder:
        """Return the store of a folder.

        Raises:
            RecipeError: There is no such folder.
        """
        if not location.is_dir():
            raise RecipeError("there is no such folder", where=visible(str(location)))
        return cls(location)

    def walk(self) -> Iterator[Found]:
        """Yield everything below the folder but the tables of the layout."""
        return (found for found in inputs.walk(self.root) if not _is_table(found))

    def opened(self, path: str) -> AbstractContextManager[OpenInput]:
        """Open a file beneath the folder, following no link on the way."""
        return inputs.opened(self.root, path)

    def tables(self) -> Sequence[MetadataTable]:
        """Return the tables of all folders, and what the names of folders say of the recordings that none covers."""
        everything = list(inputs.walk(self.root))
        recordings = [found.path for found in everything if found.kind == "file" and inputs.is_audio(found.path)]
        places = [found.path for found in everything if _is_table(found)]
        has_splits = any(split_of_folders(path) for path in recordings)
        tables = [self._read(place, has_splits=has_splits) for place in places]
        covered = {place.rpartition("/")[0] for place in places}
        rest = [path for path in recordings if not _is_below(path, covered)]
        made = _of_folders(rest, has_labels=not places)
        return tables if made is None else [*tables, made]

    def _read(self, place: str, *, has_splits: bool) -> MetadataTable:
        """Return a table with paths relative to the root.

        Raises:
            MetadataError: It cannot be read, or has no column that names the recordings.
        """
        table = read(self.root / place, name=place, executor=self.executor)
        if KEY not in table.columns.column_names or not pa.types.is_string(table.columns.schema.field(KEY).type):
            hint = f"the layout audiofolder wants paths relative to the folder of the table, in a column `{KEY}`"
            raise MetadataError(f"the table has no column `{KEY}` of text", where=place, hint=hint)
        folder = place.rpartition("/")[0]
        files = [_joined(folder, name) for name in table.columns[KEY].to_pylist()]
        others = table.columns.drop_columns([KEY])
        arrays = {KEY: pa.array(files, pa.string())}
        if has_splits:
            others = renamed(others, {"split": None})
            arrays["split"] = pa.array([split_of_folders(name or "") for name in files], pa.string())
        return replace(table, columns=beside(arrays, others))


def recognises(folder: Path) -> bool:
    """Tell whether a folder holds folders of splits, with a table of the layout in each, and no recording beside them.

    A table at the root is not enough: that is what any folder of recordings may look like.
    """
    entries = [path for path in folder.iterdir() if not inputs.is_junk(path.name)]
    folders = [path for path in entries if path.is_dir()]
    files = [path.name for path in entries if not path.is_dir()]
    if not folders or any(split_of_folder(path.name) is None for path in folders):
        return False
    return not any(name in NAMES or inputs.is_audio(name) for name in files) and all(map(_has_table, folders))


def _has_table(folder: Path) -> bool:
    return any(_names_files(folder, name) for name in NAMES[:2] if (folder / name).is_file())


def _names_files(folder: Path, name: str) -> bool:
    """Tell whether the first line of a table has the column of the layout."""
    try:
        with inputs.opened(folder, name) as file:
            line = file.read(0, _HEAD).decode("utf-8-sig", errors="replace").partition("\n")[0].strip()
        return KEY in (parse(line) if name.endswith(".jsonl") else next(islice(csv.reader([line]), 1), []))
    except (InputProblem, ValueError, TypeError, csv.Error):
        return False


def _is_table(found: Found) -> bool:
    return found.kind == "file" and not found.junk and found.path.rpartition("/")[2] in NAMES


def _joined(folder: str, name: str | None) -> str | None:
    """Return a path of a table relative to the root; a path that leaves its folder or is absolute is left as it is."""
    if not name or not folder:
        return name
    try:
        return f"{folder}/{inputs.safe_relative(name)}"
    except InputProblem:
        return name


def _is_below(path: str, folders: set[str]) -> bool:
    while path:
        path = path.rpartition("/")[0]
        if path in folders:
            return True
    return False


def _of_folders(paths: Sequence[str], *, has_labels: bool) -> MetadataTable | None:
    """Return what the names of folders say of recordings; None if they say nothing."""
    splits = [split_of_folders(path) for path in paths]
    labels = [_label(path) if has_labels else None for path in paths]
    said = {"split": splits, "label": labels}
    columns = {name: pa.array(values, pa.string()) for name, values in said.items() if any(values)}
    if not columns:
        return None
    files = pa.array(paths, pa.string())
    return MetadataTable(name=FOLDERS, columns=pa.table({KEY: files, **columns}), lines=range(1, len(paths) + 1))


def _label(path: str) -> str | None:
    """Return the folder of a recording, unless it is the root or a split."""
    folder = path.rpartition("/")[0].rpartition("/")[2]
    return folder if folder and split_of_folder(folder) is None else None
