"""Which members a ZIP archive has, where they lie, and which of them must not be opened."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from listen_datasets.inputs import Found, InputProblem
from listen_datasets.stores.content import Plain, check_ratio
from listen_datasets.stores.members import Limits, judged
from listen_datasets.stores.roster import Roster
from listen_datasets.stores.zip_directory import Record, directory, records

METHODS = {0: "store", 8: "deflate", 12: "bzip2", 93: "zstd", 95: "xz"}
"""The compression methods that can be read, by their number."""

_KNOWN = ", ".join(f"{number} ({name})" for number, name in METHODS.items())
_PLACE = struct.Struct("<4QLHL")
_AES = 99


class Place(NamedTuple):
    """Where a member lies and what is promised of it.

    Attributes:
        offset: Where its local header begins.
        room: Bytes that header and data take at least.
        packed: Bytes of data in the archive.
        size: Bytes of the file.
        crc: Check sum of the file.
        method: Number of the compression method.
        name_crc: Check sum of the name in the local header.
    """

    offset: int
    room: int
    packed: int
    size: int
    crc: int
    method: int
    name_crc: int


class ZipIndex:
    """The members of an archive.

    Attributes:
        content: The archive.
    """

    def __init__(self, content: Plain, limits: Limits, name: str) -> None:
        """Read the directory.

        Args:
            content: The archive.
            limits: How much may be in it.
            name: What the archive itself is called where it is reported.
        """
        self.content = content
        self._roster = Roster(name, limits)
        self._places = bytearray()
        end = content.reached
        try:
            where = directory(content)
            end = where.offset
            for record in records(content, where):
                self._roster.count(record.size)
                self._take(record)
        except InputProblem as problem:
            self._roster.give_up(problem)
        self._ends, overlapping = self._neighbours(end)
        self._overlapping = overlapping

    def find(self, path: str) -> tuple[Place, int] | None:
        """Return where a member lies and where its room ends; None if there is none of that name that can be read."""
        ordinal = self._roster.ordinal(path)
        if ordinal is None or ordinal in self._overlapping:
            return None
        return self._place(ordinal), self._ends[ordinal]

    def found(self) -> Iterator[Found]:
        """Yield the members sorted by path."""
        return self._roster.found(self._described)

    def _described(self, path: str, ordinal: int) -> Found:
        place = self._place(ordinal)
        if ordinal in self._overlapping:
            problem = InputProblem("input.member_damaged", "its bytes are said to lie where other bytes lie")
            return Found(path, "refused", bytes=place.size, problem=problem)
        return Found(path, "file", bytes=place.size, stamp=f"{place.crc:08x}-{place.size}", position=place.offset)

    def _take(self, record: Record) -> None:
        ordinal = len(self._places) // _PLACE.size
        if record.kind != "folder":
            self._roster.admit(judged(record.name), ordinal, record.size, record.kind, _obstacle(record))
        self._places += _PLACE.pack(
            record.offset, record.room, record.packed, record.size, record.crc, record.method, record.name_crc
        )

    def _place(self, ordinal: int) -> Place:
        return Place(*_PLACE.unpack_from(self._places, ordinal * _PLACE.size))

    def _neighbours(self, end: int) -> tuple[array[int], set[int]]:
        """Return where the room of each member ends, and which of them lie in each other or behind the end."""
        count = len(self._places) // _PLACE.size
        offsets = array("Q", (self._place(ordinal).offset for ordinal in range(count)))
        ends = array("Q", bytes(8 * count))
        overlapping: set[int] = set()
        widest, reaches = 0, 0
        order = sorted(range(count), key=offsets.__getitem__)
        for ordinal, after in zip_longest(order, order[1:]):
            ends[ordinal] = end if after is None else min(end, offsets[after])
            if offsets[ordinal] < reaches:
                overlapping |= {widest, ordinal}
            behind = offsets[ordinal] + self._place(ordinal).room
            if behind > end:
                overlapping.add(ordinal)
            if behind > reaches:
                widest, reaches = ordinal, behind
        return ends, overlapping


def _obstacle(record: Record) -> InputProblem | None:
    """Return why a member cannot be read, as far as its record says."""
    if record.is_encrypted or record.method == _AES:
        return InputProblem("input.encrypted_member", "it is encrypted")
    if record.method not in METHODS:
        reason = f"it is compressed by method {record.method}; those that can be read are {_KNOWN}"
        return InputProblem("input.unsupported_compression", reason)
    if record.method == 0 and record.packed != record.size:
        return InputProblem(
            "input.member_damaged", f"{record.packed:,} bytes are said to be {record.size:,}, as they are"
        )
    try:
        check_ratio(record.size, record.packed)
    except InputProblem as problem:
        return problem
    return None
