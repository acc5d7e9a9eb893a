"""Wave64: the chunks of WAV with names of 16 bytes and lengths of 64 bits, which count the chunk's own header.

Source: Sony Pictures Digital, "Sony Wave64 file format" (2004).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

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
    unknown_length,
)
from listen_datasets.containers.wav import Format, read_format

RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
WAVE = bytes.fromhex("77617665f3acd3118cd100c04f8edb8a")
_FMT = bytes.fromhex("666d7420f3acd3118cd100c04f8edb8a")
_DATA = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")
_HEADER = struct.Struct("<16sQ")
_PLACEHOLDER = 1 << 62  # all ones or the largest signed value, less a header


def walk(source: ByteSource) -> Structure:
    """Walk through the chunks of a Wave64 file."""
    found, problem = _find(source)
    if problem is not None:
        return Structure(container="w64", problems=(problem,))
    fmt = found[_FMT]
    form = read_format(source.read(fmt.start, min(fmt.size, 40)))
    if isinstance(form, Problem):
        return Structure(container="w64", problems=(form,))
    declared, problems = _samples(source, found[_DATA], form)
    return Structure(
        container="w64",
        codec=form.codec,
        sample_rate=form.sample_rate,
        num_channels=form.num_channels,
        bits_per_sample=form.bits_per_sample,
        declared_num_samples=declared,
        problems=form.problems + problems,
    )


def _chunks(source: ByteSource, at: int) -> Iterator[Chunk]:
    """Yield the chunks from a place on, until there is no room for one or a length is less than its header's."""
    for _ in range(MAX_CHUNKS):
        header = source.read(at, _HEADER.size)
        if len(header) < _HEADER.size:
            return
        name, size = _HEADER.unpack(header)
        if size < _HEADER.size:
            return
        yield Chunk(name, at + _HEADER.size, size - _HEADER.size)
        at = _aligned(at + size)


def _aligned(at: int) -> int:
    return -(-at // 8) * 8


def _find(source: ByteSource) -> tuple[dict[bytes, Chunk], Problem | None]:
    """Return the chunks up to the samples, by name."""
    found: dict[bytes, Chunk] = {}
    at = 40
    for chunk in _chunks(source, at):
        if chunk.id == _FMT and _FMT in found:
            return found, spliced("there are two 'fmt ' chunks")
        found.setdefault(chunk.id, chunk)
        if chunk.id == _DATA:
            return found, None if _FMT in found else malformed("there is no 'fmt ' chunk before the samples")
        if chunk.end > source.size:
            return found, truncated("the file ends inside its header", expected=chunk.end, found=source.size)
        at = _aligned(chunk.end)
    if source.size - at < _HEADER.size:
        problem = truncated("the file ends before its samples", expected=at + _HEADER.size, found=source.size)
        return found, problem
    return found, malformed(f"no chunk begins at byte {at:,}, where one should")


def _samples(source: ByteSource, data: Chunk, form: Format) -> tuple[int | None, tuple[Problem, ...]]:
    """Return the declared number of samples and what is wrong with them, or behind them."""
    there = source.size - data.start
    if data.size > there:
        if data.size < _PLACEHOLDER:
            message = f"the header promises {data.size:,} bytes of samples and {there:,} are there"
            return None, (truncated(message, expected=data.end, found=source.size),)
        if there % form.block_align:
            return None, (truncated("the stream of unknown length ends inside a sample", found=source.size),)
        return None, (unknown_length("the encoder did not write the length into the header"),)
    problems: tuple[Problem, ...] = ()
    if data.size % form.block_align:
        problems = (inconsistent(f"{data.size:,} bytes of samples are not a multiple of {form.block_align}"),)
    return data.size // form.block_align, problems + _after(source, data)


def _after(source: ByteSource, data: Chunk) -> tuple[Problem, ...]:
    declared_end = int.from_bytes(source.read(16, 8), "little")
    at = min(_aligned(data.end), source.size)
    for chunk in _chunks(source, at):
        if at >= declared_end >= data.end:
            break
        if chunk.id in {_FMT, _DATA}:
            return (spliced("there is a second 'fmt ' or 'data' chunk behind the samples"),)
        if chunk.end > source.size:
            break
        at = min(_aligned(chunk.end), source.size)
    if not data.end <= declared_end < _PLACEHOLDER + source.size:
        return (inconsistent(f"the header says that the file has {declared_end:,} bytes"), *after_end(source, at))
    if declared_end > _aligned(source.size):
        message = f"the file ends inside a chunk after the samples; its header gives {declared_end:,} bytes"
        return (truncated(message, expected=declared_end, found=source.size),)
    return after_end(source, at)
