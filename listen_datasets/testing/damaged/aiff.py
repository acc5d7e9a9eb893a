"""AIFF and AIFF-C."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from listen_datasets.testing.damaged.case import Case, broken, fine, warned
from listen_datasets.testing.recordings import aiff, aiff_format, chunk, encode
from listen_datasets.testing.signals import tone

_NAME = "a.aiff"
_SOUND = encode(tone(duration=0.1), container="AIFF")[54:]
_COMM = aiff_format(len(_SOUND) // 2)
_SSND = chunk(b"SSND", bytes(8) + _SOUND, order=">")
_PLAIN = aiff(_COMM, _SSND)
_NOTE = chunk(b"ANNO", b"odd", order=">")


def cases() -> Iterator[Case]:
    """Yield the cases of AIFF files."""
    yield from _legal()
    yield from _doubtful()
    yield from _broken()


def _legal() -> Iterator[Case]:
    for subtype in ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"):
        data = encode(tone(duration=0.1), container="AIFF", subtype=subtype)
        yield fine(_NAME, f"samples of the kind {subtype}", data)
    for subtype in ("PCM_16", "PCM_24", "PCM_32"):
        data = encode(tone(duration=0.1), container="AIFF", subtype=subtype, endian="LITTLE")
        yield fine("a.aifc", f"little-endian samples of the kind {subtype}", data)
    yield fine("a.AIF", "plain", _PLAIN)
    yield fine(_NAME, "samples before their format", aiff(_SSND, _COMM))
    yield fine(_NAME, "notes before and after", aiff(_NOTE, _COMM, _SSND, _NOTE))
    yield fine(_NAME, "12 bits in 16", aiff(aiff_format(len(_SOUND) // 2, bits=12), _SSND))
    shifted = chunk(b"SSND", struct.pack(">II", 4, 0) + bytes(4) + _SOUND, order=">")
    yield fine(_NAME, "samples at an offset", aiff(_COMM, shifted))


def _doubtful() -> Iterator[Case]:
    fewer = aiff(aiff_format(800), _SSND)
    yield warned(_NAME, "a header that promises fewer samples", fewer, "audio.inconsistent_header")
    endless = chunk(b"SSND", bytes(8) + _SOUND, order=">", size=0x7F000008)
    yield warned(_NAME, "a streamed one", aiff(aiff_format(0x3F800000), endless), "audio.unknown_length")
    yield warned(_NAME, "bytes behind the end", _PLAIN + b"garbage12", "audio.trailing_bytes")
    single = chunk(b"SSND", bytes(8) + _SOUND[:2], order=">")
    yield warned(_NAME, "a single sample", aiff(aiff_format(1), single), "audio.very_short")


def _broken() -> Iterator[Case]:
    for length in (6, 30, 60, len(_PLAIN) - 1):
        yield broken(_NAME, f"cut to {length} bytes", _PLAIN[:length], "audio.truncated")
    yield broken(_NAME, "a header that promises more samples", aiff(aiff_format(1601), _SSND), "audio.truncated")
    yield broken(_NAME, "two formats", aiff(_COMM, _COMM, _SSND), "audio.spliced")
    yield broken(_NAME, "two chunks of samples", aiff(_COMM, _SSND, _SSND), "audio.spliced")
    yield broken(_NAME, "a second file behind the first", _PLAIN + _PLAIN, "audio.spliced")
    yield broken(_NAME, "no channels", aiff(aiff_format(1600, num_channels=0), _SSND), "audio.malformed")
    for rate, what in ((b"\x7f\xff" + bytes(8), "infinite"), (b"\xc0\x0c" + bytes(8), "negative"), (bytes(10), "zero")):
        yield broken(_NAME, f"a rate that is {what}", aiff(aiff_format(1600, rate=rate), _SSND), "audio.malformed")
    yield broken(_NAME, "a rate of 10 MHz", aiff(aiff_format(1600, rate=1e7), _SSND), "audio.absurd_format")
    yield broken(_NAME, "65 channels", aiff(aiff_format(24, num_channels=65), _SSND), "audio.absurd_format")
    beyond = chunk(b"SSND", struct.pack(">II", 9999, 0) + _SOUND, order=">")
    yield broken(_NAME, "samples at an offset beyond their chunk", aiff(_COMM, beyond), "audio.malformed")
    yield broken(_NAME, "no samples", aiff(aiff_format(0), chunk(b"SSND", bytes(8), order=">")), "audio.no_samples")
    ima4 = aiff(aiff_format(1600, coding=b"ima4\0\0"), _SSND, form=b"AIFC")
    yield broken("a.aifc", "IMA ADPCM", ima4, "audio.unsupported")
