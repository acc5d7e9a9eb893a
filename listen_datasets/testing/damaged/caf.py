"""Core Audio Format, with PCM and with Apple Lossless."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from listen_datasets.testing.damaged.case import Case, broken, fine, warned
from listen_datasets.testing.damaged.wav import SOUND
from listen_datasets.testing.recordings import caf, caf_chunk, caf_format, encode
from listen_datasets.testing.signals import Signal, noise, quantised, tone

_NAME = "a.caf"
_DESC = caf_format()
_DATA = caf_chunk(b"data", bytes(4) + SOUND)
_INFO = caf_chunk(b"info", struct.pack(">I", 1) + b"title\0odd\0")
_PLAIN = caf(_DESC, _DATA)


def alac(samples: Signal, subtype: str = "ALAC_16") -> bytes:
    """Return Apple Lossless in a Core Audio file."""
    return encode(np.ascontiguousarray(samples), container="CAF", subtype=subtype)


def _table(data: bytes, *, packets: int | None = None, valid: int | None = None, drop: int = 0) -> bytes:
    """Return a file of Apple Lossless whose packet table was changed, or less some bytes of its last packet."""
    at = data.index(b"pakt") + 12
    changed = bytearray(data)
    if packets is not None:
        changed[at : at + 8] = struct.pack(">q", packets)
    if valid is not None:
        changed[at + 8 : at + 16] = struct.pack(">q", valid)
    if drop:
        size = changed.index(b"data", at) + 4
        changed[size : size + 8] = struct.pack(">q", struct.unpack_from(">q", changed, size)[0] - drop)
        del changed[-drop:]
    return bytes(changed)


def cases() -> Iterator[Case]:
    """Yield the cases of Core Audio files."""
    yield from _legal()
    yield from _broken()
    yield from _lossless()


def _legal() -> Iterator[Case]:
    for subtype in ("PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"):
        yield fine(
            _NAME, f"samples of the kind {subtype}", encode(tone(duration=0.1), container="CAF", subtype=subtype)
        )
    yield fine(_NAME, "plain", _PLAIN)
    yield fine(_NAME, "big-endian", caf(caf_format(flags=0), _DATA))
    yield fine(_NAME, "texts before and after", caf(_DESC, _INFO, _DATA, _INFO))
    yield fine(_NAME, "zeros behind the last chunk", _PLAIN + bytes(100))
    yield warned(_NAME, "bytes behind the end", _PLAIN + b"\xff\xfe garbage", "audio.trailing_bytes")
    half = caf(_DESC, caf_chunk(b"data", bytes(4) + SOUND[:-1]))
    yield warned(_NAME, "half a sample too much", half, "audio.inconsistent_header")


def _broken() -> Iterator[Case]:
    for length in (8, 30, 60, len(_PLAIN) - 1):
        yield broken(_NAME, f"cut to {length} bytes", _PLAIN[:length], "audio.truncated")
    endless = caf(_DESC, caf_chunk(b"data", bytes(4) + SOUND, size=-1))
    yield broken(_NAME, "a streamed one, which libsndfile does not open", endless, "audio.unsupported")
    yield broken(_NAME, "two formats", caf(_DESC, _DESC, _DATA), "audio.spliced")
    yield broken(_NAME, "two chunks of samples", caf(_DESC, _DATA, _DATA), "audio.spliced")
    yield broken(_NAME, "a second file behind the first", _PLAIN + _PLAIN, "audio.spliced")
    yield broken(_NAME, "samples before their format", caf(_DATA, _DESC), "audio.malformed")
    for rate in (float("nan"), float("inf"), -16_000.0, 0.0):
        yield broken(_NAME, f"a rate of {rate}", caf(caf_format(rate=rate), _DATA), "audio.malformed")
    yield broken(_NAME, "a rate of 10 MHz", caf(caf_format(rate=1e7), _DATA), "audio.absurd_format")
    yield broken(_NAME, "no channels", caf(caf_format(num_channels=0), _DATA), "audio.malformed")
    yield broken(_NAME, "AAC", caf(caf_format(kind=b"aac "), _DATA), "audio.unsupported")
    yield broken(_NAME, "no samples", caf(_DESC, caf_chunk(b"data", bytes(4))), "audio.no_samples")
    wide = struct.pack(">d4sIIIII", 16_000, b"lpcm", 2, 4, 1, 1, 24)
    yield broken(_NAME, "24 bits in packets of 4 bytes", caf(caf_chunk(b"desc", wide), _DATA), "audio.malformed")


def _lossless() -> Iterator[Case]:
    sound = alac(quantised(noise(1, duration=0.6, num_channels=2), 16))
    yield fine(_NAME, "Apple Lossless", sound)
    yield fine(
        _NAME, "Apple Lossless of noise that does not compress", alac(quantised(noise(1, -3.0, duration=0.6), 16))
    )
    yield broken(
        _NAME, "Apple Lossless of 24 bits, which libsndfile misreads", alac(tone(), "ALAC_24"), "audio.unsupported"
    )
    yield broken(_NAME, "Apple Lossless, cut", sound[: len(sound) // 2], "audio.truncated")
    yield broken(_NAME, "a last packet cut in a file that agrees", _table(sound, drop=100), "audio.truncated")
    yield broken(_NAME, "a table of fewer packets than it says", _table(sound, packets=10), "audio.malformed")
    yield broken(_NAME, "a table of negative packets", _table(sound, packets=-1), "audio.malformed")
    for valid in (100, 10_000_000, 2**62):
        yield broken(_NAME, f"a table that says {valid} samples", _table(sound, valid=valid), "audio.length_mismatch")
