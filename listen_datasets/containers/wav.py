"""WAV and RF64: RIFF chunks, of which ``fmt `` says what the samples are and ``data`` holds them.

Sources: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (1991); Microsoft,
"Multiple Channel Audio Data and WAVE Files" (extensible format); EBU Tech 3306 (RF64).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from listen_datasets.containers.chunks import Chunk, chunks
from listen_datasets.containers.structure import (
    ByteSource,
    Problem,
    Structure,
    inconsistent,
    malformed,
    trailing,
    truncated,
    unknown_length,
    unsupported,
)

_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_CODECS = {
    (_PCM, 8): "pcm_u8",
    (_PCM, 16): "pcm_s16",
    (_PCM, 24): "pcm_s24",
    (_PCM, 32): "pcm_s32",
    (_FLOAT, 32): "float32",
    (_FLOAT, 64): "float64",
    (_ALAW, 8): "alaw",
    (_ULAW, 8): "ulaw",
}
_OTHERS = {
    0x0002: "Microsoft ADPCM",
    0x0011: "IMA ADPCM",
    0x0031: "GSM 6.10",
    0x0050: "MPEG layer I or II",
    0x0055: "MP3",
    0x00FF: "AAC",
    0x0161: "Windows Media Audio",
    0x0162: "Windows Media Audio",
}
# Bytes 2 to 15 of the GUID that an extensible format repeats its tag in.
_GUID_REST = bytes.fromhex("000000001000800000aa00389b71")
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class _Format:
    codec: str
    num_channels: int
    sample_rate: int
    bits_per_sample: int
    block_align: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Data:
    num_samples: int | None
    end: int
    problems: tuple[Problem, ...]


def walk(source: ByteSource, container: str) -> Structure:
    """Walk through the chunks of a ``wav`` or ``rf64`` file."""
    head = _head(source)
    if isinstance(head, Problem):
        return Structure(container=container, problems=(head,))
    form = _format(source.read(head[b"fmt "].start, min(head[b"fmt "].size, 40)))
    if isinstance(form, Problem):
        return Structure(container=container, problems=(form,))
    data = _data(source, head, container, form.block_align)
    problems = form.problems + data.problems
    if not any(problem.severity == "error" for problem in problems):
        problems += _after_data(source, data.end, container)
    return Structure(
        container=container,
        codec=form.codec,
        sample_rate=form.sample_rate,
        num_channels=form.num_channels,
        bits_per_sample=form.bits_per_sample,
        declared_num_samples=data.num_samples,
        problems=problems,
    )


def _head(source: ByteSource) -> dict[bytes, Chunk] | Problem:
    """Return the chunks up to ``data``, by id."""
    found: dict[bytes, Chunk] = {}
    at = 12
    for chunk in chunks(source, at, "<"):
        if chunk.id in found and chunk.id in {b"fmt ", b"ds64"}:
            return malformed(f"there are two {chunk.id.decode()!r} chunks")
        found.setdefault(chunk.id, chunk)
        if chunk.id == b"data":
            return found if b"fmt " in found else malformed("there is no 'fmt ' chunk before the samples")
        if chunk.end > source.size:
            return truncated("the file ends inside its header", expected=chunk.end, found=source.size)
        at = chunk.next
    if source.size - at < 8:
        return truncated("the file ends before its samples", expected=at + 8, found=source.size)
    return malformed(f"no chunk begins at byte {at:,}, where one should")


def _format(fmt: bytes) -> _Format | Problem:
    if len(fmt) < 16:
        return malformed(f"the 'fmt ' chunk has {len(fmt)} bytes instead of at least 16")
    tag, num_channels, sample_rate, byte_rate, block_align, bits = struct.unpack_from("<HHIIHH", fmt)
    if tag == _EXTENSIBLE and len(fmt) >= 40:
        tag = struct.unpack_from("<H", fmt, 24)[0] if fmt[26:40] == _GUID_REST else -1
    width = -(-bits // 8) * 8
    codec = _CODECS.get((tag, width))
    if codec is None:
        coding = "a private coding" if tag < 0 else _OTHERS.get(tag, f"coding 0x{tag:04x} of {bits} bits")
        return unsupported(f"a WAV file of {coding}")
    if num_channels == 0 or sample_rate == 0:
        return malformed(f"the header gives {num_channels} channels at {sample_rate} Hz")
    if block_align != num_channels * width // 8:
        return malformed(
            f"a block of samples has {block_align} bytes where {num_channels} channels of {bits} bits need "
            f"{num_channels * width // 8}"
        )
    problems: tuple[Problem, ...] = ()
    if byte_rate != sample_rate * block_align:
        problems = (inconsistent(f"the header gives {byte_rate} bytes a second, not {sample_rate * block_align}"),)
    return _Format(codec, num_channels, sample_rate, width, block_align, problems)


def _data(source: ByteSource, head: dict[bytes, Chunk], container: str, block_align: int) -> _Data:
    chunk = head[b"data"]
    there = source.size - chunk.start
    size = _size64(source, head) if container == "rf64" else chunk.size
    if isinstance(size, Problem):
        return _Data(None, source.size, (size,))
    if size > there and _is_placeholder(size, container):
        return _open_ended(there, source.size, block_align)
    if size > there:
        message = f"the header promises {size:,} bytes of samples and {there:,} are there"
        return _Data(None, source.size, (truncated(message, expected=chunk.start + size, found=source.size),))
    end = chunk.start + size
    if there - size >= _WRAP:
        return _Data(None, end, (malformed("the file is longer than the 32-bit sizes of WAV can say", "use RF64"),))
    if size == 0 and there > 0 and not _is_chunk(source, end):
        hint = "a recorder that was interrupted leaves such files; repair a copy, for example with: sox --ignore-length"
        message = f"the header says that there are no samples, but {there:,} bytes follow"
        return _Data(None, end, (malformed(message, hint),))
    problems: tuple[Problem, ...] = ()
    if size % block_align:
        problems = (
            inconsistent(f"{size:,} bytes of samples are not a multiple of {block_align}; the rest is left out"),
        )
    return _Data(size // block_align, end, problems)


def _size64(source: ByteSource, head: dict[bytes, Chunk]) -> int | Problem:
    chunk = head.get(b"ds64")
    if chunk is None or chunk.size < 24:
        return malformed("an RF64 file without its 'ds64' chunk")
    declared = head[b"data"].size
    return int.from_bytes(source.read(chunk.start + 8, 8), "little") if declared == 0xFFFFFFFF else declared


def _is_placeholder(size: int, container: str) -> bool:
    """Tell the sizes that encoders write when they do not know how long the stream will be.

    All ones, the largest signed value or one more, and these rounded down or less the header's length (SoX and
    espeak-ng write 0x7ffff000).
    """
    if container == "rf64":
        return size >= (1 << 63) - (1 << 12)
    return 0x7FFFF000 <= size <= 0x80000000 or size >= 0xFFFFF000


def _open_ended(there: int, end: int, block_align: int) -> _Data:
    # One byte too many may be the pad byte.
    if there % block_align > 1:
        message = "the stream of unknown length ends inside a sample"
        return _Data(None, end, (truncated(message, expected=end - there % block_align + block_align, found=end),))
    return _Data(None, end, (unknown_length("the encoder did not write the length into the header"),))


def _is_chunk(source: ByteSource, at: int) -> bool:
    first = next(chunks(source, at, "<"), None)
    return first is not None and first.end <= source.size


def _after_data(source: ByteSource, data_end: int, container: str) -> tuple[Problem, ...]:
    """Judge what follows the samples: further chunks inside the RIFF, foreign bytes behind it."""
    riff_end = 8 + int.from_bytes(source.read(4, 4), "little")
    if container == "rf64" and riff_end == 8 + 0xFFFFFFFF:
        riff_end = 8 + int.from_bytes(source.read(20, 8), "little")
    at = min(data_end + (data_end & 1), source.size)
    for chunk in chunks(source, at, "<"):
        if at >= riff_end:
            break
        if chunk.id in {b"data", b"fmt "}:
            return (malformed(f"there is a second {chunk.id.decode()!r} chunk"),)
        if chunk.end > source.size:
            message = f"the file ends inside the chunk {chunk.id.decode()!r} after the samples"
            return (truncated(message, expected=chunk.end, found=source.size),)
        at = min(chunk.next, source.size)
    return _ends(source.size, at, riff_end, container)


def _ends(size: int, at: int, riff_end: int, container: str) -> tuple[Problem, ...]:
    problems: tuple[Problem, ...] = ()
    placeholder = riff_end == 8 or _is_placeholder(riff_end - 8, container)
    # A pad byte at the end may be counted or not, written or not.
    if not placeholder and (riff_end > size + 1 or riff_end < at - 1):
        problems = (inconsistent(f"the header says that the file has {riff_end:,} bytes; its chunks end at {at:,}"),)
    end = at if placeholder else max(at, min(riff_end, size))
    return (*problems, trailing(size - end)) if size - end > 0 else problems
