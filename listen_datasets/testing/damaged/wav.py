"""WAV, with what broadcasters add to it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from listen_datasets.testing.damaged.case import Case, broken, fine, warned
from listen_datasets.testing.recordings import chunk, encode, wav, wav_format
from listen_datasets.testing.signals import tone

NAME = "a.wav"
SOUND = encode(tone(duration=0.1))[44:]
FORMAT = wav_format()
DATA = chunk(b"data", SOUND)
PLAIN = wav(FORMAT, DATA)
TAGS = chunk(b"LIST", b"INFOISFT\x04\0\0\0lds\0")
BEXT = chunk(b"bext", b"a scene".ljust(602, b"\0") + b"A=PCM,F=16000,W=16,M=mono\r\n")
IXML = chunk(b"iXML", b"<?xml version='1.0'?><BWFXML><SCENE>1</SCENE></BWFXML>")


def _extensible(*, bits: int, valid: int, tag: int = 1) -> bytes:
    guid = struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")
    head = struct.pack("<HHIIHH", 0xFFFE, 1, 16_000, 16_000 * bits // 8, bits // 8, bits)
    return chunk(b"fmt ", head + struct.pack("<HHI", 22, valid, 4) + guid)


def _floats(value: float, dtype: str) -> bytes:
    with np.errstate(over="ignore"):
        samples = np.full(400, 0.25).astype(dtype)
        samples[200] = value
    return wav(wav_format(tag=3, bits=8 * samples.itemsize), chunk(b"data", samples.tobytes()))


def cases() -> Iterator[Case]:
    """Yield the cases of WAV files."""
    yield from _legal()
    yield from _legal_samples()
    yield from _doubtful()
    yield from _cut()
    yield from _contradictory()
    yield from _absurd()


def _legal() -> Iterator[Case]:
    yield fine("a", "no suffix", PLAIN)
    yield fine(NAME, "plain", PLAIN)
    yield fine(NAME, "padding before the samples", wav(chunk(b"JUNK", bytes(28)), FORMAT, DATA))
    yield fine(NAME, "tags before and after", wav(FORMAT, TAGS, DATA, TAGS, chunk(b"id3 ", b"ID3\x04\0\0\0\0\0\0")))
    yield fine(NAME, "broadcast extension and iXML before", wav(BEXT, IXML, FORMAT, DATA))
    yield fine(NAME, "broadcast extension and iXML after", wav(FORMAT, DATA, BEXT, IXML))
    yield fine("a.bwf", "the suffix of broadcasters", wav(BEXT, FORMAT, DATA))
    yield fine(NAME, "a chunk of odd length", wav(FORMAT, chunk(b"note", b"odd"), DATA))
    yield fine(NAME, "an odd number of bytes", wav(wav_format(bits=8), chunk(b"data", SOUND[:199])))
    yield fine(NAME, "no pad byte at the end", wav(wav_format(bits=8), chunk(b"data", SOUND[:199]))[:-1])
    yield fine(NAME, "a pad byte that is not counted", wav(wav_format(bits=8), chunk(b"data", SOUND[:199]), size=235))
    yield fine(NAME, "zeros up to the end of a sector", wav(FORMAT, DATA, bytes(852)))
    yield fine(NAME, "a hundred empty chunks", wav(FORMAT, *[chunk(b"cue ", b"")] * 100, DATA))
    yield fine(NAME, "a format of 18 bytes", wav(chunk(b"fmt ", FORMAT[8:] + bytes(2)), DATA))


def _legal_samples() -> Iterator[Case]:
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"):
        yield fine(NAME, f"samples of the kind {subtype}", encode(tone(duration=0.1), subtype=subtype))
        yield fine(NAME, f"extensible {subtype}", encode(tone(duration=0.1), container="WAVEX", subtype=subtype))
    yield fine(NAME, "12 bits in 16", wav(wav_format(bits=12), DATA))
    yield fine(NAME, "20 bits in 24", wav(wav_format(bits=20), chunk(b"data", SOUND[:3198])))
    yield fine(NAME, "24 valid bits of 32", wav(_extensible(bits=32, valid=24), DATA))
    yield fine(NAME, "floats beyond full scale", _floats(4.0, "<f4"))
    yield fine(NAME, "64 channels", wav(wav_format(num_channels=64), chunk(b"data", SOUND * 8)))
    yield fine(NAME, "the lowest rate", wav(wav_format(sample_rate=1_000), DATA))
    yield fine(NAME, "the highest rate", wav(wav_format(sample_rate=768_000), chunk(b"data", SOUND * 16)))
    yield fine(NAME, "10 milliseconds", wav(FORMAT, chunk(b"data", SOUND[:320])))


def _doubtful() -> Iterator[Case]:
    for size in (0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x7FFFF000):
        data = wav(FORMAT, chunk(b"data", SOUND, size=size), size=0xFFFFFFFF)
        yield warned(NAME, f"a streamed one that says {size:#x} bytes", data, "audio.unknown_length")
    yield warned(NAME, "a wrong total", wav(FORMAT, DATA, size=100), "audio.inconsistent_header")
    odd_rate = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 7, 2, 16))
    yield warned(NAME, "a wrong byte rate", wav(odd_rate, DATA), "audio.inconsistent_header")
    yield warned(NAME, "half a sample too much", wav(FORMAT, chunk(b"data", SOUND[:-1])), "audio.inconsistent_header")
    yield warned(NAME, "bytes behind the end", PLAIN + b"garbage12", "audio.trailing_bytes")
    hidden = wav(FORMAT, chunk(b"data", SOUND, size=1600))
    yield warned(NAME, "samples that the header hides", hidden, "audio.trailing_bytes")
    yield warned(NAME, "a single sample", wav(FORMAT, chunk(b"data", SOUND[:2])), "audio.very_short")
    yield warned("a.flac", "the suffix of another format", PLAIN, "audio.extension")


def _cut() -> Iterator[Case]:
    for length in (4, 11, 12, 20, 40):
        yield broken(NAME, f"cut inside its header, to {length} bytes", PLAIN[:length], "audio.truncated")
    for missing in (1, 2, 1000, len(SOUND)):
        yield broken(NAME, f"{missing} bytes of samples missing", PLAIN[:-missing], "audio.truncated")
    yield broken(NAME, "cut inside a chunk after the samples", wav(FORMAT, DATA, BEXT)[:-9], "audio.truncated")
    streamed = wav(wav_format(num_channels=2), chunk(b"data", SOUND[:-2], size=0xFFFFFFFF), size=0xFFFFFFFF)
    yield broken(NAME, "a streamed one cut inside a sample", streamed, "audio.truncated")
    crashed = wav(FORMAT, chunk(b"data", SOUND, size=0), size=0)
    yield broken(NAME, "a recorder that crashed: no length, but samples", crashed, "audio.malformed")
    yield broken(NAME, "no samples", wav(FORMAT, chunk(b"data", b"")), "audio.no_samples")
    yield broken(NAME, "no samples, but tags", wav(FORMAT, chunk(b"data", b""), TAGS), "audio.no_samples")


def _contradictory() -> Iterator[Case]:
    yield broken(NAME, "two formats", wav(FORMAT, wav_format(bits=8), DATA), "audio.spliced")
    yield broken(NAME, "two chunks of samples", wav(FORMAT, DATA, DATA), "audio.spliced")
    yield broken(NAME, "a second file behind the first", PLAIN + PLAIN, "audio.spliced")
    yield broken(NAME, "samples before their format", wav(DATA, FORMAT), "audio.malformed")
    yield broken(NAME, "a format of 14 bytes", wav(chunk(b"fmt ", FORMAT[8:22]), DATA), "audio.malformed")
    yield broken(NAME, "no chunk where one should be", wav(FORMAT, b"\0\1\2\3" * 20), "audio.malformed")
    yield broken(NAME, "no channels", wav(wav_format(num_channels=0), DATA), "audio.malformed")
    yield broken(NAME, "no rate", wav(wav_format(sample_rate=0), DATA), "audio.malformed")
    wide = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 64_000, 4, 24))
    yield broken(NAME, "24 bits in blocks of 4 bytes", wav(wide, DATA), "audio.malformed")
    narrow = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, 16_000, 32_000, 2, 16))
    yield broken(NAME, "blocks too small for the channels", wav(narrow, DATA), "audio.malformed")
    yield broken(NAME, "twenty thousand empty chunks", wav(chunk(b"JUNK", b"") * 20_000), "audio.malformed")


def _absurd() -> Iterator[Case]:
    yield broken(
        NAME, "65 channels", wav(wav_format(num_channels=65), chunk(b"data", SOUND * 8)), "audio.absurd_format"
    )
    for rate in (999, 768_001, 0xFFFFFFFF):
        fmt = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, rate, rate * 2 % 2**32, 2, 16))
        yield broken(NAME, f"a rate of {rate} Hz", wav(fmt, DATA), "audio.absurd_format")
    for value in (np.nan, np.inf, -np.inf, 1e30):
        yield broken(NAME, f"a sample of {value}", _floats(value, "<f4"), "audio.not_finite")
    yield broken(NAME, "a sample of 1e300", _floats(1e300, "<f8"), "audio.not_finite")
    for tag, what in ((0x11, "IMA ADPCM"), (0x55, "MP3"), (0x161, "Windows Media"), (0x1234, "an unknown coding")):
        yield broken(NAME, what, wav(wav_format(tag=tag), DATA), "audio.unsupported")
    private = _extensible(bits=16, valid=16)[:-14] + bytes(14)
    yield broken(NAME, "a private coding", wav(private, DATA), "audio.unsupported")
    yield broken(NAME, "big-endian (RIFX)", encode(tone(duration=0.1), endian="BIG"), "audio.unsupported")
