"""Recordings made in memory: whole ones by libsndfile, and odd or damaged ones chunk by chunk."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterable, Iterator

import numpy as np
import soundfile as sf

from listen_datasets.containers.ogg import crc
from listen_datasets.testing.signals import SAMPLE_RATE, Signal

_INTEGERS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}


class InMemory:
    """Bytes behind the interface of an open input."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes there, fewer only at the end."""
        return self.data[offset : offset + length]


def encode(
    samples: Signal,
    sample_rate: int = SAMPLE_RATE,
    *,
    container: str = "WAV",
    subtype: str = "PCM_16",
    endian: str = "FILE",
) -> bytes:
    """Return a recording in libsndfile's words for containers and subtypes; integers are rounded exactly to steps."""
    data: np.ndarray[tuple[int, ...], np.dtype[np.int32] | np.dtype[np.float32]] = samples
    if subtype in _INTEGERS:
        # libsndfile takes the high bits of int32, and would scale floats by 2^n - 1 or clip them on its own terms.
        bits = _INTEGERS[subtype]
        steps = np.rint(samples.astype(np.float64) * 2.0 ** (bits - 1)).clip(
            -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1
        )
        data = (steps * 2.0 ** (32 - bits)).astype(np.int32)
    buffer = io.BytesIO()
    sf.write(buffer, data, sample_rate, format=container, subtype=subtype, endian=endian)
    return buffer.getvalue()


def chunk(name: bytes, body: bytes, *, order: str = "<", size: int | None = None) -> bytes:
    """Return a RIFF or AIFF chunk with its pad byte; its header may claim another size."""
    header = struct.pack(f"{order}4sI", name, len(body) if size is None else size)
    return header + body + bytes(len(body) & 1)


def wav(*chunks: bytes, size: int | None = None) -> bytes:
    """Return a WAV file of these chunks; its header may claim another size."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def wav_format(*, tag: int = 1, num_channels: int = 1, sample_rate: int = SAMPLE_RATE, bits: int = 16) -> bytes:
    """Return the ``fmt `` chunk of a WAV file."""
    block = num_channels * -(-bits // 8)
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, num_channels, sample_rate, sample_rate * block, block, bits))


def aiff(*chunks: bytes, size: int | None = None, form: bytes = b"AIFF") -> bytes:
    """Return an AIFF file of these chunks, or an AIFF-C one; its header may claim another size."""
    body = form + b"".join(chunks)
    return b"FORM" + struct.pack(">I", len(body) if size is None else size) + body


def aiff_format(
    num_samples: int, *, num_channels: int = 1, bits: int = 16, rate: float | bytes = SAMPLE_RATE, coding: bytes = b""
) -> bytes:
    """Return the ``COMM`` chunk of an AIFF file; the rate may be given as the ten bytes of an extended float."""
    body = struct.pack(">hIh", num_channels, num_samples, bits) + (rate if isinstance(rate, bytes) else extended(rate))
    return chunk(b"COMM", body + coding, order=">")


def extended(value: float) -> bytes:
    """Return a positive number as a float of 80 bits: an exponent of 15 and a mantissa of 64 bits."""
    mantissa, exponent = math.frexp(value)
    return struct.pack(">HQ", exponent + 16382, int(math.ldexp(mantissa, 64)))


def w64_chunk(name: bytes, body: bytes, *, size: int | None = None) -> bytes:
    """Return a Wave64 chunk, padded to eight bytes; its header may claim another size."""
    rest = "2e91cf11a5d628db04c10000" if name == b"riff" else "f3acd3118cd100c04f8edb8a"
    header = name + bytes.fromhex(rest) + struct.pack("<Q", 24 + len(body) if size is None else size)
    return header + body + bytes(-len(body) % 8)


def w64(*chunks: bytes, size: int | None = None) -> bytes:
    """Return a Wave64 file of these chunks; its header may claim another size."""
    body = w64_chunk(b"wave", b"")[:16] + b"".join(chunks)
    return w64_chunk(b"riff", body, size=size)


def caf_chunk(name: bytes, body: bytes, *, size: int | None = None) -> bytes:
    """Return a Core Audio chunk; its header may claim another size."""
    return struct.pack(">4sq", name, len(body) if size is None else size) + body


def caf(*chunks: bytes) -> bytes:
    """Return a Core Audio file of these chunks."""
    return b"caff\0\1\0\0" + b"".join(chunks)


def caf_format(
    *, kind: bytes = b"lpcm", flags: int = 2, num_channels: int = 1, bits: int = 16, rate: float = SAMPLE_RATE
) -> bytes:
    """Return the ``desc`` chunk of a Core Audio file with fixed packets, little-endian unless the flags say otherwise."""
    packet = num_channels * bits // 8
    return caf_chunk(b"desc", struct.pack(">d4sIIIII", rate, kind, flags, packet, 1, num_channels, bits))


def ogg_pages(data: bytes) -> Iterator[bytearray]:
    """Yield the pages of an Ogg file, to be changed and joined again."""
    at = 0
    while at < len(data):
        lacing = data[at + 27 : at + 27 + data[at + 26]]
        end = at + 27 + len(lacing) + sum(lacing)
        yield bytearray(data[at:end])
        at = end


def ogg(pages: Iterable[bytearray]) -> bytes:
    """Join pages to an Ogg file, each with the checksum that it needs."""
    return b"".join(_with_checksum(page) for page in pages)


def _with_checksum(page: bytearray) -> bytes:
    page[22:26] = bytes(4)
    page[22:26] = struct.pack("<I", crc(bytes(page)))
    return bytes(page)
