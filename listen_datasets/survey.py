"""What lies in the sources before anything is decoded: the recordings to read, and everything else by count."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from listen_datasets.errors import RecipeError
from listen_datasets.inputs import Found, is_audio, walk
from listen_datasets.metadata import SUFFIXES
from listen_datasets.model import Fate, Rejected
from listen_datasets.recipe import Source

_NOT_READ = {
    "link": ("input.link", "a link; links are not followed"),
    "special": ("input.not_regular", "no regular file"),
    "odd_name": ("input.odd_name", "its name is not UTF-8 or holds control characters"),
}
_LABELS = {"link": "link", "special": "special file", "odd_name": "odd name", "folder": "hidden"}


@dataclass(frozen=True, kw_only=True)
class Survey:
    """One source as it was found.

    Attributes:
        source: The source.
        root: Its folder.
        recordings: Paths to read, relative to the root: by suffix, or because a row of the metadata names them.
        bytes: Their sizes together.
        refused: What may be recordings and cannot be opened safely, or not listed.
        ignored: Number of everything else by suffix (``.txt``; empty for none) or kind (``hidden``, ``link``, ...).
        unused_tables: Tables at the root that look like metadata and that the recipe does not name.
    """

    source: Source
    root: Path
    recordings: tuple[str, ...]
    bytes: int
    refused: tuple[Rejected, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    unused_tables: tuple[str, ...] = ()


def survey(source: Source, root: Path, *, named: Iterable[str], tables: Iterable[Path]) -> Survey:
    """Look through a source.

    Args:
        source: The source.
        root: Its folder.
        named: Paths that its metadata names: these are read whatever their suffix.
        tables: Its metadata files, which are no recordings wherever they lie.

    Raises:
        RecipeError: It is no folder.
        MachineError: It cannot be listed.
    """
    if not root.is_dir():
        raise RecipeError(
            f"the source {source.name!r} is no folder", where="lds.toml", hint="correct `path` of that [[source]]"
        )
    wanted = set(named)
    known = {os.path.relpath(table, root) for table in tables}
    recordings: list[str] = []
    refused: list[Rejected] = []
    ignored: Counter[str] = Counter()
    unused: list[str] = []
    total = 0
    for found in walk(root):
        if found.kind == "file" and not found.junk and (is_audio(found.path) or found.path in wanted):
            recordings.append(found.path)
            total += found.bytes or 0
        elif refusal := _refusal(source, root, found):
            refused.append(refusal)
        elif found.path not in known:
            ignored[_label(found)] += 1
            if found.path.startswith("metadata.") and found.path.endswith(tuple(SUFFIXES)):
                unused.append(found.path)
    return Survey(
        source=source,
        root=root,
        recordings=tuple(recordings),
        bytes=total,
        refused=tuple(refused),
        ignored=dict(sorted(ignored.items())),
        unused_tables=tuple(unused),
    )


def _label(found: Found) -> str:
    """Return what something that is not read is counted as."""
    if found.junk:
        return "hidden"
    return Path(found.path).suffix.lower() if found.kind == "file" else _LABELS[found.kind]


def _refusal(source: Source, root: Path, found: Found) -> Rejected | None:
    """Return why something that may be a recording, or a folder of them, is not read; None if it is none."""
    if found.kind == "unreadable":
        return Rejected(
            source=source.name,
            path=found.path,
            code="input.unreadable",
            reason="a folder that cannot be listed, so its recordings are not known",
            fate=Fate.UNREADABLE,
        )
    is_linked_folder = found.kind == "link" and (root / found.path).is_dir()
    if found.kind in _NOT_READ and not found.junk and (is_linked_folder or is_audio(found.path)):
        code, reason = _NOT_READ[found.kind]
        return Rejected(source=source.name, path=found.path, code=code, reason=reason)
    return None
