"""The relatives of WAV with lengths of 64 bits: RF64, BW64 and Wave64."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from listen_datasets.testing.damaged.case import Case, broken, fine, warned
from listen_datasets.testing.damaged.wav import FORMAT, SOUND
from listen_datasets.testing.recordings import chunk, encode, w64, w64_chunk, wav
from listen_datasets.testing.signals import tone

_RF64 = "a.rf64"
_W64 = "a.w64"
_FMT = w64_chunk(b"fmt ", FORMAT[8:])
_DATA = w64_chunk(b"data", SOUND)
_PLAIN = w64(_FMT, _DATA)


def rf64(*, data_size: int = len(SOUND), chunk_size: int = 0xFFFFFFFF, tail: bytes = b"") -> bytes:
    """Return an RF64 file whose sizes, and what stands behind the samples, may be chosen."""
    riff_size = 4 + 36 + len(FORMAT) + 8 + len(SOUND) + len(tail)
    ds64 = chunk(b"ds64", struct.pack("<QQQI", riff_size, data_size, data_size // 2, 0))
    body = wav(ds64, FORMAT, chunk(b"data", SOUND, size=chunk_size), tail, size=0xFFFFFFFF)
    return b"RF64" + body[4:]


def cases() -> Iterator[Case]:
    """Yield the cases of RF64, BW64 and Wave64 files."""
    yield from _of_rf64()
    yield from _fine_w64()
    yield from _bad_w64()


def _of_rf64() -> Iterator[Case]:
    tags = chunk(b"LIST", b"INFOISFT\x04\0\0\0lds\0")
    yield fine(_RF64, "plain", rf64())
    yield fine("a.wav", "named as WAV", rf64())
    yield fine(_RF64, "tags after the samples", rf64(tail=tags))
    yield fine(_RF64, "a length of 32 bits", rf64(chunk_size=len(SOUND)))
    short = rf64(chunk_size=len(SOUND)) + bytes(range(256)) * 4
    yield warned(_RF64, "bytes behind it, which libsndfile takes for sound", short, "audio.trailing_bytes")
    yield warned(_RF64, "bytes behind the end", rf64() + b"garbage12", "audio.trailing_bytes")
    yield warned(_RF64, "a streamed one", rf64(data_size=2**63 - 1), "audio.unknown_length")
    yield broken(_RF64, "one that libsndfile does not open: all ones", rf64(data_size=2**64 - 1), "audio.unsupported")
    yield broken(_RF64, "cut", rf64()[:-100], "audio.truncated")
    yield broken(_RF64, "a table that promises more", rf64(data_size=len(SOUND) + 2), "audio.truncated")
    yield broken(_RF64, "a second file behind the first", rf64() + rf64(), "audio.spliced")
    without = b"RF64" + wav(FORMAT, chunk(b"data", SOUND, size=0xFFFFFFFF))[4:]
    yield broken(_RF64, "no table of lengths", without, "audio.malformed")
    yield broken("a.wav", "BW64", b"BW64" + rf64()[4:], "audio.unsupported")


def _fine_w64() -> Iterator[Case]:
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"):
        data = encode(tone(duration=0.1), container="W64", subtype=subtype)
        yield fine(_W64, f"samples of the kind {subtype}", data)
    yield fine(_W64, "plain", _PLAIN)
    yield fine(_W64, "padding before the samples", w64(w64_chunk(b"junk", b"12345"), _FMT, _DATA))
    yield fine(
        _W64,
        "a chunk behind the samples, which libsndfile takes for sound",
        w64(_FMT, _DATA, w64_chunk(b"bext", SOUND)),
    )
    yield fine(_W64, "samples that do not fill eight bytes", w64(_FMT, w64_chunk(b"data", SOUND[:-2])))
    yield fine(_W64, "no padding at the end", w64(_FMT, w64_chunk(b"data", SOUND[:-2]))[:-2])


def _bad_w64() -> Iterator[Case]:
    yield warned(_W64, "bytes behind the end", _PLAIN + b"garbage1" * 9, "audio.trailing_bytes")
    yield warned(_W64, "a wrong total", w64(_FMT, _DATA, size=200), "audio.inconsistent_header")
    streamed = w64(_FMT, w64_chunk(b"data", SOUND, size=2**64 - 1), size=2**64 - 1)
    yield warned(_W64, "a streamed one", streamed, "audio.unknown_length")
    yield broken(_W64, "cut", _PLAIN[:-100], "audio.truncated")
    yield broken(_W64, "cut inside its header", _PLAIN[:90], "audio.truncated")
    yield broken(
        _W64,
        "cut inside the chunk after the samples",
        w64(_FMT, _DATA, _DATA[:16].replace(b"data", b"junk") + _DATA[16:])[:-99],
        "audio.truncated",
    )
    yield broken(
        _W64, "a header that promises more", w64(_FMT, w64_chunk(b"data", SOUND, size=9999)), "audio.truncated"
    )
    yield broken(_W64, "two formats", w64(_FMT, _FMT, _DATA), "audio.spliced")
    yield broken(_W64, "two chunks of samples", w64(_FMT, _DATA, _DATA), "audio.spliced")
    yield broken(_W64, "a second file behind the first", _PLAIN + _PLAIN, "audio.spliced")
    yield broken(_W64, "samples before their format", w64(_DATA, _FMT), "audio.malformed")
    yield broken(
        _W64,
        "a chunk shorter than its header",
        w64(w64_chunk(b"junk", bytes(64), size=3), _FMT, _DATA),
        "audio.malformed",
    )
    yield broken(_W64, "no samples", w64(_FMT, w64_chunk(b"data", b"")), "audio.no_samples")
    yield broken(_W64, "IMA ADPCM", encode(tone(), container="W64", subtype="IMA_ADPCM"), "audio.unsupported")
