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
    after_end,
    inconsistent,
    malformed,
    spliced,
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
_MAX_PADDING = 1 << 16


@dataclass(frozen=True, slots=True)
class Format:
    """What a ``fmt `` chunk says: the codec, the bytes of a sample on all channels, and what is odd about it."""

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
    form = read_format(source.read(head[b"fmt "].start, min(head[b"fmt "].size, 40)))
    if isinstance(form, Problem):
        return Structure(container=container, problems=(form,))
    data = _data(source, head, container, form.block_align)
    problems = form.problems + data.problems
    if not any(problem.severity == "error" for problem in problems):
        problems += _after_data(source, data.end, _riff_end(source, head), container)
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
            return spliced(f"there are two {chunk.id.decode()!r} chunks")
        found.setdefault(chunk.id, chunk)
        if chunk.id == b"data":
            return found if b"fmt " in found else malformed("there is no 'fmt ' chunk before the samples")
        if chunk.end > source.size:
            return truncated("the file ends inside its header", expected=chunk.end, found=source.size)
        at = chunk.next
    if source.size - at < 8:
        return truncated("the file ends before its samples", expected=at + 8, found=source.size)
    return malformed(f"no chunk begins at byte {at:,}, where one should")


def read_format(fmt: bytes) -> Format | Problem:
    """Read the body of a ``fmt `` chunk, of which 40 bytes are enough."""
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
        return _odd_blocks(num_channels, bits, block_align)
    problems: tuple[Problem, ...] = ()
    if byte_rate != sample_rate * block_align:
        problems = (inconsistent(f"the header gives {byte_rate} bytes a second, not {sample_rate * block_align}"),)
    return Format(codec, num_channels, sample_rate, width, block_align, problems)


def _odd_blocks(num_channels: int, bits: int, block_align: int) -> Problem:
    expected = num_channels * -(-bits // 8)
    message = f"a block of samples has {block_align} bytes where {num_channels} channels of {bits} bits need {expected}"
    if block_align == 4 * num_channels:
        # libsndfile, SoX and ffmpeg all take the bytes of such samples three by three: noise in place of the sound.
        hint = "export it anew as packed 24-bit or as 32-bit PCM with the program that wrote it"
        return malformed(f"{message}: samples of {bits} bits in 4 bytes each, which decoders misread", hint)
    return malformed(message)


def _data(source: ByteSource, head: dict[bytes, Chunk], container: str, block_align: int) -> _Data:
    chunk = head[b"data"]
    there = source.size - chunk.start
    size = _size64(source, head) if container == "rf64" else chunk.size
    if isinstance(size, Problem):
        return _Data(None, source.size, (size,))
    if size >= 1 << 63:
        command = "ffmpeg -i IN -c:a copy -rf64 always OUT.rf64"
        return _Data(None, source.size, (unsupported("an RF64 file that does not say how long it is", command),))
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


def _riff_end(source: ByteSource, head: dict[bytes, Chunk]) -> int:
    size = int.from_bytes(source.read(4, 4), "little")
    if b"ds64" in head and size == 0xFFFFFFFF:
        size = int.from_bytes(source.read(head[b"ds64"].start, 8), "little")
    return 8 + size


def _after_data(source: ByteSource, data_end: int, riff_end: int, container: str) -> tuple[Problem, ...]:
    """Judge what follows the samples: further chunks inside the RIFF, foreign bytes behind it."""
    at = min(data_end + (data_end & 1), source.size)
    for chunk in chunks(source, at, "<"):
        if at >= riff_end:
            break
        if chunk.id in {b"data", b"fmt "}:
            return (spliced(f"there is a second {chunk.id.decode()!r} chunk behind the samples"),)
        if chunk.end > source.size:
            message = f"the file ends inside the chunk {chunk.id.decode()!r} after the samples"
            return (truncated(message, expected=chunk.end, found=source.size),)
        at = min(chunk.next, source.size)
    return _ends(source, at, riff_end, container)


def _ends(source: ByteSource, at: int, riff_end: int, container: str) -> tuple[Problem, ...]:
    """Judge the total that the header gives against the end of the chunks and of the file."""
    if riff_end == 8 or _is_placeholder(riff_end - 8, container):
        return after_end(source, at)
    problems: tuple[Problem, ...] = ()
    # A pad byte at the end may be counted or not, written or not.
    if riff_end > source.size + 1 or riff_end < at - 1:
        problems = (inconsistent(f"the header says that the file has {riff_end:,} bytes; its chunks end at {at:,}"),)
    end = max(at, min(riff_end, source.size))
    if end - at > 1 and not _is_padding(source, at, end):
        problems += (trailing(end - at),)
    return problems + after_end(source, end)


def _is_padding(source: ByteSource, at: int, end: int) -> bool:
    """Tell whether the rest of the RIFF holds zeros alone, as programs write that fill up sectors."""
    return end - at <= _MAX_PADDING and not any(source.read(at, end - at))
