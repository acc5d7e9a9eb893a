"""The bytes of an archive at any offset: as they lie in the file, or as they come out of a compressor.

A compressed file can only be read forwards. While that is done, the state of a gzip decoder is bookmarked now and then,
so that an offset further back costs some megabytes of decompression and not all of it again. The other decoders cannot
be copied; for them only the places count where a new stream begins, and the file's beginning.
"""

from __future__ import annotations

import bisect
import operator
import os
import weakref
from dataclasses import dataclass
from typing import Protocol

from listen_datasets.inputs import InputProblem
from listen_datasets.model import Fate
from listen_datasets.stores.decoders import MAGIC, Decoder, decoder_of

MAX_RATIO = 100
"""Bytes that may come out of one compressed byte, beyond the first `FREE`."""

FREE = 10 << 20
"""Bytes that may come out whatever the ratio is: digital silence compresses to nearly nothing."""

LARGEST = 1 << 60
"""Lengths and offsets above this are taken for damage; two of them still make a number that the system takes."""

_BLOCK = 1 << 16
_CHUNK = 1 << 14
_SPACING = 1 << 16
_MAX_BOOKMARKS = 512


class Content(Protocol):
    """Bytes that can be asked for at any offset."""

    @property
    def reached(self) -> int:
        """Bytes from the beginning that are known to be there."""
        ...

    def at(self, offset: int, length: int) -> bytes:
        """Return the bytes there, fewer only at the end.

        Raises:
            InputProblem: They cannot be read or decompressed, or too many come out.
        """
        ...


def method_of(fd: int) -> str | None:
    """Return the value of `MAGIC` by which an open file is compressed; None if it is not."""
    try:
        head = os.pread(fd, max(map(len, MAGIC)), 0)
    except OSError as error:
        raise _unreadable(error) from error
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)


def damaged(reason: str) -> InputProblem:
    """Return the problem of an archive that is not what it should be."""
    return InputProblem("input.archive_damaged", reason)


class Plain:
    """A file as it is."""

    def __init__(self, fd: int) -> None:
        """Take over a descriptor, which is closed when nobody needs this object any more."""
        self.fd = fd
        self.reached = os.fstat(fd).st_size
        weakref.finalize(self, os.close, fd)

    def at(self, offset: int, length: int) -> bytes:
        """Return the bytes there, fewer only at the end."""
        try:
            data = os.pread(self.fd, length, offset)
            while len(data) < length and (more := os.pread(self.fd, length - len(data), offset + len(data))):
                data += more
        except OSError as error:
            raise _unreadable(error) from error
        return data


@dataclass(frozen=True)
class _Bookmark:
    """Where to go on: bytes that came out and went in until there, and the decoder; None for a new one."""

    offset: int
    source: int
    decoder: Decoder | None


