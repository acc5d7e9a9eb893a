"""Objects in cloud storage, reached through fsspec: a folder of them, or one that is an archive or a recording.

Credentials, endpoints and proxies are those of the storage's own configuration (environment, profile, instance); nothing
of them is passed on or shown.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from listen_datasets.errors import LdsError, MachineError, RecipeError
from listen_datasets.inputs import Found, InputProblem, OpenInput
from listen_datasets.model import Fate
from listen_datasets.stores.archive_file import HEAD
from listen_datasets.stores.attempts import PAUSES, Again, repeated
from listen_datasets.stores.members import Member, judged
from listen_datasets.stores.spool import Spool
from listen_datasets.stores.urls import file_name, scrubbed, shown
from listen_datasets.text import visible

if TYPE_CHECKING:
    from listen_datasets.metadata.table import MetadataTable

EXTRAS = {"s3": "s3", "gs": "gs", "hf": "hub", "memory": "s3"}
"""The schemes of URLs that are read through fsspec, and the extra of this package that brings what is needed."""

_AT_ONCE = 16 << 20
# What the storages call what changes with the content, the most telling first.
_TAGS = (
    "ETag",
    "etag",
    "md5Hash",
    "blob_id",
    "generation",
    "LastModified",
    "last_modified",
    "updated",
    "mtime",
    "created",
)

# The file system of the Hub keeps every listing for ever and, unless asked for more, says of an object nothing that
# changes with its content; asked for more, it lists slowly.
_MADE: Mapping[str, Mapping[str, Any]] = {"hf": {"expand_info": True}}
_ASKED: Mapping[str, Mapping[str, Any]] = {"hf": {"refresh": True}}
_FOUND: Mapping[str, Mapping[str, Any]] = {"hf": {"refresh": True, "expand_info": False}}


@dataclass(frozen=True)
class Cloud:
    """All objects below a prefix; see :class:`listen_datasets.stores.Store`.

    Attributes:
        url: The prefix, such as ``s3://bucket/recordings``.
        pauses: Seconds between attempts; there is one attempt more.
    """

    url: str
    pauses: tuple[float, ...] = PAUSES

    def walk(self) -> Iterator[Found]:
        """Yield the objects sorted by path."""
        try:
            objects = repeated(functools.partial(_listed, self.url), self.url, self.pauses)
        except InputProblem as problem:
            raise MachineError(f"the source cannot be listed: {problem.reason}", where=shown(self.url)) from None
        return (_found(path, objects[path]) for path in sorted(objects))

    @contextlib.contextmanager
    def opened(self, path: str) -> Iterator[OpenInput]:
        """Open a copy of an object: in memory, or in a file without a name if it is large."""
        if not _is_plain(path):
            raise InputProblem("input.missing", f"there is no object {visible(path)}", Fate.UNREADABLE)
        url = f"{self.url.rstrip('/')}/{path}"
        with contextlib.closing(Spool(path)) as spool:
            _fetch(url, spool, self.pauses)
            yield spool.opened()

    def tables(self) -> Sequence[MetadataTable]:
        """Return nothing: tables beside the recordings are named in the recipe."""
        return ()


@dataclass(frozen=True)
class CloudFile:
    """One object; an :class:`listen_datasets.stores.archive_file.ArchiveFile`.

    Attributes:
        url: Where it lies, such as ``s3://bucket/recordings.tar``.
        pauses: Seconds between attempts; there is one attempt more.
    """

    url: str
    pauses: tuple[float, ...] = PAUSES

    @property
    def name(self) -> str:
        """Return the last part of its key."""
        return file_name(self.url.rpartition("/")[2])

    @property
    def size(self) -> int | None:
        """Return its bytes."""
        return _size(_known(self))

    @property
    def is_file(self) -> bool:
        """Tell whether it is an object, and not a prefix of others."""
        return bool(_known(self).get("type") == "file")

    def head(self) -> bytes:
        """Return its first bytes."""
        attempt = functools.partial(_range, self.url, 0, HEAD)
        return repeated(attempt, self.url, self.pauses) if self.size else b""

    def stamp(self) -> str:
        """Return size and entity tag as they were when this process asked first."""
        return _stamp(_known(self))

    def descriptor(self) -> int:
        """Fetch it and return the descriptor of the copy."""
        spool = Spool(self.name)
        try:
            _fetch(self.url, spool, self.pauses)
        except BaseException:
            spool.close()
            raise
        return spool.fd


@functools.lru_cache(64)
def _known(file: CloudFile) -> Mapping[str, Any]:
    return repeated(functools.partial(_info, file.url), file.url, file.pauses)


@functools.cache
def _filesystem(scheme: str) -> Any:  # noqa: ANN401 - fsspec is not typed
    extra = EXTRAS.get(scheme, "s3")
    try:
        fsspec = importlib.import_module("fsspec")
        return fsspec.filesystem(scheme, use_listings_cache=False, **_MADE.get(scheme, {}))
    except ImportError:
        raise RecipeError(
            f"reading {scheme}:// needs packages that are not installed",
            where=f"{scheme}://",
            hint=f"pip install 'listen-datasets[{extra}]'",
        ) from None


@contextlib.contextmanager
def _asking(url: str) -> Iterator[tuple[Any, str]]:
    """Give the file system of a URL and the key in it; what goes wrong with it becomes what we make of it."""
    filesystem = _filesystem(_scheme(url))
    try:
        yield filesystem, filesystem._strip_protocol(url)  # noqa: SLF001 - the way fsspec's own functions do it
    except (InputProblem, LdsError, Again, MemoryError):
        raise
    except FileNotFoundError:
        raise InputProblem("input.missing", f"there is no {shown(url)}", Fate.UNREADABLE) from None
    except PermissionError as error:
        raise _refused(url, error) from None
    except OSError as error:
        raise Again(f"{type(error).__name__} {scrubbed(str(error))}".strip()) from None
    except Exception as error:  # noqa: BLE001 - the border to other people's code: each storage has its own errors
        raise _refused(url, error) from None


def _scheme(url: str) -> str:
    return url.partition("://")[0]


def _refused(url: str, error: Exception) -> InputProblem:
    reason = f"{shown(url)} cannot be read: {type(error).__name__} {scrubbed(str(error))}"
    return InputProblem("input.unreadable", reason, Fate.UNREADABLE)


def _listed(url: str) -> dict[str, Mapping[str, Any]]:
    """Return what is known of every object below a prefix, by its path below it."""
    with _asking(url) as (filesystem, key):
        root = filesystem.info(key)["name"].rstrip("/") + "/"
        objects = filesystem.find(key, detail=True, **_FOUND.get(_scheme(url), {}))
        return {
            name.removeprefix(root): info
            for name, info in objects.items()
            # Some tools mark a folder by an empty object.
            if info.get("type") == "file" and not (name.endswith("/") and not info.get("size"))
        }


def _found(path: str, info: Mapping[str, Any]) -> Found:
    member = _judged(path)
    problem = member.problem
    if problem is None and member.path != path:
        problem = InputProblem("input.unsafe_name", f"the key {visible(path)} has empty parts, or parts that are a dot")
    if problem is not None:
        is_odd = problem.code == "input.odd_name"
        return Found(visible(path, limit=len(path)), "odd_name" if is_odd else "refused", problem=problem)
    return Found(path, "file", member.junk, _size(info), stamp=_stamp(info))


def _judged(path: str) -> Member:
    return judged(path.encode("utf-8", "surrogateescape"))


def _is_plain(path: str) -> bool:
    member = _judged(path)
    return member.problem is None and member.path == path


def _info(url: str) -> Mapping[str, Any]:
    with _asking(url) as (filesystem, key):
        return dict(filesystem.info(key, **_ASKED.get(_scheme(url), {})))


def _range(url: str, start: int, end: int) -> bytes:
    with _asking(url) as (filesystem, key):
        return bytes(filesystem.cat_file(key, start=start, end=end))


def _fetch(url: str, spool: Spool, pauses: Sequence[float]) -> None:
    """Fill a spool with an object; each part of it is tried again for itself.

    Raises:
        InputProblem: ``input.missing``, ``input.unreadable`` or ``input.changed_during_read``.
    """
    before = repeated(functools.partial(_info, url), url, pauses)
    if before.get("type") != "file":
        raise InputProblem("input.missing", f"{shown(url)} is no object", Fate.UNREADABLE)
    size = _size(before) or 0
    while spool.size < size:
        spool.write(repeated(functools.partial(_part, url, spool.size, size), url, pauses))
    is_other = size > _AT_ONCE and _stamp(repeated(functools.partial(_info, url), url, pauses)) != _stamp(before)
    if spool.size != size or is_other:
        reason = f"{shown(url)} changed while it was fetched"
        raise InputProblem("input.changed_during_read", reason, Fate.UNREADABLE)


def _part(url: str, start: int, size: int) -> bytes:
    # One byte more than there should be, to see that there is none.
    data = _range(url, start, min(start + _AT_ONCE, size + 1))
    if not data:
        raise Again(f"{start:,} bytes came of {size:,} promised")
    return data


def _size(info: Mapping[str, Any]) -> int | None:
    size = info.get("size")
    return None if size is None else int(size)


def _stamp(info: Mapping[str, Any]) -> str:
    tag = next((info[key] for key in _TAGS if info.get(key)), None)
    return f"{info.get('size')}-{tag}"
