"""Vorbis comments, in FLAC and in Ogg: a vendor and a list of ``NAME=value`` in UTF-8.

Sources: xiph.org, "Ogg Vorbis I format specification: comment field and header specification"; RFC 9639 (FLAC); RFC
7845 (Opus); RFC 3533 (Ogg).
"""

from __future__ import annotations

from collections.abc import Iterator

from listen_datasets.containers.flac import MAX_BLOCKS
from listen_datasets.containers.structure import ByteSource, Part
from listen_datasets.tags.entry import MAX_ENTRIES, MAX_ENTRY, Entry, Held, Unreadable
from listen_datasets.tags.names import VORBIS

_COMMENT, _LAST = 4, 0x80
_PICTURE = b"METADATA_BLOCK_PICTURE="
_HEADS = {b"\x03vorbis": 7, b"OpusTags": 8}
_MAX_PAGES = 2_000


def flac_sections(source: ByteSource) -> Iterator[Iterator[Entry]]:
    """Yield the comments of each block of comments in a FLAC file."""
    at = 4
    for _ in range(MAX_BLOCKS):
        header = source.read(at, 4)
        size = int.from_bytes(header[1:4], "big")
        if len(header) < 4 or at + 4 + size > source.size:
            return
        if header[0] & 0x7F == _COMMENT:
            yield _comments(_Stretch(source, [(at + 4, size)]), 0)
        if header[0] & _LAST:
            return
        at += 4 + size


def ogg_sections(source: ByteSource) -> Iterator[Iterator[Entry]]:
    """Yield the comments of a Vorbis or Opus stream: its second packet."""
    packet = _second_packet(source)
    head = packet.read(0, 8)
    skip = next((length for magic, length in _HEADS.items() if head.startswith(magic)), 0)
    if skip:
        yield _comments(packet, skip)


class _Stretch:
    """Bytes that lie in several places of a source, as one."""

    def __init__(self, source: ByteSource, places: list[tuple[int, int]]) -> None:
        self._source = source
        self._places = places
        self.size = sum(size for _, size in places)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes there, fewer only at the end."""
        found = []
        for start, size in self._places:
            if length <= 0:
                break
            if offset < size:
                found.append(self._source.read(start + offset, min(size - offset, length)))
                length -= len(found[-1])
            offset = max(offset - size, 0)
        return b"".join(found)


def _second_packet(source: ByteSource) -> _Stretch:
    """Return the packet that begins on the second page, however many pages it fills."""
    places: list[tuple[int, int]] = []
    at = 0
    for number in range(_MAX_PAGES):
        head = source.read(at, 27 + 255)
        lacing = head[27 : 27 + head[26]] if head.startswith(b"OggS") and len(head) > 26 else b""
        if not lacing:
            break
        start = at + 27 + len(lacing)
        at = start + sum(lacing)
        if number == 0:
            continue
        # A length below 255 ends a packet.
        last = next((index for index, value in enumerate(lacing) if value < 255), None)
        places.append((start, sum(lacing if last is None else lacing[: last + 1])))
        if last is not None:
            break
    return _Stretch(source, places)


def _comments(packet: ByteSource, at: int) -> Iterator[Entry]:
    if packet.size - at <= MAX_ENTRY:
        packet, at = Held(Part(packet, at).read(0, MAX_ENTRY)), 0
    vendor, at = _string(packet, at)
    if vendor:
        yield _entry(b"encoder=" + vendor)
    count = int.from_bytes(packet.read(at, 4), "little")
    at += 4
    for _ in range(min(count, MAX_ENTRIES)):
        comment, at = _string(packet, at)
        if b"=" in comment:
            yield _entry(comment)
    if count > MAX_ENTRIES:
        raise Unreadable(f"there are {count:,} comments; the first {MAX_ENTRIES:,} are read")


def _string(packet: ByteSource, at: int) -> tuple[bytes, int]:
    """Return the string there, cut if it is long and empty if it is a picture, and where it ends."""
    size = int.from_bytes(packet.read(at, 4), "little")
    at += 4
    if at + size > packet.size:
        raise Unreadable(f"a comment of {size:,} bytes ends beyond the comments")
    is_picture = size > len(_PICTURE) and packet.read(at, len(_PICTURE)).upper() == _PICTURE
    return b"" if is_picture else packet.read(at, min(size, MAX_ENTRY)), at + size


def _entry(comment: bytes) -> Entry:
    name, _, value = comment.partition(b"=")
    key = name.decode("ascii", "replace").lower()
    try:
        return Entry(VORBIS.get(key, key), value.decode())
    except UnicodeDecodeError:
        # A comment that was cut may end inside a character; that it is long is said elsewhere.
        is_cut = len(comment) == MAX_ENTRY
        return Entry(VORBIS.get(key, key), value.decode("utf-8", "backslashreplace"), is_valid=is_cut)
