"""Core Audio Format: big-endian chunks with lengths of 64 bits; ``desc`` says what the samples are, ``data`` holds them.

PCM, A-law, µ-law, and Apple Lossless of 16 bits, whose packets and valid samples the chunk ``pakt`` counts. Apple
Lossless of other widths is refused: libsndfile 1.2 gives wrong samples for frames that are not compressed.

Sources: Apple, "Core Audio Format Specification 1.0" (2006); the magic cookie of Apple's ALAC source.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import NamedTuple

from listen_datasets.containers import alac
from listen_datasets.containers.chunks import MAX_CHUNKS, Chunk
from listen_datasets.containers.structure import (
    ByteSource,
    Problem,
    Structure,
    after_end,
    inconsistent,
    malformed,
    spliced,
    truncated,
    unsupported,
)

_HEADER = struct.Struct(">4sq")
_DESC = struct.Struct(">d4sIIIII")
_PCM = {8: "pcm_s8", 16: "pcm_s16", 24: "pcm_s24", 32: "pcm_s32"}
_FLOAT = {32: "float32", 64: "float64"}
_ONCE = frozenset({b"desc", b"data", b"kuki", b"pakt"})
_EDIT_COUNT = 4  # bytes of the data chunk before the samples
_COPY = "ffmpeg -i IN -c:a copy OUT.caf"


class _Format(NamedTuple):
    """What the chunk ``desc`` says; the bits of a sample as they are stored."""

    codec: str
    sample_rate: int
    num_channels: int
    bits_per_sample: int


def walk(source: ByteSource) -> Structure:
    """Walk through the chunks of a Core Audio file."""
    found, at, problem = _find(source)
    if problem is not None:
        return Structure(container="caf", problems=(problem,))
    form = _format(source.read(found[b"desc"].start, _DESC.size))
    if isinstance(form, Problem):
        return Structure(container="caf", problems=(form,))
    data = Chunk(b"data", found[b"data"].start + _EDIT_COUNT, found[b"data"].size - _EDIT_COUNT)
    if form.codec == "alac":
        declared, problems = alac.judge(source, found.get(b"pakt"), data)
    else:
        declared, problems = _samples(data, form)
    if not any(problem.severity == "error" for problem in problems):
        problems += _after(source, at)
    return Structure(
        container="caf",
        codec=form.codec,
        sample_rate=form.sample_rate,
        num_channels=form.num_channels,
        bits_per_sample=form.bits_per_sample,
        declared_num_samples=declared,
        problems=problems,
    )


def _chunks(source: ByteSource, at: int) -> Iterator[Chunk]:
    """Yield the chunks from a place on, until there is no room for one or what is there cannot be one."""
    for _ in range(MAX_CHUNKS):
        header = source.read(at, _HEADER.size)
        if len(header) < _HEADER.size:
            return
        name, size = _HEADER.unpack(header)
        is_name = name.isascii() and name.decode("ascii").isprintable() and name != b"caff"
        if not is_name or size < -1:
            return
        yield Chunk(name, at + _HEADER.size, size)
        if size < 0:
            return
        at += _HEADER.size + size


def _find(source: ByteSource) -> tuple[dict[bytes, Chunk], int, Problem | None]:
    """Return the chunks by name, where they end, and what stopped the walk."""
    found: dict[bytes, Chunk] = {}
    at = 8
    for chunk in _chunks(source, at):
        if not found and chunk.id != b"desc":
            return found, at, malformed(f"the first chunk is {chunk.id.decode()!r} and not 'desc'")
        if chunk.id in found and chunk.id in _ONCE:
            return found, at, spliced(f"there are two {chunk.id.decode()!r} chunks")
        found.setdefault(chunk.id, chunk)
        if chunk.size < 0:
            return found, at, unsupported("a Core Audio file that does not say how long it is", _COPY)
        if chunk.end > source.size:
            what = "its samples" if chunk.id == b"data" else f"its chunk {chunk.id.decode()!r}"
            return found, at, truncated(f"the file ends inside {what}", expected=chunk.end, found=source.size)
        at = chunk.end
    return found, at, _missing(found, at, source.size)


def _missing(found: dict[bytes, Chunk], at: int, size: int) -> Problem | None:
    missing = [name.decode() for name in (b"desc", b"data") if name not in found]
    if not missing:
        too_short = found[b"data"].size < _EDIT_COUNT or found[b"desc"].size < _DESC.size
        return malformed("the chunk 'desc' or 'data' is too short") if too_short else None
    if size - at < _HEADER.size:
        return truncated(f"the file ends without its chunk {missing[0]!r}", expected=at + _HEADER.size, found=size)
    return malformed(f"no chunk begins at byte {at:,}, where one should")


def _format(desc: bytes) -> _Format | Problem:
    rate, kind, flags, packet_bytes, packet_frames, num_channels, bits = _DESC.unpack(desc)
    if not (math.isfinite(rate) and 0 < rate < 1e12) or num_channels < 1:
        return malformed(f"the header gives {num_channels} channels at a sample rate of {rate:g}")
    if kind == b"alac":
        return _apple_lossless(flags, round(rate), num_channels)
    if kind == b"lpcm":
        codec = (_FLOAT if flags & 1 else _PCM).get(bits)
    else:
        codec, bits = {b"alaw": "alaw", b"ulaw": "ulaw"}.get(kind), 8
    if codec is None:
        return unsupported(f"a Core Audio file of coding {kind.decode('ascii', 'replace')!r} with {bits} bits")
    if packet_frames != 1 or packet_bytes != num_channels * bits // 8:
        return malformed(
            f"a packet of {packet_frames} samples has {packet_bytes} bytes where {num_channels} channels of {bits} bits "
            f"need {num_channels * bits // 8}"
        )
    return _Format(codec, round(rate), num_channels, bits)


def _apple_lossless(flags: int, sample_rate: int, num_channels: int) -> _Format | Problem:
    bits = {1: 16, 2: 20, 3: 24, 4: 32}.get(flags)
    if bits != 16:
        width = f"{bits} bits" if bits else "a width that its header does not say"
        return unsupported(f"a Core Audio file of Apple Lossless with {width}")
    return _Format("alac", sample_rate, num_channels, bits)


def _samples(data: Chunk, form: _Format) -> tuple[int, tuple[Problem, ...]]:
    block = form.num_channels * form.bits_per_sample // 8
    if data.size % block:
        message = f"{data.size:,} bytes of samples are not a multiple of {block}; the rest is left out"
        return data.size // block, (inconsistent(message),)
    return data.size // block, ()


def _after(source: ByteSource, at: int) -> tuple[Problem, ...]:
    """Judge what follows the last chunk; zeros are padding."""
    rest = source.read(at, 1 << 16)
    return () if at + len(rest) == source.size and not any(rest) else after_end(source, at)
