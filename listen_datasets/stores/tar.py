"""Tar archives as sources, compressed or not: their members are read where they lie, and nothing is unpacked to disk."""

from __future__ import annotations

import functools
import operator
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from listen_datasets.inputs import Found, InputProblem, OpenInput
from listen_datasets.stores.archive_file import ArchiveFile, listed, opened_member
from listen_datasets.stores.content import Content, Packed, Plain, method_of
from listen_datasets.stores.members import DEFAULT, Limits
from listen_datasets.stores.spool import spooled, spooled_range
from listen_datasets.stores.tar_index import Place, TarIndex
from listen_datasets.text import visible

if TYPE_CHECKING:
    from listen_datasets.metadata.table import MetadataTable

_PIECE = 1 << 20
_REMEMBERED = 8


@dataclass(frozen=True)
class Tar:
    """A tar archive; see :class:`listen_datasets.stores.Store`.

    Each process looks through the archive for itself, as far as it needs to, and remembers what it found: the store
    that is sent to workers is no more than a name.

    Attributes:
        file: The file that it is.
        limits: How much may be in it.
    """

    file: ArchiveFile
    limits: Limits = DEFAULT

    def walk(self) -> Iterator[Found]:
        """Yield the members sorted by path, and the archive itself as unreadable if it does not hold to its end."""
        return listed(self.file, lambda stamp: _index(self, stamp).found(stamp))

    def members(self) -> Iterator[Found]:
        """Yield the members that can be opened, in the order of the archive: opening them in turn is fastest."""
        files = (found for found in self.walk() if found.kind == "file" and not found.junk)
        return iter(sorted(files, key=operator.attrgetter("position")))

    def opened(self, path: str) -> AbstractContextManager[OpenInput]:
        """Open a copy of a member: in memory, or in a file without a name if it is large."""
        return opened_member(self.file, path, lambda stamp: _member(_index(self, stamp), path))

    def tables(self) -> Sequence[MetadataTable]:
        """Return nothing: a tar has no layout of its own."""
        return ()


@functools.lru_cache(_REMEMBERED)
def _index(tar: Tar, stamp: str) -> TarIndex:  # noqa: ARG001 - another stamp is another archive
    fd = tar.file.descriptor()
    try:
        method = method_of(fd)
        content: Content = Plain(fd) if method is None else Packed(fd, method, most=tar.limits.bytes)
    except BaseException:
        os.close(fd)
        raise
    return TarIndex(content, tar.limits, tar.file.name)


def _member(index: TarIndex, path: str) -> AbstractContextManager[OpenInput] | None:
    place = index.find(path)
    return None if place is None else _copy(index.content, place, path)


def _copy(content: Content, place: Place, path: str) -> AbstractContextManager[OpenInput]:
    if isinstance(content, Plain) and place.extents is None:
        return spooled_range(content.fd, place.offset, place.stored, path)
    return spooled(_pieces(content, place, path), path)


def _pieces(content: Content, place: Place, path: str) -> Iterator[bytes]:
    """Yield the bytes of a member.

    Raises:
        InputProblem: ``input.member_damaged``, ``input.archive_limit`` or ``input.unreadable``.
    """
    try:
        if place.extents is None:
            yield from _range(content, place.offset, place.stored)
            return
        at, done = place.offset, 0
        for extent in place.extents:
            yield from _zeros(extent.offset - done)
            yield from _range(content, at, extent.length)
            at, done = at + extent.length, extent.offset + extent.length
        yield from _zeros(place.size - done)
    except InputProblem as problem:
        if problem.code != "input.archive_damaged":
            raise
        reason = f"{visible(path)} cannot be read from the archive: {problem.reason}"
        raise InputProblem("input.member_damaged", reason) from problem


def _range(content: Content, offset: int, length: int) -> Iterator[bytes]:
    end = offset + length
    while offset < end:
        piece = content.at(offset, min(end - offset, _PIECE))
        if not piece:
            raise InputProblem("input.archive_damaged", f"it ends {end - offset:,} bytes too early")
        yield piece
        offset += len(piece)


def _zeros(length: int) -> Iterator[bytes]:
    while length > 0:
        yield bytes(min(length, _PIECE))
        length -= _PIECE
