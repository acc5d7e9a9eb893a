"""Tags around the frames of an MP3 file, and before other containers: only how long they are.

Sources: id3.org (ID3v1, ID3v2.4); the APEv2 and Lyrics3 specifications of the Hydrogenaudio wiki.
"""

from __future__ import annotations

from listen_datasets.containers.structure import ByteSource


def before(source: ByteSource, at: int) -> int:
    """Return the length of the ID3v2 tag there, 0 if there is none."""
    head = source.read(at, 10)
    if len(head) < 10 or head[:3] != b"ID3" or any(byte & 0x80 for byte in head[6:10]):
        return 0
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return 10 + size + (10 if head[5] & 0x10 else 0)


def behind(source: ByteSource, at: int) -> int:
    """Return the length of the tag of any kind that stands there, 0 if there is none."""
    head = source.read(at, 32)
    if head.startswith(b"TAG") and source.size - at >= 128:
        return 128
    if head.startswith(b"APETAGEX") and len(head) == 32:
        # The length counts the footer and not the header, which this one is if the flag says so.
        return int.from_bytes(head[12:16], "little") + 32 if head[23] & 0x20 else 32
    if head.startswith((b"LYRICSBEGIN", b"3DI")):
        return source.size - at  # their length is written at their end
    return before(source, at)
