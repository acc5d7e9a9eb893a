"""The frames of a FLAC file: whether they follow each other, whole, to the end of the file.

Looked for only where no MD5 proves the samples, because it costs a second read. A frame does not say how long it is. Its
header has a sync code, a checksum and a number that counts frames or samples, so the next header is found by all three.

Source: RFC 9639, section 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from listen_datasets.containers import flac_checksums, flac_subframes
from listen_datasets.containers.structure import ByteSource, Problem, damaged, spliced, truncated

_WINDOW = 1 << 20
_LONGEST_HEADER = 16
_SHORTEST_HEADER = 6
_LONGEST_FRAME = 1 << 22
_MARK = b"fLaC"


class _Header(NamedTuple):
    """Where a frame begins, its number, whether that counts samples, its samples per channel, and its header's bytes."""

    at: int
    number: int
    counts_samples: bool
    length: int
    size: int


class _Chain:
    """Frames that follow each other without a gap."""

    def __init__(self, first: _Header) -> None:
        self.last = first
        self.sample = first.number if first.counts_samples else 0
        self._nominal = first.length

    def _sample(self, frame: _Header) -> int:
        return frame.number if frame.counts_samples else frame.number * self._nominal

    def goes_on_with(self, frame: _Header) -> bool:
        return self._sample(frame) == self.sample + self.last.length

    def goes_on_behind_gap_with(self, frame: _Header) -> bool:
        # A stray sync code passes the checksum once in 256 times, but hardly with a length and a number that fit.
        ahead = self._sample(frame) - self.sample
        return frame.length == self._nominal < ahead < _WINDOW and ahead % self._nominal == 0

    def add(self, frame: _Header) -> None:
        self.sample, self.last = self.sample + self.last.length, frame


def examine(source: ByteSource, start: int, bits: int, *, ran_out: bool) -> Problem | None:
    """Walk through the frames of a FLAC file.

    Args:
        source: The file.
        start: Where the first frame begins.
        bits: Bits of a sample, from the header of the file.
        ran_out: Whether a decoder wanted more bytes at the end.

    Returns:
        What is wrong; None if all frames are whole. Foreign bytes behind the last one are for the decoder to find.
    """
    first = _header(source.read(start, _LONGEST_HEADER), start)
    if first is None:
        return damaged(f"the header of the first frame, at byte {start:,}, fails its checksum")
    chain = _Chain(first)
    for at in _candidates(source, start):
        if at < 0:
            return spliced(f"a second recording begins at byte {-at:,}")
        frame = _header(source.read(at, _LONGEST_HEADER), at)
        if frame is None:
            continue
        if chain.goes_on_with(frame):
            if not _is_whole(source, chain.last.at, at):
                return damaged(f"the frame at byte {chain.last.at:,} fails its checksum")
            chain.add(frame)
        elif chain.goes_on_behind_gap_with(frame):
            return damaged(f"frames are missing or damaged between the bytes {chain.last.at:,} and {at:,}")
    return _judge_last(source, chain, bits, ran_out=ran_out)


def _candidates(source: ByteSource, start: int) -> Iterator[int]:
    """Yield where the sync code of the first frame stands again, and a second file's beginning as a negative number."""
    sync = source.read(start, 2)
    base = start
    while base < source.size:
        window = source.read(base, _WINDOW + 8)
        second = _second(window)
        found = window.find(sync, 1 if base == start else 0)
        while 0 <= found < min(second, _WINDOW):
            yield base + found
            found = window.find(sync, found + 1)
        if second < _WINDOW:
            yield -(base + second)
            return
        base += _WINDOW


def _second(window: bytes) -> int:
    """Return where the header of a FLAC file stands in a window; beyond its end for nowhere."""
    found = window.find(_MARK)
    while found >= 0:
        if window[found + 4 : found + 8] in {b"\x00\x00\x00\x22", b"\x80\x00\x00\x22"}:
            return found
        found = window.find(_MARK, found + 1)
    return len(window) + _WINDOW


def _is_whole(source: ByteSource, start: int, end: int) -> bool:
    return end - start > _LONGEST_FRAME or flac_checksums.of_frame(source.read(start, end - start)) == 0


def _judge_last(source: ByteSource, chain: _Chain, bits: int, *, ran_out: bool) -> Problem | None:
    last = chain.last
    data = source.read(last.at, _LONGEST_FRAME)
    end = flac_subframes.end_of_frame(data, last.size, last.length, bits)
    if end is None:
        return truncated(f"the file ends inside a frame, after {chain.sample:,} samples", found=source.size)
    if end == 0 or flac_checksums.of_frame(data[:end]):
        return damaged(f"the last frame, at byte {last.at:,}, fails its checksum")
    rest = data[end : end + _SHORTEST_HEADER + 2]
    if not rest or not ran_out:
        return None
    if len(rest) < _SHORTEST_HEADER + 2 and rest[:2] == data[: len(rest[:2])]:
        message = f"the file ends inside the header of the frame at byte {last.at + end:,}"
        return truncated(message, found=source.size)
    return damaged(f"what follows the frame at byte {last.at:,} is no frame")


def _header(data: bytes, at: int) -> _Header | None:
    """Read the header of a frame; None if it is none or fails its checksum."""
    if len(data) < _SHORTEST_HEADER or data[3] & 1:
        return None
    size_code, rate_code = data[2] >> 4, data[2] & 15
    number, position = _number(data)
    if number is None or size_code == 0 or rate_code == 15:
        return None
    extra = {6: 1, 7: 2}.get(size_code, 0)
    length = _block_length(size_code, data[position : position + extra])
    position += extra + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if position >= len(data) or flac_checksums.of_header(data[:position]) != data[position]:
        return None
    return _Header(at, number, bool(data[1] & 1), length, position + 1)


def _block_length(code: int, extra: bytes) -> int:
    if extra:
        return int.from_bytes(extra, "big") + 1
    if code == 1:
        return 192
    return 576 << (code - 2) if code <= 5 else 256 << (code - 8)


def _number(data: bytes) -> tuple[int | None, int]:
    """Return the number that is coded as UTF-8 codes characters, up to 36 bits, and where it ends."""
    first = data[4]
    if first < 0x80:
        return first, 5
    more = 7 - (first ^ 0xFF).bit_length()
    rest = data[5 : 5 + more]
    if not 1 <= more <= 6 or len(rest) < more or any(byte & 0xC0 != 0x80 for byte in rest):
        return None, 5
    value = first & (0x3F >> more)
    for byte in rest:
        value = value << 6 | byte & 0x3F
    return value, 5 + more