class Packed:
    """What comes out of a compressed file. Streams that follow each other are read as one.

    Attributes:
        reached: Bytes that came out so far at most.
    """

    def __init__(self, fd: int, method: str, *, most: int) -> None:
        """Take over a descriptor, which is closed when nobody needs this object any more.

        Args:
            fd: The descriptor.
            method: Value of `MAGIC`.
            most: Bytes that may come out.

        Raises:
            RecipeError: This Python cannot decompress it.
        """
        self._make, self._errors = decoder_of(method)
        self._magic = next(magic for magic, name in MAGIC.items() if name == method)
        self._fd = fd
        self._most = most
        self._bookmarks = [_Bookmark(0, 0, None)]
        self._spacing = _SPACING
        self.reached = 0
        self._return_to(self._bookmarks[0])
        weakref.finalize(self, os.close, fd)

    def at(self, offset: int, length: int) -> bytes:
        """Return the bytes there, fewer only at the end."""
        self._seek(offset)
        start = offset - self._start
        data = self._block[start : start + length]
        while len(data) < length and self._advance():
            data += self._block[: length - len(data)]
        return data

    def _seek(self, offset: int) -> None:
        """Make the block one that holds the offset, or the empty one at the end."""
        nearest = self._bookmarks[bisect.bisect(self._bookmarks, offset, key=operator.attrgetter("offset")) - 1]
        if not self._start <= offset or self._start + len(self._block) < nearest.offset:
            self._return_to(nearest)
        while offset >= self._start + len(self._block):
            if not self._advance():
                break

    def _return_to(self, bookmark: _Bookmark) -> None:
        self._start, self._block = bookmark.offset, b""
        self._next, self._tail = bookmark.source, b""
        self._decoder = self._make() if bookmark.decoder is None else bookmark.decoder.copy() or self._make()

    def _advance(self) -> bool:
        """Decompress the next block; False at the end."""
        here = self._start + len(self._block)
        block = self._decompressed()
        self._start, self._block = here, block
        self._count(here + len(block))
        return bool(block)

    def _decompressed(self) -> bytes:
        """Return the next bytes; none at the end."""
        while not self._decoder.eof or self._next_stream():
            was_hungry = self._decoder.needs_input
            if was_hungry and not self._tail:
                self._tail = self._read()
            fed, self._tail = self._tail, b""
            try:
                block = self._decoder.decompress(fed, _BLOCK)
            except self._errors as error:
                raise damaged(f"its compressed data is damaged ({error})") from error
            self._tail = self._decoder.rest
            if block:
                return block
            if was_hungry and not fed and not self._decoder.eof:
                raise damaged("it ends in the middle of its compressed data")
        return b""

    def _read(self) -> bytes:
        try:
            data = os.pread(self._fd, _CHUNK, self._next)
        except OSError as error:
            raise _unreadable(error) from error
        self._next += len(data)
        return data

    def _next_stream(self) -> bool:
        """Begin the stream that follows the one that has ended; False if nothing but zeros does."""
        while not (rest := self._tail.lstrip(b"\0")):
            self._tail = self._read()
            if not self._tail:
                return False
        # No more than is needed: of many short streams the rest would grow to the whole file, and be copied for each.
        self._tail = rest if len(rest) >= len(self._magic) else rest + self._read()
        if not self._tail.startswith(self._magic):
            raise damaged("foreign bytes follow its compressed data")
        self._decoder = self._make()
        here = self._start + len(self._block)
        if self._is_due(here):
            self._keep(_Bookmark(here, self._consumed(), None))
        return True

    def _consumed(self) -> int:
        return self._next - len(self._tail)

    def _count(self, offset: int) -> None:
        """Notice how many bytes have come out, and keep a bookmark now and then."""
        # A decoder keeps hold of the input that it has not used, so it is copied when there is none.
        if self._is_due(offset) and not self._tail and not self._decoder.eof and (copy := self._decoder.copy()):
            self._keep(_Bookmark(offset, self._next, copy))
        if offset <= self.reached:
            return
        self.reached = offset
        if offset > self._most:
            raise InputProblem("input.archive_limit", f"more than {self._most:,} bytes come out of it")
        check_ratio(offset, self._consumed())

    def _is_due(self, offset: int) -> bool:
        return offset - self._bookmarks[-1].offset >= self._spacing

    def _keep(self, bookmark: _Bookmark) -> None:
        self._bookmarks.append(bookmark)
        if len(self._bookmarks) > _MAX_BOOKMARKS:
            del self._bookmarks[1::2]
            self._spacing *= 2


def check_ratio(out: int, packed: int) -> None:
    """Refuse bytes that are more than their compressed form can honestly hold.

    Raises:
        InputProblem: ``input.archive_limit``.
    """
    if out > FREE and out > MAX_RATIO * packed:
        reason = f"{packed:,} bytes become {out:,} and more; at most {MAX_RATIO} may come out of one"
        raise InputProblem("input.archive_limit", reason)


def _unreadable(error: OSError) -> InputProblem:
    return InputProblem("input.unreadable", f"it cannot be read: {error.strerror or error}", Fate.UNREADABLE)
