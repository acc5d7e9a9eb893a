"""From the words of a recipe to a store: a URL, a folder, an archive, or the layout of a published dataset.

What a file is, its first bytes say; its name says nothing. What a folder is, may be said (``webdataset:shards``) or is
recognised by what lies in it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from listen_datasets.errors import MachineError, RecipeError
from listen_datasets.inputs import InputProblem
from listen_datasets.model import Fate
from listen_datasets.stores import Store
from listen_datasets.stores.archive_file import ArchiveFile, LocalFile
from listen_datasets.stores.cloud import EXTRAS, Cloud, CloudFile
from listen_datasets.stores.decoders import MAGIC, decoder_of
from listen_datasets.stores.folder import Folder
from listen_datasets.stores.single import Single
from listen_datasets.stores.tar import Tar
from listen_datasets.stores.tar_headers import is_header
from listen_datasets.stores.urls import CAREFUL, Policy, shown, split
from listen_datasets.stores.web import WebFile
from listen_datasets.stores.zip import Zip
from listen_datasets.text import visible

LAYOUTS: Mapping[str, str] = {
    "hf-parquet": "listen_datasets.stores.hf_parquet:HfParquet",
    "audiofolder": "listen_datasets.stores.audiofolder:AudioFolder",
    "webdataset": "listen_datasets.stores.webdataset:WebDataset",
    "lhotse": "listen_datasets.stores.lhotse:Lhotse",
}
"""Layouts of published datasets, and the stores for them as ``module:class``.

``class.at(location: Path)`` makes a store.
"""

RECOGNISED = ("hf-parquet", "webdataset", "lhotse")
"""Layouts that are recognised, most telling first, by ``recognises(folder: Path) -> bool`` of their module.

The others may be what any folder of recordings looks like, so they must be said.
"""

_ARCHIVES: Mapping[str, type[Tar | Zip]] = {"tar": Tar, "zip": Zip}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def store_of(base: Path, path: str, kind: str | None = None, policy: Policy = CAREFUL) -> Store:
    """Return the store that a recipe means.

    Args:
        base: What relative paths are relative to.
        path: A URL, a path, or a path behind the name of a kind and a colon, such as ``zip:take.bin``.
        kind: What it is: ``folder``, ``tar``, ``zip`` or a layout; recognised if left out.
        policy: Which hosts may be asked over HTTP.

    Raises:
        RecipeError: There is nothing there that can be a source, or packages are missing.
        MachineError: The place cannot be reached.
    """
    prefix, colon, rest = path.partition(":")
    if colon and kind is None and prefix in {*_ARCHIVES, *LAYOUTS, "folder"}:
        kind, path = prefix, rest
    if "://" not in path:
        return _local(base / path, kind)
    file = _remote(path, policy)
    try:
        if isinstance(file, CloudFile) and not file.is_file:
            return Cloud(path)
        return _archive(file, kind) or Single(file)
    except InputProblem as problem:
        raise _unusable(problem, shown(path)) from None


def _remote(url: str, policy: Policy) -> CloudFile | WebFile:
    parts = split(url)
    if parts.scheme in EXTRAS:
        return CloudFile(url)
    if parts.scheme == "https" or (parts.scheme == "http" and policy.plain_http):
        return WebFile(url, policy)
    if parts.scheme == "http":
        hint = "use https://, or allow it for this source with `allow-http = true`"
        raise RecipeError("what comes over http:// may be changed on its way", where=shown(url), hint=hint)
    known = ", ".join(f"{scheme}://" for scheme in ("https", *EXTRAS) if scheme != "memory")
    raise RecipeError(
        f"{visible(parts.scheme)}:// is no place that is read", where=shown(url), hint=f"there are {known}"
    )


def _local(path: Path, kind: str | None) -> Store:
    where = visible(str(path))
    if kind is not None and kind in LAYOUTS:
        return _of_layout(kind, path)
    if path.is_dir():
        return _folder(path, kind, where)
    if kind is not None and kind not in _ARCHIVES:
        raise RecipeError(f"a source that is to be {visible(kind)} is no folder", where=where)
    try:
        store = _archive(LocalFile(path), kind)
    except InputProblem as problem:
        raise _unusable(problem, where) from None
    if store is None:
        hint = "name the folder that it lies in, or an archive (tar, tar.gz, zip, ...)"
        raise RecipeError("the source is neither a folder nor an archive", where=where, hint=hint)
    return store


def _folder(path: Path, kind: str | None, where: str) -> Store:
    if kind in _ARCHIVES:
        raise RecipeError(f"a source that is to be {kind} is a folder", where=where, hint="leave the kind out")
    if kind is None:
        kind = next((name for name in RECOGNISED if _layout(name)[0].recognises(path)), "folder")
    if kind == "folder":
        return Folder(path)
    if kind not in LAYOUTS:
        known = ", ".join(("folder", *_ARCHIVES, *LAYOUTS))
        raise RecipeError(f"there is no kind of source called {visible(kind)}", where=where, hint=f"there are {known}")
    return _of_layout(kind, path)


def _of_layout(kind: str, path: Path) -> Store:
    made: Store = _layout(kind)[1].at(path)
    return made


def _layout(kind: str) -> tuple[Any, Any]:
    """Return module and class of a layout."""
    home, _, name = LAYOUTS[kind].partition(":")
    module = importlib.import_module(home)
    return module, getattr(module, name)


def _archive(file: ArchiveFile, kind: str | None) -> Store | None:
    """Return the store for an archive; None if the file is none and need not be.

    Raises:
        RecipeError: It is not the archive that it is to be, or this Python cannot decompress it.
        InputProblem: It cannot be read.
    """
    head = file.head()
    method = next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)
    if method is not None:
        decoder_of(method)
    found = "zip" if head.startswith(_ZIP) else "tar" if method or is_header(head) else None
    if kind is not None and kind != found:
        raise RecipeError(f"a source that is to be {kind} is {found or 'no archive'}", where=file.name)
    return None if found is None else _ARCHIVES[found](file)


def _unusable(problem: InputProblem, where: str) -> RecipeError | MachineError:
    if problem.code == "input.forbidden_address":
        hint = "if it is meant, name its host in `allow-private-hosts` of this source"
        return RecipeError(f"the source must not be asked: {problem.reason}", where=where, hint=hint)
    if problem.code == "input.missing" or problem.fate == Fate.REJECTED:
        return RecipeError(f"the source cannot be used: {problem.reason}", where=where, hint="correct `path`")
    return MachineError(f"the source cannot be reached: {problem.reason}", where=where, hint="try again later")
