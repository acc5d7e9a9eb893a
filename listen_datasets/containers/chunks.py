"""The chunks that WAV, RF64 and AIFF files consist of: four letters, a length, a body, and a pad byte if it is odd."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from listen_datasets.containers.structure import ByteSource

MAX_CHUNKS = 10_000
"""Chunks that are looked at in one file."""

_HEADERS = {"<": struct.Struct("<4sI"), ">": struct.Struct(">4sI")}


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk.

    Attributes:
        id: Its four letters.
        start: Where its body begins.
        size: The length of its body that its header gives.
    """

    id: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        """Where its body ends, without the pad byte."""
        return self.start + self.size

    @property
    def next(self) -> int:
        """Where the next chunk begins."""
        return self.end + (self.size & 1)


def chunks(source: ByteSource, at: int, order: str) -> Iterator[Chunk]:
    """Yield the chunks from a place on, until there is no room for one or what is there cannot be the id of one.

    The last chunk may end beyond the file.

    Args:
        source: The file.
        at: Where the first chunk begins.
        order: ``<`` or ``>``, the byte order of the lengths.
    """
    header = _HEADERS[order]
    for _ in range(MAX_CHUNKS):
        data = source.read(at, 8)
        if len(data) < 8:
            return
        name, size = header.unpack(data)
        if not _is_id(name):
            return
        chunk = Chunk(name, at + 8, size)
        yield chunk
        at = chunk.next


def _is_id(name: bytes) -> bool:
    return name.isascii() and name.decode("ascii").isprintable()
