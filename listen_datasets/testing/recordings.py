"""Recordings made in memory: whole ones by libsndfile, and odd or damaged ones chunk by chunk."""

from __future__ import annotations

import io
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
