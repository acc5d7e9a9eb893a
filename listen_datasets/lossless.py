"""A clip as a file of its own that holds exactly its samples: FLAC where FLAC can, else WAV.

FLAC holds integers of up to 24 bits. Wider ones and floating-point numbers, which is what lossy codecs decode to,
become WAV: larger, but rounding them to integers would be another loss. The bytes depend on the samples, and for FLAC
on the version of the encoder.
"""

from __future__ import annotations

import hashlib
import io
import struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from listen_datasets.cutting import Exact
from listen_datasets.errors import InternalError

Integers = npt.NDArray[np.int64]

_SUBTYPES = {1: "PCM_S8", 2: "PCM_16", 3: "PCM_24"}
_FLAC_CHANNELS = 8
_FLAC_RATE, _FLAC_FINE_RATE = 655_350, 65_535  # Hz; above the second, multiples of ten alone
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_REST_OF_GUID = bytes.fromhex("0000 0000 1000 8000 00aa 0038 9b71")
_OVERHEAD = 4096


class File(NamedTuple):
    """A file in memory, and its usual extension without the dot."""

    data: bytes
    suffix: str


def encode(clip: Exact) -> File:
    """Return a clip as a file.

    Raises:
        InternalError: The file does not hold the samples of the clip: a bug in ``lds``.
    """
    file = File(_flac(clip), "flac") if is_flac(clip) else File(_wav(clip), "wav")
    md5 = hashlib.md5(clip.pcm, usedforsecurity=False).hexdigest()
    found = _pcm_md5(file.data)
    if found != md5:
        raise InternalError(f"a clip was cut to {file.suffix} with the samples {found}, not {md5}")
    return file


def is_flac(clip: Exact) -> bool:
    """Tell whether FLAC can hold a clip."""
    is_narrow = np.issubdtype(clip.samples.dtype, np.integer) and clip.width in _SUBTYPES
    rate = clip.sample_rate
    has_rate = rate <= _FLAC_FINE_RATE or (rate <= _FLAC_RATE and rate % 10 == 0)
    return bool(is_narrow and has_rate and clip.samples.shape[1] <= _FLAC_CHANNELS)


def most_bytes(num_samples: Integers, num_channels: Integers, bits_per_sample: Integers) -> Integers:
    """Return the most bytes that the files of clips can have; all arguments and the result have n values.

    Samples that cannot be compressed are stored by FLAC as they are, with some 20 bytes for each of its blocks of 4096.

    Args:
        num_samples: Samples per channel.
        num_channels: Number of channels.
        bits_per_sample: As in the manifest; 0 where the codec is lossy, which decodes to 32 bits.
    """
    # A-law and µ-law have 8 bits and decode to 16.
    width = np.where(bits_per_sample == 0, 4, np.maximum(2, -(-bits_per_sample // 8)))
    plain = num_samples * num_channels * width
    most: Integers = plain + plain // 64 + _OVERHEAD
    return most


def _flac(clip: Exact) -> bytes:
    import soundfile as sf  # noqa: PLC0415 - start-up time: only workers encode

    buffer = io.BytesIO()
    sf.write(buffer, clip.samples, clip.sample_rate, format="FLAC", subtype=_SUBTYPES[clip.width])
    return buffer.getvalue()


def _wav(clip: Exact) -> bytes:
    """Return a WAV file; libsndfile would put the time of day into one with floating-point numbers."""
    num_samples, num_channels = clip.samples.shape
    data: bytes | memoryview = clip.pcm
    if clip.width == 1:  # WAV has unsigned bytes
        data = (np.frombuffer(clip.pcm, np.uint8) ^ 0x80).tobytes()
    form = _chunk(b"fmt ", _format(clip, num_channels))
    fact = _chunk(b"fact", struct.pack("<I", num_samples))
    body = b"".join((b"WAVE", form, fact, struct.pack("<4sI", b"data", len(data)), data, bytes(len(data) & 1)))
    return b"".join((struct.pack("<4sI", b"RIFF", len(body)), body))


def _format(clip: Exact, num_channels: int) -> bytes:
    tag = _PCM if np.issubdtype(clip.samples.dtype, np.integer) else _FLOAT
    block, bits = num_channels * clip.width, 8 * clip.width
    is_plain = num_channels <= 2 and (tag == _FLOAT or bits <= 16)
    told = _pack_format(tag if is_plain else _EXTENSIBLE, num_channels, clip.sample_rate, block, bits)
    # The extension: its size, the bits that are valid, no places of speakers, and what the samples are.
    return told + (struct.pack("<H", 0) if is_plain else struct.pack("<HHIH", 22, bits, 0, tag) + _REST_OF_GUID)


def _pack_format(tag: int, num_channels: int, sample_rate: int, block: int, bits: int) -> bytes:
    return struct.pack("<HHIIHH", tag, num_channels, sample_rate, sample_rate * block, block, bits)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body


def _pcm_md5(data: bytes) -> str:
    """Decode a file as a reader does, and return the digest of what comes out."""
    from listen_datasets.decoding import blocks  # noqa: PLC0415 - start-up time
    from listen_datasets.stores.spool import spooled  # noqa: PLC0415

    state = hashlib.md5(usedforsecurity=False)
    with spooled((data,), "clip") as file:
        pieces = blocks(file.fd)
        try:
            for block in pieces:
                state.update(pieces.pcm(block.raw))
        finally:
            pieces.close()
    return state.hexdigest()
