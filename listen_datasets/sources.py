"""Sources in ``lds.toml``: a new one is added behind the text as it is, so that comments and layout stay."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from listen_datasets import commit, config
from listen_datasets.errors import RecipeError, UsageError
from listen_datasets.paths import real
from listen_datasets.recipe import Source
from listen_datasets.stores import Store
from listen_datasets.stores.folder import Folder
from listen_datasets.stores.urls import Policy, shown
from listen_datasets.template import toml_value
from listen_datasets.text import has_control, visible
from listen_datasets.verification import OWNED_FOLDERS

_LONGEST_NAME = 80
_KIND = re.compile(r"[a-z][a-z0-9-]+:(?!//)")
_ARCHIVE_SUFFIX = re.compile(r"(\.tar)?\.(tar|tgz|gz|bz2|xz|zst|zip)$", re.IGNORECASE)


def store(root: Path, source: Source, *, may_be_away: bool = False) -> Store:
    """Return where the recordings of a source lie.

    Args:
        root: The dataset.
        source: The source.
        may_be_away: Whether a place of this machine may be away for the moment: nothing can be opened in it then.

    Raises:
        RecipeError: There is nothing there that can be a source, or packages are missing.
        MachineError: The place cannot be reached.
    """
    from listen_datasets.stores.location import store_of  # noqa: PLC0415 - start-up time: most commands read no source

    if may_be_away and is_away(root, source.path):
        return Folder(root / split_kind(source.path)[1])
    policy = Policy(private_hosts=source.allow_private_hosts, plain_http=source.allow_http)
    return store_of(root, source.path, policy=policy)


def is_away(root: Path, path: str) -> bool:
    """Tell whether a source is a place of this machine that is not there."""
    place = split_kind(path)[1]
    return not is_remote(place) and not (root / place).exists()


def check_there(root: Path, sources: Iterable[Source]) -> None:
    """Refuse sources that are away: their recordings would be taken for gone.

    Raises:
        RecipeError: One is not there.
    """
    for source in sources:
        if is_away(root, source.path):
            raise RecipeError(
                f"the source {source.name!r} is not there",
                where=config.RECIPE,
                hint="is a disk to be mounted? else correct `path` of that [[source]]",
            )


def local_folder(root: Path, path: str) -> Path | None:
    """Return the folder that a source is; None if it is an archive, a URL, or not there."""
    place = split_kind(path)[1]
    if is_remote(place):
        return None
    folder = real(root / place)
    return folder if folder.is_dir() else None


def split_kind(location: str) -> tuple[str, str]:
    """Return the kind of source that stands before a location, with its colon, and the location.

    >>> split_kind("webdataset:shards")
    ('webdataset:', 'shards')
    >>> split_kind("https://example.org/a.zip")
    ('', 'https://example.org/a.zip')
    """
    match = _KIND.match(location)
    return (match.group(), location[match.end() :]) if match else ("", location)


def is_remote(location: str) -> bool:
    """Tell whether a location is a URL."""
    return "://" in location


def path_inside(root: Path, source: str, name: str) -> str | None:
    """Return the path below the root of a source that leads to a table; None if the table does not lie in it.

    Args:
        root: The dataset.
        source: Path of a source that is no folder of this machine.
        name: The table, or a pattern of such, as the recipe says.

    >>> path_inside(Path("/dataset"), "s3://bucket/takes", "s3://bucket/takes/day/metadata.csv")
    'day/metadata.csv'
    """
    place = split_kind(source)[1]
    if is_remote(place):
        inside = name.removeprefix(f"{place.rstrip('/')}/")
        return None if inside == name else inside
    archive, table = real(root / place), real(root / name)
    return table.relative_to(archive).as_posix() if archive in table.parents else None


def with_source(root: Path, text: str, location: str, metadata: Sequence[str]) -> str:
    """Return the text of ``lds.toml`` with one more source, or as it is if it names that source already.

    Args:
        root: The dataset.
        text: Its ``lds.toml``.
        location: Folder or archive of recordings, relative to the working directory, or a URL.
        metadata: Tables about them, or patterns of such, relative to the working directory, or below the URL.

    Raises:
        UsageError: The folder and the dataset lie in each other, the source is there with other metadata, or a path
            cannot stand in a text file.
        RecipeError: The text is no recipe, or there is nothing there that can be a source.
    """
    recipe = config.parse(text)
    kind, place = split_kind(location)
    path = location if is_remote(place) else kind + _relative(root, Path(place))
    folder = local_folder(root, path)
    if folder is not None:
        check_apart(root, folder)
    tables = tuple(dict.fromkeys(_table(root, path, name) for name in metadata))
    for source in recipe.source:
        if _place(root, source.path) == _place(root, path):
            if tables and tables != source.metadata:
                raise UsageError(
                    f"the source {source.name!r} is in lds.toml with other metadata",
                    where=config.RECIPE,
                    hint="edit `metadata` of that [[source]]",
                )
            return text
    name = _free_name(_stem(root, path), {source.name for source in recipe.source})
    store(root, Source(name=name, path=path))
    return text.rstrip("\n") + "\n\n" + block(name, path, tables)


def _table(root: Path, source: str, name: str) -> str:
    """Return how the recipe names a table."""
    if not is_remote(name):
        return _relative(root, Path(name))
    if path_inside(root, source, name) is None:
        raise UsageError(
            "a table lies on this machine, or in the source that it is about", where=shown(name), hint="download it"
        )
    return name


def _place(root: Path, path: str) -> tuple[str, str]:
    """Return what tells a source from others."""
    kind, place = split_kind(path)
    return kind, place if is_remote(place) else str(real(root / place))


def _stem(root: Path, path: str) -> str:
    """Return the name of a folder, or of an archive without its suffixes."""
    place = split_kind(path)[1]
    if is_remote(place):
        parts = urlsplit(place)
        name = parts.path.rstrip("/").rpartition("/")[2] or parts.hostname or ""
    else:
        name = real(root / place).name
    return _ARCHIVE_SUFFIX.sub("", name)


def check_apart(root: Path, folder: Path) -> None:
    """Refuse a dataset inside its own source: outputs must never lie among inputs.

    Raises:
        UsageError: The dataset is the source or lies in it, or the source is one of the dataset's own folders.
    """
    outside, inside = real(folder), real(root)
    if any(outside.is_relative_to(inside / name) for name in (*OWNED_FOLDERS, commit.PRIVATE)):
        raise UsageError("the source lies in a folder that lds writes to", where=str(folder), hint="move it elsewhere")
    if inside.is_relative_to(outside):
        raise UsageError(
            "the dataset lies inside its source, where its own files would be taken for recordings",
            where=str(folder),
            hint="make the dataset in another folder",
        )


def check_disjoint(roots: Mapping[str, Path]) -> None:
    """Refuse sources that lie in each other: a file would be two inputs.

    Args:
        roots: The folder of every source by its name.

    Raises:
        UsageError: Two of them overlap.
    """
    for (name, root), (other, folder) in itertools.permutations(roots.items(), 2):
        if real(root).is_relative_to(real(folder)):
            raise UsageError(
                f"the source {name!r} lies in the source {other!r}, so its files would count twice",
                where=config.RECIPE,
                hint="keep one of the two",
            )


def block(name: str, path: str, metadata: Sequence[str]) -> str:
    """Return a ``[[source]]`` as TOML."""
    lines = ["[[source]]", f"name = {toml_value(name)}", f"path = {toml_value(path)}"]
    if metadata:
        lines.append(f"metadata = {toml_value(list(metadata))}")
    return "\n".join(lines) + "\n"


def slug(text: str) -> str:
    """Return a name for machines made of the name of a folder; empty if nothing of it can be used.

    >>> slug("Field Recordings (2024)")
    'field-recordings-2024'
    """
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:_LONGEST_NAME]


def _relative(root: Path, path: Path) -> str:
    text = Path(os.path.relpath(real(path), real(root))).as_posix()
    if has_control(text) or text != text.encode(errors="replace").decode():
        raise UsageError(
            "a path that is not UTF-8 or holds control characters cannot stand in lds.toml",
            where=visible(text),
            hint="rename the folder or file",
        )
    return text


def _free_name(text: str, taken: set[str]) -> str:
    first = slug(text) or "source"
    name, number = first, 2
    while name in taken:
        name, number = f"{first}-{number}", number + 1
    return name
