"""FLAC: files of libFLAC that were changed, and files of constant frames that are written here bit by bit."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence

from listen_datasets.containers import flac_checksums
from listen_datasets.testing.damaged.case import Case, broken, fine, warned
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise, quantised, tone

_NAME = "a.flac"
_NO_MD5 = bytes(16)
_ID3V2 = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)
_ID3V1 = b"TAG" + bytes(125)
_BLOCK = 4096


def constant_frame(number: int, *, length: int = _BLOCK, rate_code: int = 5, value: int = 1000) -> bytes:
    """Return a frame of one channel of 16 bits whose samples are all equal.

    Args:
        number: Number of the frame.
        length: Samples in it.
        rate_code: 5 for 16 kHz, 12 for 1 kHz (which takes a byte).
        value: The sample.
    """
    coded = chr(number).encode(errors="surrogatepass")  # FLAC codes numbers as UTF-8 codes characters
    header = struct.pack(">HBB", 0xFFF8, 0x70 | rate_code, 0x08) + coded + struct.pack(">H", length - 1)
    header += b"\x01" if rate_code == 12 else b""
    # A byte of subframe header (0: constant), the sample
    frame = header + bytes([flac_checksums.of_header(header)]) + struct.pack(">Bh", 0, value)
    return frame + struct.pack(">H", flac_checksums.of_frame(frame))


def flac(
    frames: Sequence[bytes],
    *,
    total: int,
    md5: bytes = _NO_MD5,
    sample_rate: int = 16_000,
    bits: int = 16,
    length: int = _BLOCK,
    blocks: Sequence[tuple[int, bytes]] = (),
) -> bytes:
    """Return a FLAC file of frames behind a header that may say anything, and other metadata blocks by their type."""
    packed = sample_rate << 44 | (bits - 1) << 36 | total
    info = struct.pack(">HH6x", length, length) + packed.to_bytes(8, "big") + md5
    head = [struct.pack(">I", kind << 24 | len(body)) + body for kind, body in ((0, info), *blocks)]
    last = bytes([head[-1][0] | 0x80]) + head[-1][1:]
    return b"fLaC" + b"".join([*head[:-1], last, *frames])


_FRAMES = [constant_frame(number, value=1000 + number) for number in range(4)]
_PCM = b"".join(struct.pack("<h", 1000 + number) * _BLOCK for number in range(4))
_MD5 = hashlib.md5(_PCM, usedforsecurity=False).digest()
_TOTAL = 4 * _BLOCK
_PLAIN = flac(_FRAMES, total=_TOTAL, md5=_MD5)
_UNKNOWN = flac(_FRAMES, total=0, md5=_MD5)


def cases() -> Iterator[Case]:
    """Yield the cases of FLAC files."""
    yield from _legal()
    yield from _doubtful()
    yield from _cut()
    yield from _damaged()
    yield from _lying()
    yield from _refused()


def _legal() -> Iterator[Case]:
    for subtype in ("PCM_S8", "PCM_16", "PCM_24"):
        signal = quantised(noise(1, duration=0.6, num_channels=2), 8)
        yield fine(_NAME, f"samples of the kind {subtype}", encode(signal, container="FLAC", subtype=subtype))
    yield fine("A.FLAC", "constant frames", _PLAIN)
    yield fine(_NAME, "no MD5", flac(_FRAMES, total=_TOTAL))
    extra = [(1, bytes(100)), (2, b"abcd"), (4, bytes(8)), (6, bytes(32)), (3, bytes(18)), (100, b"new")]
    yield fine(_NAME, "metadata of every kind, and an unknown one", flac(_FRAMES, total=_TOTAL, md5=_MD5, blocks=extra))
    yield fine(_NAME, "an ID3 tag before", _ID3V2 + _PLAIN)
    yield fine(_NAME, "a short last frame", flac([*_FRAMES, constant_frame(4, length=200)], total=_TOTAL + 200))
    yield fine("a.flac", "all samples are zero", encode(tone(-200.0), container="FLAC"))


def _doubtful() -> Iterator[Case]:
    yield warned(_NAME, "a streamed one", _UNKNOWN, "audio.unknown_length")
    yield warned(_NAME, "a streamed one without MD5", flac(_FRAMES, total=0), "audio.unknown_length")
    yield warned(_NAME, "an ID3 tag behind", _PLAIN + _ID3V1, "audio.trailing_bytes")
    yield warned(_NAME, "zeros behind", _PLAIN + bytes(1000), "audio.trailing_bytes")
    yield warned("a.wav", "the suffix of another format", _PLAIN, "audio.extension")
    single = flac([constant_frame(0, length=16)], total=16)
    yield warned(_NAME, "sixteen samples", single, "audio.very_short")


def _cut() -> Iterator[Case]:
    real = encode(quantised(noise(1, num_channels=2), 16), container="FLAC")
    for length in (4, 20, 42):
        yield broken(_NAME, f"cut inside its header, to {length} bytes", _PLAIN[:length], "audio.truncated")
    for missing in (1, 2, 5, 8, len(_FRAMES[3]), len(_FRAMES[3]) + 1, 3 * len(_FRAMES[3])):
        yield broken(_NAME, f"{missing} bytes missing", _PLAIN[:-missing], "audio.truncated")
    for missing in (1, 100, 5_000, 30_000):
        yield broken(_NAME, f"{missing} bytes of noise missing", real[:-missing], "audio.truncated")
    yield broken(_NAME, "a streamed one, cut", _UNKNOWN[:-20], "audio.truncated")
    yield broken(_NAME, "a streamed one without MD5, cut", flac(_FRAMES, total=0)[:-6], "audio.truncated")
    yield broken(_NAME, "no frames", flac([], total=_TOTAL), "audio.truncated")
    tagged = flac(_FRAMES, total=_TOTAL, blocks=[(1, bytes(1000))])
    yield broken(_NAME, "cut inside its metadata", tagged[:500], "audio.truncated")


def _damaged() -> Iterator[Case]:
    start = len(_PLAIN) - sum(map(len, _FRAMES))
    size = len(_FRAMES[0])
    for number in range(4):
        # Of a frame of these, the last five bytes are the sample, after a byte of zeros, and the checksum.
        changed = bytearray(_PLAIN)
        changed[start + (number + 1) * size - 4] ^= 1
        yield broken(_NAME, f"a flipped bit in frame {number}", bytes(changed), "audio.damaged")
        changed = bytearray(_PLAIN)
        changed[start + number * size + 5] ^= 1
        yield broken(_NAME, f"a flipped bit in the header of frame {number}", bytes(changed), "audio.damaged")
    changed = bytearray(_PLAIN)
    changed[start + 3 * size] ^= 1
    yield broken(_NAME, "a flipped bit in the sync code of the last frame", bytes(changed), "audio.damaged")
    without = flac([_FRAMES[0], *_FRAMES[2:]], total=_TOTAL, md5=_MD5)
    yield broken(_NAME, "a frame is missing", without, "audio.damaged")
    twice = flac([*_FRAMES[:2], *_FRAMES[1:]], total=_TOTAL, md5=_MD5)
    yield broken(_NAME, "a frame stands twice", twice, "audio.md5_mismatch")
    hole = flac([*_FRAMES[:2], b"\0" * size, _FRAMES[3]], total=_TOTAL, md5=_MD5)
    yield broken(_NAME, "zeros in place of a frame", hole, "audio.damaged")


def _lying() -> Iterator[Case]:
    yield broken(_NAME, "a wrong MD5", flac(_FRAMES, total=_TOTAL, md5=bytes(range(16))), "audio.md5_mismatch")
    yield broken(_NAME, "a total that hides a frame", flac(_FRAMES, total=3 * _BLOCK, md5=_MD5), "audio.md5_mismatch")
    yield broken(
        _NAME, "a total that promises more", flac(_FRAMES, total=5 * _BLOCK, md5=_MD5), "audio.length_mismatch"
    )
    endless = flac(_FRAMES, total=2**36 - 1)
    yield broken(_NAME, "a total of 1,193 hours in 100 bytes", endless, "audio.truncated")
    yield broken(_NAME, "a second file behind the first", _PLAIN + _PLAIN, "audio.spliced")
    yield broken(_NAME, "a second file behind a streamed one", _UNKNOWN + _UNKNOWN, "audio.spliced")
    info = _PLAIN[8:42]
    twice = flac(_FRAMES, total=_TOTAL, md5=_MD5, blocks=[(0, info)])
    yield broken(_NAME, "two headers", twice, "audio.spliced")
    # Beyond 24 hours of a constant, in some 20 KB: what a file of this size may truly hold.
    frames = [constant_frame(number, length=65_535, rate_code=12) for number in range(1_330)]
    day = flac(frames, total=0, sample_rate=1_000, length=65_535)
    yield broken(_NAME, "more than a day in 20 KB", day, "audio.too_long")


def _refused() -> Iterator[Case]:
    yield broken(_NAME, "12 bits", flac(_FRAMES, total=_TOTAL, bits=12), "audio.unsupported")
    yield broken(_NAME, "no rate", flac(_FRAMES, total=_TOTAL, sample_rate=0), "audio.absurd_format")
    yield broken(_NAME, "blocks of one sample", flac(_FRAMES, total=_TOTAL, length=1), "audio.malformed")
    forbidden = flac(_FRAMES, total=_TOTAL, blocks=[(127, b"")])
    yield broken(_NAME, "a forbidden block", forbidden, "audio.malformed")
    yield broken(_NAME, "no frame behind the metadata", flac([b"no frame"], total=_TOTAL), "audio.malformed")
