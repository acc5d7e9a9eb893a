"""FLAC: metadata blocks, of which the first says what the samples are and what their MD5 is, then the frames.

Source: RFC 9639.
"""

from __future__ import annotations

from listen_datasets.containers.structure import (
    ByteSource,
    Problem,
    Structure,
    malformed,
    spliced,
    truncated,
    unknown_length,
    unsupported,
)

MAX_BLOCKS = 10_000
"""Metadata blocks that are looked at in one file."""

_STREAMINFO_LENGTH = 34
_DECODABLE_BITS = frozenset({8, 16, 24})  # by libsndfile 1.2


def walk(source: ByteSource) -> Structure:
    """Walk through the metadata blocks of a FLAC file, to where its frames begin."""
    header = source.read(4, 4 + _STREAMINFO_LENGTH)
    if len(header) < 4 + _STREAMINFO_LENGTH:
        problem = truncated("the file ends inside its header", expected=8 + _STREAMINFO_LENGTH, found=source.size)
        return Structure(container="flac", problems=(problem,))
    if header[0] & 0x7F != 0 or int.from_bytes(header[1:4], "big") != _STREAMINFO_LENGTH:
        return Structure(container="flac", problems=(malformed("the first block is not a STREAMINFO of 34 bytes"),))
    info = header[4:]
    # 20 bits sample rate, 3 channels - 1, 5 bits per sample - 1, 36 number of samples
    packed = int.from_bytes(info[10:18], "big")
    num_samples = packed & ((1 << 36) - 1)
    bits = ((packed >> 36) & 31) + 1
    md5 = info[18:34]
    return Structure(
        container="flac",
        codec="flac",
        sample_rate=packed >> 44,
        num_channels=((packed >> 41) & 7) + 1,
        bits_per_sample=bits,
        declared_num_samples=num_samples or None,
        md5=md5.hex() if any(md5) else None,
        problems=_problems(source, info, bits, num_samples),
    )


def _problems(source: ByteSource, info: bytes, bits: int, num_samples: int) -> tuple[Problem, ...]:
    smallest, largest = int.from_bytes(info[0:2], "big"), int.from_bytes(info[2:4], "big")
    if not 16 <= smallest <= largest:
        return (malformed(f"the header gives blocks of {smallest} to {largest} samples; the least is 16"),)
    if bits not in _DECODABLE_BITS:
        return (unsupported(f"a FLAC file of {bits} bits per sample"),)
    frames = first_frame(source)
    if isinstance(frames, Problem):
        return (frames,)
    return () if num_samples else (unknown_length("the encoder did not write the length into the header"),)


def first_frame(source: ByteSource) -> int | Problem:
    """Return where the frames begin, behind the metadata blocks."""
    at = 4
    for _ in range(MAX_BLOCKS):
        header = source.read(at, 4)
        end = at + 4 + int.from_bytes(header[1:4], "big")
        if len(header) < 4 or end > source.size:
            return truncated("the file ends inside its metadata blocks", expected=end, found=source.size)
        if header[0] & 0x7F == 127:
            return malformed(f"the metadata block at byte {at:,} has the forbidden type 127")
        if header[0] & 0x7F == 0 and at > 4:
            return spliced(f"there is a second STREAMINFO at byte {at:,}")
        at = end
        if header[0] & 0x80:
            return _checked_sync(source, at)
    return malformed(f"there are more than {MAX_BLOCKS:,} metadata blocks")


def _checked_sync(source: ByteSource, at: int) -> int | Problem:
    sync = source.read(at, 2)
    if len(sync) < 2:
        return truncated("the file ends before its first frame", expected=at + 2, found=source.size)
    if sync[0] != 0xFF or sync[1] & 0xFE != 0xF8:
        return malformed(f"no frame begins at byte {at:,}, after the metadata blocks")
    return at
