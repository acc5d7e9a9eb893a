"""Ogg with Vorbis or Opus: numbered pages with checksums, the last of which carries an end-of-stream flag.

Sources: RFC 3533 (Ogg), the Vorbis I specification (xiph.org, 2020), RFC 7845 (Opus in Ogg).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from listen_datasets.containers.structure import (
    ByteSource,
    Problem,
    Structure,
    after_end,
    damaged,
    malformed,
    spliced,
    truncated,
    unsupported,
)

_HEADER = struct.Struct("<4sBBqIIIB")  # capture pattern, version, flags, granule, serial, sequence, checksum, segments
_BEGIN, _END = 2, 4
_NO_GRANULE = -1  # no packet ends on the page
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_OPUS_LONGEST = 5760  # 120 ms at 48 kHz


@dataclass(frozen=True, slots=True)
class _Page:
    flags: int
    granule: int
    serial: int
    sequence: int
    packets: int
    end: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Walked:
    """Where a walk ended: the last granule position, the first one of audio, and the packets up to that one."""

    granule: int
    first_granule: int
    first_packets: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Head:
    codec: str
    num_channels: int
    sample_rate: int
    clock: int
    pre_skip: int
    longest: int


def crc(page: bytes) -> int:
    """Return the checksum of an Ogg page in which the checksum's own bytes are zero.

    Ogg takes bits from the most significant end and zlib, with the same polynomial, from the least: so the bits of
    every byte are turned round before, and those of the result after. zlib's inversions are undone.
    """
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED), "big")


def walk(source: ByteSource) -> Structure:
    """Walk through all pages of an Ogg file."""
    first = _page(source, 0)
    if isinstance(first, Problem):
        return Structure(container="ogg", problems=(first,))
    head = _head(first.body) if first.flags & _BEGIN else damaged("it begins in the middle of a stream")
    if isinstance(head, Problem):
        return Structure(container="ogg", problems=(head,))
    walked = _walk_pages(source, first)
    return Structure(
        container="ogg",
        codec=head.codec,
        sample_rate=head.sample_rate,
        num_channels=head.num_channels,
        declared_num_samples=_declared(head, walked),
        slack=1 if head.clock != head.sample_rate else 0,
        problems=walked.problems,
    )


def _page(source: ByteSource, at: int) -> _Page | Problem:
    head = source.read(at, 27 + 255)
    if len(head) < 27:
        return truncated(f"the file ends inside the page at byte {at:,}", expected=at + 27, found=source.size)
    capture, version, flags, granule, serial, sequence, checksum, segments = _HEADER.unpack_from(head)
    if capture != b"OggS" or version != 0:
        return damaged(f"no page begins at byte {at:,}, where one should")
    lacing = head[27 : 27 + segments]
    start = at + 27 + segments
    end = start + sum(lacing)
    if end > source.size:
        return truncated(f"the file ends inside the page at byte {at:,}", expected=end, found=source.size)
    body = source.read(start, end - start)
    if crc(head[:22] + bytes(4) + head[26:27] + lacing + body) != checksum:
        return damaged(f"the page at byte {at:,} does not match its checksum")
    return _Page(flags, granule, serial, sequence, segments - lacing.count(255), end, body)


def _head(packet: bytes) -> _Head | Problem:
    if packet.startswith(b"\x01vorbis") and len(packet) >= 30:
        channels, rate = struct.unpack_from("<BI", packet, 11)
        # The high half of byte 28 is the exponent of the longer block; a packet gives at most half of it.
        head = _Head("vorbis", channels, rate, rate, 0, 1 << (packet[28] >> 4))
    elif packet.startswith(b"OpusHead") and len(packet) >= 19:
        channels, pre_skip, rate = struct.unpack_from("<BHI", packet, 9)
        # libsndfile decodes at the lowest rate of Opus that holds what was encoded.
        decoded = next((known for known in _OPUS_RATES if known >= rate), 48000)
        head = _Head("opus", channels, decoded, 48000, pre_skip, _OPUS_LONGEST)
    else:
        return unsupported("an Ogg file of an unknown coding")
    if head.num_channels == 0 or head.sample_rate == 0:
        return malformed(f"the header gives {head.num_channels} channels at {head.sample_rate} Hz")
    return head


def _walk_pages(source: ByteSource, first: _Page) -> _Walked:
    page = first
    packets = first_packets = first_granule = granule = 0
    while not page.flags & _END:
        if page.end >= source.size:
            message = "the last page lacks the end-of-stream flag: the file was cut"
            problem = truncated(message, found=source.size)
            return _Walked(granule, first_granule, first_packets, (problem,))
        after = _page(source, page.end)
        problem_after = after if isinstance(after, Problem) else _follows(page, after, granule)
        if isinstance(after, Problem) or problem_after is not None:
            problems = () if problem_after is None else (problem_after,)
            return _Walked(granule, first_granule, first_packets, problems)
        page = after
        packets += page.packets
        if page.granule != _NO_GRANULE:
            granule = page.granule
        if granule and not first_granule:
            first_granule, first_packets = granule, packets
    return _Walked(granule, first_granule, first_packets, after_end(source, page.end))


def _follows(page: _Page, after: _Page, granule: int) -> Problem | None:
    """Judge whether a page may follow another one, the last granule position being given."""
    if after.serial != page.serial or after.flags & _BEGIN:
        return spliced(f"a second stream begins at or before byte {after.end:,}; decoders drop it")
    if after.sequence != page.sequence + 1:
        return damaged(f"page {after.sequence} follows page {page.sequence}: pages are missing or repeated")
    if after.granule != _NO_GRANULE and after.granule < granule:
        return damaged(f"the granule position falls from {granule:,} to {after.granule:,}")
    return None


def _declared(head: _Head, walked: _Walked) -> int | None:
    """Return the length that the last granule position gives.

    A stream that was recorded from the middle of a broadcast begins at a large position; where the packets of the first
    page cannot have led there, the position says nothing about the length.
    """
    if walked.problems or walked.first_granule > walked.first_packets * head.longest:
        return None
    samples = max(walked.granule - head.pre_skip, 0)
    return round(samples * head.sample_rate / head.clock)
