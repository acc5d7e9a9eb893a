"""Names of splits in the file and folder names of published datasets, as their readers understand them.

The words are those of ``datasets.load_dataset`` (data_files.py of datasets 5.2): a name speaks of a split if one of them
stands in it, set off by digits, spaces or ``-._``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

WORDS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "dev": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}
"""Words to the name of the split that they mean."""

_GAPS = re.compile(r"[-._ 0-9]+")
_SHARD = re.compile(r"(?P<split>\w[\w.-]*?)-\d{4,6}-of-\d{4,6}(-[0-9a-f]+)?", re.ASCII)
_COUNT = re.compile(r"^[0-9]*(-of-[0-9]+)?")
_PARTIAL = "partial-"


def split_in(name: str) -> str | None:
    """Return the split that a name speaks of; None if it speaks of none, or of several.

    >>> split_in("my_dev-0001"), split_in("trains"), split_in("test-of-train")
    ('validation', None, None)
    """
    found = {WORDS[word] for word in _GAPS.split(name.lower()) if word in WORDS}
    return found.pop() if len(found) == 1 else None


def split_of_folder(name: str) -> str | None:
    """Return the split that a folder is, by its whole name; None if it is none."""
    return WORDS.get(name.lower().removeprefix(_PARTIAL))


def split_of_folders(path: str) -> str | None:
    """Return the split that the outermost of the folders on a path is which is one."""
    folders = path.split("/")[:-1]
    return next((split for folder in folders if (split := split_of_folder(folder))), None)


def placed(path: str) -> tuple[str, str | None]:
    """Return configuration (empty for none) and split of a shard.

    The Hub knows ``data/train-00000-of-00002.parquet``, ``CONFIG/train-00000-of-00002.parquet`` and
    ``CONFIG/train/0000.parquet``. What a shard calls its split stays as it is; other names are looked through for words.

    >>> placed("data/test.other-00000-of-00001.parquet")
    ('', 'test.other')
    >>> placed("ar/partial-dev/0000.parquet")
    ('ar', 'validation')
    """
    *folders, name = path.split("/")
    stem = name.partition(".")[0]
    match = _SHARD.match(name)
    split = match["split"] if match else split_in(stem)
    if split is None and folders and (folder := split_of_folder(folders[-1])):
        split = folder
    if folders and split_of_folder(folders[-1]) is not None:
        folders.pop()
    return "/".join(folder for folder in folders if folder not in {"data", "default"}), split


def pattern(names: Sequence[str]) -> str:
    """Return a name for several files: what their names have in common, with ``*`` for the rest.

    >>> pattern(["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"])
    'data/train-*.parquet'
    """
    if len(names) == 1:
        return names[0]
    first, last = min(names), max(names)
    ahead = _common(first, last)
    behind = min((_common(names[0][::-1], name[::-1]) for name in names[1:]), default=0)
    head = first[:ahead].rstrip("0123456789")
    tail = _COUNT.sub("", first[max(ahead, len(first) - behind) :])
    return f"{head}*{tail}"


def _common(first: str, second: str) -> int:
    """Return how many characters two texts begin with in common."""
    return next(
        (at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
