"""AIFF and AIFF-C: chunks as in WAV but big-endian; ``COMM`` says what the samples are and ``SSND`` holds them.

Sources: Apple, "Audio Interchange File Format: AIFF" 1.3 (1989) and "AIFF-C" draft (1991).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from listen_datasets.containers.chunks import Chunk, chunks
from listen_datasets.containers.structure import (
    ByteSource,
    Problem,
    Structure,
    after_end,
    inconsistent,
    malformed,
    spliced,
    truncated,
    unknown_length,
    unsupported,
)

_PCM = {8: "pcm_s8", 16: "pcm_s16", 24: "pcm_s24", 32: "pcm_s32"}
# Compression type to codec; integers take theirs from the width. libsndfile spells little-endian 24 and 32 bits its own way.
_INTEGERS = {b"NONE", b"twos", b"sowt", b"in24", b"in32", b"ni24", b"ni32", b"42n1", b"23ni"}
_CODED = {
    b"raw ": ("pcm_u8", 8),
    b"fl32": ("float32", 32),
    b"FL32": ("float32", 32),
    b"fl64": ("float64", 64),
    b"FL64": ("float64", 64),
    b"alaw": ("alaw", 8),
    b"ALAW": ("alaw", 8),
    b"ulaw": ("ulaw", 8),
    b"ULAW": ("ulaw", 8),
}
_UNKNOWN_SIZE = 0x7F000000  # what streaming encoders write


@dataclass(frozen=True, slots=True)
class _Format:
    codec: str
    num_channels: int
    num_samples: int
    sample_rate: int
    bits_per_sample: int


def walk(source: ByteSource) -> Structure:
    """Walk through the chunks of an AIFF or AIFF-C file."""
    found, at, problem = _walk_chunks(source)
    if problem is None:
        problem = _missing(found, at, source.size)
    if problem is not None:
        return Structure(container="aiff", problems=(problem,))
    comm = found[b"COMM"]
    form = _format(source.read(comm.start, min(comm.size, 22)), is_aifc=source.read(8, 4) == b"AIFC")
    if isinstance(form, Problem):
        return Structure(container="aiff", problems=(form,))
    declared, problems = _samples(source, found[b"SSND"], form)
    if not any(item.severity == "error" for item in problems) and at < source.size:
        problems += after_end(source, at)
    return Structure(
        container="aiff",
        codec=form.codec,
        sample_rate=form.sample_rate,
        num_channels=form.num_channels,
        bits_per_sample=form.bits_per_sample,
        declared_num_samples=declared,
        problems=problems,
    )


def _walk_chunks(source: ByteSource) -> tuple[dict[bytes, Chunk], int, Problem | None]:
    """Return the chunks by id, where they end, and what stopped the walk."""
    form_end = 8 + int.from_bytes(source.read(4, 4), "big")
    found: dict[bytes, Chunk] = {}
    at = 12
    for chunk in chunks(source, at, ">"):
        if at >= form_end and b"COMM" in found and b"SSND" in found:
            break
        if chunk.id in found and chunk.id in {b"COMM", b"SSND"}:
            return found, at, spliced(f"there are two {chunk.id.decode()!r} chunks")
        found.setdefault(chunk.id, chunk)
        if chunk.end > source.size and not (chunk.id == b"SSND" and chunk.size >= _UNKNOWN_SIZE):
            what = "its samples" if chunk.id == b"SSND" else f"its chunk {chunk.id.decode()!r}"
            return found, at, truncated(f"the file ends inside {what}", expected=chunk.end, found=source.size)
        at = min(chunk.next, source.size)
    return found, at, None


def _missing(found: dict[bytes, Chunk], at: int, size: int) -> Problem | None:
    missing = [name.decode() for name in (b"COMM", b"SSND") if name not in found]
    if not missing:
        return None
    if size - at < 8:
        return truncated(f"the file ends without its chunk {missing[0]!r}", expected=at + 8, found=size)
    return malformed(f"no chunk begins at byte {at:,}, where one should")


def _format(comm: bytes, *, is_aifc: bool) -> _Format | Problem:
    if len(comm) < (22 if is_aifc else 18):
        return malformed(f"the 'COMM' chunk has only {len(comm)} bytes")
    num_channels, num_samples, bits = struct.unpack_from(">hIh", comm)
    sample_rate = _extended(comm[8:18])
    coding = comm[18:22] if is_aifc else b"NONE"
    if coding in _INTEGERS and 1 <= bits <= 32:
        width = -(-bits // 8) * 8
        codec = _PCM[width]
    elif coding in _CODED:
        codec, width = _CODED[coding]
    else:
        return unsupported(f"an AIFF file of coding {coding.decode('ascii', 'replace')!r} with {bits} bits")
    if num_channels < 1 or sample_rate is None:
        return malformed(f"the header gives {num_channels} channels at a sample rate of {comm[8:18].hex()}")
    return _Format(codec, num_channels, num_samples, sample_rate, width)


def _extended(data: bytes) -> int | None:
    """Return an 80-bit float rounded to an integer, or None if it is not finite, not positive or absurdly large."""
    exponent, mantissa = struct.unpack(">HQ", data)
    if not 0 < exponent < 0x7FFF or exponent - 16383 > 40:
        return None
    return round(math.ldexp(mantissa, exponent - 16383 - 63)) or None


def _samples(source: ByteSource, ssnd: Chunk, form: _Format) -> tuple[int | None, tuple[Problem, ...]]:
    """Return the declared number of samples and what is wrong with it."""
    if ssnd.size < 8:
        return None, (malformed(f"the 'SSND' chunk has only {ssnd.size} bytes"),)
    offset = int.from_bytes(source.read(ssnd.start, 4), "big")
    if ssnd.end > source.size:
        return None, (unknown_length("the encoder did not write the length into the header"),)
    frame = form.num_channels * form.bits_per_sample // 8
    there, promised = ssnd.size - 8 - offset, form.num_samples * frame
    if there < 0:
        return None, (malformed(f"the samples begin {offset:,} bytes into a chunk of {ssnd.size:,}"),)
    if promised == there:
        return form.num_samples, ()
    if promised > there:
        message = f"the header promises {promised:,} bytes of samples and the chunk holds {there:,}"
        return None, (truncated(message, expected=promised, found=there),)
    return None, (inconsistent(f"the header gives {promised:,} bytes of samples, their chunk {there:,}"),)
