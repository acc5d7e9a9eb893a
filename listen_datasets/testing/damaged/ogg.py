"""Ogg with Vorbis and Opus, changed page by page."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from listen_datasets.testing.damaged.case import Case, broken, fine, warned
from listen_datasets.testing.recordings import encode, ogg, ogg_pages
from listen_datasets.testing.signals import noise, tone

_SIGNAL = noise(1, duration=2.5, sample_rate=48_000)


def recording(codec: str, sample_rate: int = 48_000) -> bytes:
    """Return two and a half seconds of noise in several pages; the codec in libsndfile's words."""
    return encode(_SIGNAL, sample_rate, container="OGG", subtype=codec)


def _moved(pages: list[bytearray], by: int) -> bytes:
    """Return the pages as if they had been recorded from the middle of a broadcast."""
    for page in pages[2:]:
        page[6:14] = struct.pack("<q", struct.unpack_from("<q", page, 6)[0] + by)
    return ogg(pages)


def _beginning(packet: bytes) -> bytes:
    """Return a page that begins a stream with this packet."""
    return ogg([bytearray(b"OggS\0\2" + bytes(20) + bytes([1, len(packet)]) + packet)])


def cases() -> Iterator[Case]:
    """Yield the cases of Ogg files."""
    for codec in ("VORBIS", "OPUS"):
        name, data = f"a.{'ogg' if codec == 'VORBIS' else 'opus'}", recording(codec)
        yield from _of(name, data)
        yield from _pages(name, data)
    yield from _refused()
    for rate in (8_000, 16_000, 24_000):
        signal = noise(1, duration=0.5, sample_rate=rate, num_channels=2)
        yield fine("a.opus", f"Opus at {rate} Hz", encode(signal, rate, container="OGG", subtype="OPUS"))


def _of(name: str, data: bytes) -> Iterator[Case]:
    yield fine(name, "plain", data)
    yield fine("a.oga", f"the common suffix, {name}", data)
    yield fine(name, "recorded from the middle of a broadcast", _moved(list(ogg_pages(data)), 10_000_000))
    yield warned(name, "bytes behind the last page", data + b"garbage12", "audio.trailing_bytes")
    for share in (0.05, 0.5, 0.99):
        yield broken(name, f"cut to {share:.0%}", data[: int(share * len(data))], "audio.truncated")
    *pages, last = ogg_pages(data)
    yield broken(name, "the last page is missing", ogg(pages), "audio.truncated")
    last[5] &= ~4
    yield broken(name, "no end of the stream", ogg([*pages, last]), "audio.truncated")
    yield broken(name, "a second stream behind the first", data + data, "audio.spliced")


def _pages(name: str, data: bytes) -> Iterator[Case]:
    pages = list(ogg_pages(data))
    flipped = bytearray(data)
    flipped[-100] ^= 1
    yield broken(name, "a flipped bit", bytes(flipped), "audio.damaged")
    yield broken(name, "a page is missing", ogg(pages[:3] + pages[4:]), "audio.damaged")
    yield broken(name, "a page stands twice", ogg(pages[:4] + pages[3:]), "audio.damaged")
    yield broken(name, "zeros between pages", ogg(pages[:3]) + bytes(500) + ogg(pages[3:]), "audio.damaged")
    other = next(ogg_pages(recording("OPUS" if name == "a.ogg" else "VORBIS")))
    yield broken(name, "a second stream between the pages", ogg([pages[0], other, *pages[1:]]), "audio.spliced")
    first = bytearray(pages[0])
    first[5] = 0
    yield broken(name, "no beginning of the stream", ogg([first, *pages[1:]]), "audio.damaged")
    pages[3][6:14] = struct.pack("<q", 1)
    yield broken(name, "a position that falls back", ogg(pages), "audio.damaged")
    pages = list(ogg_pages(data))
    pages[3][4] = 1
    yield broken(name, "a page of a later version", ogg(pages), "audio.damaged")


def _refused() -> Iterator[Case]:
    head = b"\x7fFLAC\x01\x00\x00\x01fLaC\x00\x00\x00\x22" + bytes(34)
    yield broken("a.oga", "FLAC in Ogg", _beginning(head), "audio.unsupported")
    yield broken("a.spx", "Speex", _beginning(b"Speex   1.2" + bytes(69)), "audio.unsupported")
    yield broken("a.ogg", "Theora video", _beginning(b"\x80theora" + bytes(35)), "audio.unsupported")
    yield broken("a.ogg", "an unknown coding", _beginning(b"nobody knows"), "audio.unsupported")
    short = encode(tone(duration=0.1)[:0], container="OGG", subtype="VORBIS")
    yield broken("a.ogg", "no samples", short, "audio.no_samples")
