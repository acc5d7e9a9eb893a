"""ZIP archives as sources: members are decompressed one by one, and check sum and length of each are compared."""

from __future__ import annotations

import functools
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from listen_datasets.errors import RecipeError
from listen_datasets.inputs import Found, InputProblem, OpenInput
from listen_datasets.stores.archive_file import ArchiveFile, listed, opened_member
from listen_datasets.stores.content import Plain
from listen_datasets.stores.decoders import decoder_of
from listen_datasets.stores.members import DEFAULT, Limits
from listen_datasets.stores.spool import spooled
from listen_datasets.stores.zip_index import METHODS, Place, ZipIndex
from listen_datasets.text import visible

if TYPE_CHECKING:
    from listen_datasets.metadata.table import MetadataTable

_LOCAL = struct.Struct("<4s5H3L2H")
_PIECE = 1 << 18
_REMEMBERED = 8


@dataclass(frozen=True)
class Zip:
    """A ZIP archive; see :class:`listen_datasets.stores.Store`.

    Each process reads the directory of the archive for itself and remembers it, so that the store itself stays a name.

    Attributes:
        file: The file that it is.
        limits: How much may be in it.
    """

    file: ArchiveFile
    limits: Limits = DEFAULT

    def walk(self) -> Iterator[Found]:
        """Yield the members sorted by path, and the archive itself as unreadable if its directory is damaged."""
        return listed(self.file, lambda stamp: _index(self, stamp).found())

    def opened(self, path: str) -> AbstractContextManager[OpenInput]:
        """Open a copy of a member: in memory, or in a file without a name if it is large."""
        return opened_member(self.file, path, lambda stamp: _copy(_index(self, stamp), path))

    def tables(self) -> Sequence[MetadataTable]:
        """Return nothing: a ZIP has no layout of its own."""
        return ()


@functools.lru_cache(_REMEMBERED)
def _index(store: Zip, stamp: str) -> ZipIndex:  # noqa: ARG001 - another stamp is another archive
    return ZipIndex(Plain(store.file.descriptor()), store.limits, store.file.name)


def _copy(index: ZipIndex, path: str) -> AbstractContextManager[OpenInput] | None:
    found = index.find(path)
    return None if found is None else spooled(_member(index.content, *found, path), path)


def _member(content: Plain, place: Place, end: int, path: str) -> Iterator[bytes]:
    """Yield the bytes of a member, none more than promised.

    Raises:
        InputProblem: ``input.member_damaged``, ``input.unsupported_compression`` or ``input.unreadable``. It may come
            after the last byte.
    """
    size, crc = 0, 0
    for piece in _decompressed(content, _data_offset(content, place, end, path), place, path):
        size += len(piece)
        if size > place.size:
            break
        crc = zlib.crc32(piece, crc)
        yield piece
    if size != place.size:
        more = "more" if size > place.size else f"{size:,}"
        raise _damaged(path, f"its directory promises {place.size:,} bytes and {more} come out")
    if crc != place.crc:
        raise _damaged(path, f"its check sum is {crc:08x}, and the directory promises {place.crc:08x}")


def _data_offset(content: Plain, place: Place, end: int, path: str) -> int:
    """Return where the data of a member begins.

    Raises:
        InputProblem: ``input.member_damaged``: its local header is not what the directory says.
    """
    header = content.at(place.offset, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        raise _damaged(path, "there is no header where the directory says")
    _, _, _, method, _, _, _, _, _, name_length, extra_length = _LOCAL.unpack(header)
    name = content.at(place.offset + _LOCAL.size, name_length)
    if method != place.method or zlib.crc32(name) != place.name_crc:
        raise _damaged(path, "its own header gives another name or compression than the directory")
    offset: int = place.offset + _LOCAL.size + name_length + extra_length
    if offset + place.packed > end:
        raise _damaged(path, "it reaches into the next member")
    return offset


def _decompressed(content: Plain, offset: int, place: Place, path: str) -> Iterator[bytes]:
    pieces = _pieces(content, offset, place.packed, path)
    if place.method == 0:
        yield from pieces
        return
    try:
        make, errors = decoder_of(METHODS[place.method])
    except RecipeError as error:
        raise InputProblem("input.unsupported_compression", error.message) from error
    decoder, data = make(), b""
    while not decoder.eof:
        was_hungry = decoder.needs_input
        fed = data or (next(pieces, b"") if was_hungry else b"")
        try:
            out = decoder.decompress(fed, _PIECE)
        except errors as error:
            raise _damaged(path, str(error)) from error
        data = decoder.rest
        if out:
            yield out
        elif was_hungry and not fed and not decoder.eof:
            raise _damaged(path, "its compressed data ends too early")
    if data or next(pieces, b""):
        raise _damaged(path, "more follows the end of its compressed data")


def _pieces(content: Plain, offset: int, length: int, path: str) -> Iterator[bytes]:
    end = offset + length
    while offset < end:
        piece = content.at(offset, min(end - offset, _PIECE))
        if not piece:
            raise _damaged(path, "the archive ends inside it")
        yield piece
        offset += len(piece)


def _damaged(path: str, why: str) -> InputProblem:
    return InputProblem("input.member_damaged", f"{visible(path)} cannot be read from the archive: {why}")
