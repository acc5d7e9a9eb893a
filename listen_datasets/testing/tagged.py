"""Tags of every kind, written byte by byte for tests; whatever is odd about them can be said in a word."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from listen_datasets.testing.recordings import chunk


def synchsafe(number: int) -> bytes:
    """Return the four bytes, of seven bits each, in which ID3 writes lengths."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def id3_frame(name: str, content: bytes, *, version: int = 4, flags: int = 0, size: int | None = None) -> bytes:
    """Return a frame of ID3v2; its header may claim another size."""
    claimed = len(content) if size is None else size
    if version == 2:
        return name.encode() + claimed.to_bytes(3, "big") + content
    length = synchsafe(claimed) if version == 4 else claimed.to_bytes(4, "big")
    return name.encode() + length + bytes([0, flags]) + content


def id3(*frames: bytes, version: int = 4, flags: int = 0, size: int | None = None) -> bytes:
    """Return an ID3v2 tag; its header may claim another size."""
    body = b"".join(frames)
    return b"ID3" + bytes([version, 0, flags]) + synchsafe(len(body) if size is None else size) + body


def id3v1(title: str, artist: str, album: str = "", year: str = "", genre: int = 255) -> bytes:
    """Return an ID3v1 tag."""
    fields = struct.pack("30s30s30s4s30s", *(text.encode("latin-1") for text in (title, artist, album, year, "")))
    return b"TAG" + fields + bytes([genre])


def comments(*items: bytes, vendor: bytes = b"", count: int | None = None) -> bytes:
    """Return Vorbis comments; they may claim another number of items."""
    head = struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(items) if count is None else count)
    return head + b"".join(struct.pack("<I", len(item)) + item for item in items)


def flac(*blocks: tuple[int, bytes]) -> bytes:
    """Return the metadata blocks of a FLAC file, by their type, without any frames."""
    last = len(blocks) - 1
    headers = [bytes([kind | (0x80 if number == last else 0)]) for number, (kind, _) in enumerate(blocks)]
    bodies = [len(body).to_bytes(3, "big") + body for _, body in blocks]
    return b"fLaC" + b"".join(header + body for header, body in zip(headers, bodies, strict=True))


def ogg_headers(packet: bytes, *, first: bytes = b"OpusHead", page_segments: int = 255) -> bytes:
    """Return the first pages of an Ogg stream: a packet of its own and the one with the comments. No checksums."""
    lacing = [255] * (len(packet) // 255) + [len(packet) % 255]
    pages = [_page(bytes([len(first)]), first)]
    at = 0
    for start in range(0, len(lacing), page_segments):
        sizes = lacing[start : start + page_segments]
        pages.append(_page(bytes(sizes), packet[at : at + sum(sizes)]))
        at += sum(sizes)
    return b"".join(pages)


def _page(lacing: bytes, body: bytes) -> bytes:
    return b"OggS" + bytes(22) + bytes([len(lacing)]) + lacing + body


def bext(fields: Sequence[tuple[int, bytes]] = (), *, history: bytes = b"", time_reference: int = 0) -> bytes:
    """Return a ``bext`` chunk with these fields, by their offset in it."""
    body = bytearray(602)
    for offset, text in fields:
        body[offset : offset + len(text)] = text
    body[338:346] = time_reference.to_bytes(8, "little")
    return chunk(b"bext", bytes(body) + history)


def box(name: bytes, body: bytes, *, size: int | None = None) -> bytes:
    """Return an atom of MPEG-4; its header may claim another size."""
    return (len(body) + 8 if size is None else size).to_bytes(4, "big") + name + body


def item(name: bytes, *values: bytes) -> bytes:
    """Return an item of an iTunes list, with texts."""
    return box(name, b"".join(box(b"data", bytes([0, 0, 0, 1]) + bytes(4) + value) for value in values))


def mp4(*items: bytes, user_data: bytes = b"", more: bytes = b"") -> bytes:
    """Return an MPEG-4 file of tags alone: items of an iTunes list, other user data, other atoms of the movie."""
    meta = box(b"meta", bytes(4) + box(b"hdlr", bytes(25)) + box(b"ilst", b"".join(items)))
    movie = box(b"mvhd", bytes(100)) + box(b"udta", user_data + meta) + more
    return box(b"ftyp", b"M4A \0\0\0\0") + box(b"mdat", b"\0" * 50) + box(b"moov", movie)
