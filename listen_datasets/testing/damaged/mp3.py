"""MP3: files of LAME, and chains of silent frames, of which only the headers matter."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from listen_datasets.testing.damaged.case import Case, broken, fine, warned
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

_NAME = "a.mp3"
_ID3V2 = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)
_ID3V1 = b"TAG" + bytes(125)
_APE = b"APETAGEX" + struct.pack("<IIII", 2000, 32, 0, 0x20000000) + bytes(40)
# MPEG 1 layer III, 128 kbit/s, 44.1 kHz, mono: 144 * 128000 / 44100 bytes
_FRAME = b"\xff\xfb\x90\xc4" + bytes(413)
_STEREO = b"\xff\xfb\x90\x44" + _FRAME[4:]
_FRAMES = _FRAME * 20
_LONG_FRAME = b"\xff\xfb\xe0\xc4" + bytes(1040)  # 320 kbit/s


def lame(sample_rate: int = 44_100, num_channels: int = 1) -> bytes:
    """Return half a second of noise, the first frame of which counts the others."""
    signal = noise(1, duration=0.5, sample_rate=sample_rate, num_channels=num_channels)
    return encode(signal, sample_rate, container="MP3", subtype="MPEG_LAYER_III")


def counted(frames: int | None, length: int | None, name: bytes = b"Xing") -> bytes:
    """Return a first frame that counts the frames after it, and the bytes of all."""
    flags = (frames is not None) + 2 * (length is not None)
    numbers = b"".join(struct.pack(">I", number) for number in (frames, length) if number is not None)
    field = name + struct.pack(">I", flags) + numbers
    return _FRAME[:21] + field + bytes(len(_FRAME) - 21 - len(field))


def variable(frames: int) -> bytes:
    """Return frames of which the first is the longest, and none counts them: one may take them for fewer."""
    return _LONG_FRAME + _FRAME * (frames - 1)


def cases() -> Iterator[Case]:
    """Yield the cases of MP3 files."""
    yield from _legal()
    yield from _doubtful()
    yield from _broken()


def _legal() -> Iterator[Case]:
    for rate in (44_100, 48_000, 32_000, 22_050, 24_000, 16_000, 11_025, 8_000):
        for num_channels in (1, 2):
            yield fine(_NAME, f"{num_channels} channels at {rate} Hz", lame(rate, num_channels))
    data = lame()
    yield fine("a.Mp3", "an ID3 tag before and one behind", _ID3V2 + data + _ID3V1)
    yield fine(_NAME, "two ID3 tags before", _ID3V2 + _ID3V2 + data)
    yield fine(_NAME, "an APE tag behind", data + _APE + _ID3V1)
    yield fine(_NAME, "an ID3v2 tag behind", data + _ID3V2)
    yield fine(_NAME, "lyrics behind", data + b"LYRICSBEGIN" + bytes(50) + b"000061LYRICS200" + _ID3V1)
    yield fine(_NAME, "no count", _FRAMES)
    yield fine(_NAME, "a variable bit rate and no count", variable(20))
    yield fine(_NAME, "a count of all frames but the first", counted(20, 21 * len(_FRAME)) + _FRAMES)
    yield fine(_NAME, "a count of all frames", counted(21, 21 * len(_FRAME)) + _FRAMES)
    yield fine(_NAME, "frames with the padding bit", (_FRAME + b"\xff\xfb\x92\xc4" + bytes(414)) * 10)


def _doubtful() -> Iterator[Case]:
    yield warned(_NAME, "a last frame that is cut", _FRAMES[:-1], "audio.partial_frame")
    yield warned(_NAME, "bytes behind", _FRAMES + b"garbage", "audio.trailing_bytes")
    yield warned(_NAME, "bytes before the tag behind", _FRAMES + b"garbage" * 30 + _ID3V1, "audio.trailing_bytes")
    yield warned(_NAME, "zeros behind", _FRAMES + bytes(5_000), "audio.trailing_bytes")
    fewer = counted(10, 11 * len(_FRAME)) + _FRAMES
    yield warned(_NAME, "a count of fewer frames", fewer, "audio.inconsistent_header")
    yield warned("a.ogg", "the suffix of another format", lame(), "audio.extension")


def _broken() -> Iterator[Case]:
    data = lame()
    yield broken(_NAME, "half of it", data[: len(data) // 2], "audio.truncated")
    shorter = counted(20, 21 * len(_FRAME)) + _FRAMES[: -len(_FRAME)]
    yield broken(_NAME, "the last frame is missing", shorter, "audio.truncated")
    yield broken(_NAME, "a count of more frames", counted(2**32 - 1, None) + _FRAMES, "audio.truncated")
    yield broken(_NAME, "cut inside the tag before", _ID3V2[:9] + b"\x7f" + bytes(50), "audio.truncated")
    yield broken(_NAME, "zeros in the middle", _FRAMES + bytes(100) + _FRAMES, "audio.damaged")
    damaged = bytearray(_FRAMES)
    damaged[5 * len(_FRAME)] = 0
    yield broken(_NAME, "a flipped bit in the header of a frame", bytes(damaged), "audio.damaged")
    yield broken(_NAME, "a second file behind the first", data + data, "audio.spliced")
    yield broken(_NAME, "a second file behind its tag", data + _ID3V1 + _ID3V2 + _FRAMES, "audio.spliced")
    yield broken(_NAME, "from mono to stereo", _FRAMES + _STEREO * 20, "audio.spliced")
    yield broken(_NAME, "from one rate to another", data + lame(22_050), "audio.spliced")
    yield broken("a.mp2", "layer II", b"\xff\xfd\x94\xc4" + bytes(300), "audio.unsupported")
    yield broken("a.aac", "AAC", b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(300), "audio.unsupported")
