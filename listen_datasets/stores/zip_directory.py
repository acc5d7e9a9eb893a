"""The directory of a ZIP archive: what its members are said to be.

Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.6; the Unicode path field is Info-ZIP's. Offsets, sizes and counts
have to agree with each other to the byte, or the archive is damaged.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from listen_datasets.inputs import Kind
from listen_datasets.stores.content import LARGEST, Plain, damaged

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_RECORD = struct.Struct("<4s2B5H3L5H2L")
_LONGEST_END = _END.size + 0xFFFF
_LONGEST_RECORD = _RECORD.size + 3 * 0xFFFF
_PIECE = 1 << 20
_FULL, _FULL_16 = 0xFFFFFFFF, 0xFFFF
_ZIP_64, _UNICODE_PATH = 0x0001, 0x7075
_UNIX = frozenset({3, 19})
_ENCRYPTED = 0x2041


class Directory(NamedTuple):
    """Where the directory lies.

    Attributes:
        offset: Where it begins.
        length: Its bytes.
        members: Number of members.
    """

    offset: int
    length: int
    members: int


class Record(NamedTuple):
    """What the directory says about a member.

    Attributes:
        name: As it stands there, or in the field that gives it in UTF-8.
        name_crc: Check sum of the name as it stands there.
        kind: What it is; a folder has the kind ``folder``.
        is_encrypted: Whether it, or its name, is.
        method: Number of the compression method.
        crc: Check sum of its bytes.
        packed: Bytes in the archive.
        size: Bytes.
        offset: Where its local header begins.
        room: Bytes that the local header and the data take at least.
    """

    name: bytes
    name_crc: int
    kind: Kind
    is_encrypted: bool
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    room: int


def directory(content: Plain) -> Directory:
    """Find the directory of an archive.

    Raises:
        InputProblem: ``input.archive_damaged``: there is none, its place makes no sense, or other files belong to it.
    """
    start = max(0, content.reached - _LONGEST_END)
    tail = content.at(start, _LONGEST_END)
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0 and not _ends_file(tail, at):
        at = tail.rfind(b"PK\x05\x06", 0, at)
    if at < 0:
        raise damaged("the directory at its end is missing, so it may have been cut")
    _, disk, of_disk, here, count, length, offset, _ = _END.unpack_from(tail, at)
    end = start + at
    if _FULL in {length, offset} or _FULL_16 in {disk, of_disk, here, count}:
        wide = _wide(content, end)
        if wide is not None:
            end, disk, of_disk, here, count, length, offset = wide
    if disk or of_disk or here != count:
        raise damaged("it is one of several files that belong together")
    if offset + length != end:
        raise damaged(f"its directory is said to lie in bytes {offset:,} to {offset + length:,}, not before {end:,}")
    return Directory(offset, length, count)


def _ends_file(tail: bytes, at: int) -> bool:
    return at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[7] == len(tail)


def _wide(content: Plain, end: int) -> tuple[int, ...] | None:
    """Return the numbers of a ZIP64 end with the place where it begins; None if there is none."""
    locator = content.at(max(0, end - _LOCATOR.size), _LOCATOR.size)
    if len(locator) < _LOCATOR.size or not locator.startswith(b"PK\x06\x07"):
        return None
    _, _, offset, disks = _LOCATOR.unpack(locator)
    block = content.at(min(offset, content.reached), _END_64.size)
    if len(block) < _END_64.size or not block.startswith(b"PK\x06\x06") or disks > 1:
        raise damaged("the ZIP64 end of its directory is missing, or lies in another file")
    return offset, *_END_64.unpack(block)[4:]


def records(content: Plain, where: Directory) -> Iterator[Record]:
    """Yield the members in the order of the directory.

    Raises:
        InputProblem: ``input.archive_damaged``: the directory is damaged, or has more or fewer members than it says.
    """
    offset, end, count = where.offset, where.offset + where.length, 0
    window, start = b"", offset
    while offset < end:
        if start + len(window) < min(offset + _LONGEST_RECORD, end):
            window, start = content.at(offset, min(_PIECE, end - offset)), offset
        record, length = _record(window, offset - start, offset)
        yield record
        offset += length
        count += 1
    if offset != end or count != where.members:
        raise damaged(f"its directory holds {count:,} members and says {where.members:,}")


def _record(window: bytes, at: int, offset: int) -> tuple[Record, int]:
    """Return a record of the directory and its length."""
    if len(window) < at + _RECORD.size or not window.startswith(b"PK\x01\x02", at):
        raise damaged(f"its directory is damaged at byte {offset:,}")
    (_, _, system, _, flags, method, _, _, crc, packed, size, name_length, extra_length, comment_length,
     _, _, attributes, place) = _RECORD.unpack_from(window, at)  # fmt: skip
    begin = at + _RECORD.size
    name = window[begin : begin + name_length]
    extra = window[begin + name_length : begin + name_length + extra_length]
    length = _RECORD.size + name_length + extra_length + comment_length
    if at + length > len(window):
        raise damaged(f"its directory ends inside the record at byte {offset:,}")
    fields = dict(_extras(extra))
    size, packed, place = _widened(size, packed, place, fields.get(_ZIP_64, b""))
    if max(size, packed, place) > LARGEST:
        raise damaged(f"its directory gives absurd numbers at byte {offset:,}")
    name_crc = zlib.crc32(name)
    room = 30 + name_length + packed
    shown = _unicode(fields.get(_UNICODE_PATH, b""), name_crc) or name
    kind = _kind(system, attributes, name)
    return Record(shown, name_crc, kind, bool(flags & _ENCRYPTED), method, crc, packed, size, place, room), length


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of the extra fields, as far as they are whole."""
    at = 0
    while at + 4 <= len(extra):
        number, length = struct.unpack_from("<2H", extra, at)
        yield number, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _widened(size: int, packed: int, place: int, field: bytes) -> tuple[int, ...]:
    """Return the three numbers, each replaced by its 64-bit form where it says that it does not fit."""
    wide = iter(struct.unpack(f"<{min(len(field) // 8, 3)}Q", field[: 8 * min(len(field) // 8, 3)]))
    return tuple(next(wide, number) if number == _FULL else number for number in (size, packed, place))


def _unicode(field: bytes, name_crc: int) -> bytes:
    """Return the name in UTF-8 if the field belongs to the name that stands there."""
    if len(field) <= 5 or field[0] != 1 or int.from_bytes(field[1:5], "little") != name_crc:
        return b""
    return field[5:]


def _kind(system: int, attributes: int, name: bytes) -> Kind:
    mode = attributes >> 16 if system in _UNIX else 0
    if name.endswith(b"/") or stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_IFMT(mode) in {0, stat.S_IFREG} else "special"
