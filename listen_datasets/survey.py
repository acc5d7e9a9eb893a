"""What lies in the sources before anything is decoded: the recordings to read, and everything else by count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from listen_datasets.inputs import Found, is_audio
from listen_datasets.metadata import SUFFIXES
from listen_datasets.model import Fate, Rejected
from listen_datasets.recipe import Source
from listen_datasets.stores import Store

_NOT_READ = {
    "link": ("input.link", "a link; links are not followed"),
    "special": ("input.not_regular", "no regular file"),
    "odd_name": ("input.odd_name", "its name is not UTF-8 or holds control characters"),
}
_LABELS = {"link": "link", "special": "special file", "odd_name": "odd name", "folder": "hidden", "refused": "refused"}


@dataclass(frozen=True, kw_only=True)
class Survey:
    """One source as it was found.

    Attributes:
        source: The source.
        recordings: What to read: by suffix, or because a row of the metadata names it.
        refused: What may be recordings and cannot be opened safely, or not listed.
        ignored: Number of everything else by suffix (``.txt``; empty for none) or kind (``hidden``, ``link``, ...).
        unused_tables: Tables at the root that look like metadata and that the recipe does not name.
    """

    source: Source
    recordings: tuple[Found, ...]
    refused: tuple[Rejected, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    unused_tables: tuple[str, ...] = ()


def survey(source: Source, store: Store, *, named: Iterable[str], tables: Iterable[str]) -> Survey:
    """Look through a source.

    Args:
        source: The source.
        store: Where it lies.
        named: Paths in the store that its metadata names: these are read whatever their suffix.
        tables: Those of its metadata files that lie in the store: they are no recordings.

    Raises:
        RecipeError: It is not what the recipe says.
        MachineError: It cannot be listed.
    """
    wanted, known = set(named), set(tables)
    recordings: list[Found] = []
    refused: list[Rejected] = []
    ignored: Counter[str] = Counter()
    unused: list[str] = []
    for found in store.walk():
        if found.kind == "file" and not found.junk and (is_audio(found.path) or found.path in wanted):
            recordings.append(found)
        elif refusal := _refusal(source, found):
            refused.append(refusal)
        elif found.path not in known:
            ignored[_label(found)] += 1
            if found.path.startswith("metadata.") and found.path.endswith(SUFFIXES) and ".schema." not in found.path:
                unused.append(found.path)
    return Survey(
        source=source,
        recordings=tuple(recordings),
        refused=tuple(refused),
        ignored=dict(sorted(ignored.items())),
        unused_tables=tuple(unused),
    )


def _label(found: Found) -> str:
    """Return what something that is not read is counted as."""
    if found.junk:
        return "hidden"
    return PurePosixPath(found.path).suffix.lower() if found.kind == "file" else _LABELS[found.kind]


def _refusal(source: Source, found: Found) -> Rejected | None:
    """Return why something that may be a recording, or a folder of them, is not read; None if it is none."""
    if found.problem is not None:
        problem = found.problem
        return Rejected(
            source=source.name, path=found.path, code=problem.code, reason=problem.reason, fate=problem.fate
        )
    if found.kind == "unreadable":
        return Rejected(
            source=source.name,
            path=found.path,
            code="input.unreadable",
            reason="a folder that cannot be listed, so its recordings are not known",
            fate=Fate.UNREADABLE,
        )
    if found.kind in _NOT_READ and not found.junk and (found.is_folder or is_audio(found.path)):
        code, reason = _NOT_READ[found.kind]
        return Rejected(source=source.name, path=found.path, code=code, reason=reason)
    return None
