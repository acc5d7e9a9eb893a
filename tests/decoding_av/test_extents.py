from __future__ import annotations

import struct

import pytest

from listen_datasets.decoding_av.extents import problems
from listen_datasets.testing.recordings import InMemory, chunk
from listen_datasets.testing.tagged import box

FTYP, MOOV, MDAT = box(b"ftyp", b"M4A \0\0\0\0"), box(b"moov", bytes(40)), box(b"mdat", bytes(100))
EBML = bytes.fromhex("1a45dfa384") + bytes(4)
SEGMENT = bytes.fromhex("18538067")


def asf(size: int, *, flags: int = 0, properties: int = 104) -> bytes:
    guid = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
    file_properties = guid + struct.pack("<Q", properties) + bytes(16) + struct.pack("<Q", size) + bytes(40)
    file_properties += struct.pack("<I", flags) + bytes(12)
    other = bytes(16) + struct.pack("<Q", 40) + bytes(16)
    body = other + file_properties
    return bytes(16) + struct.pack("<QIH", 30 + len(body), 2, 0x0201) + body + bytes(200)


def adts(length: int) -> bytes:
    return b"\xff\xf1\x50" + (0x40 << 16 | length << 5 | 0x1F).to_bytes(3, "big") + b"\xfc" + bytes(length - 7)


def page(flags: int, body: bytes = bytes(50)) -> bytes:
    return b"OggS\0" + bytes([flags]) + bytes(20) + bytes([1, len(body)]) + body


def codes(data: bytes, family: str) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in problems(InMemory(data), family)]


@pytest.mark.parametrize(
    ("family", "data"),
    [
        pytest.param("mp4", FTYP + MDAT + MOOV, id="index behind"),
        pytest.param("mp4", FTYP + MOOV + MDAT, id="index before"),
        pytest.param("mp4", FTYP + MOOV + box(b"mdat", bytes(100), size=0), id="samples to the end"),
        pytest.param("mp4", FTYP + struct.pack(">I4sQ", 1, b"mdat", 116) + bytes(100) + MOOV, id="64 bits"),
        pytest.param("mp4", FTYP + MOOV + (box(b"moof", b"") + MDAT) * 50, id="fragments"),
        pytest.param("asf", asf(374), id="asf"),
        pytest.param("matroska", EBML + SEGMENT + b"\x8a" + bytes(10), id="matroska"),
        pytest.param("matroska", EBML + b"\xec\x83abc" + SEGMENT + b"\x40\x0a" + bytes(10), id="matroska with void"),
        pytest.param("avi", chunk(b"RIFF", b"AVI " + bytes(100)), id="avi"),
        pytest.param("adts", adts(100) + adts(300), id="adts"),
        pytest.param("ogg_flac", page(2) + page(0) + page(4), id="ogg"),
        pytest.param("amr", b"#!AMR\n", id="a family of which nothing is known"),
    ],
)
def test_whole_files_give_no_finding(family: str, data: bytes) -> None:
    assert codes(data, family) == []


@pytest.mark.parametrize(
    ("family", "data"),
    [
        pytest.param("mp4", (FTYP + MDAT + MOOV)[:-1], id="in the index"),
        pytest.param("mp4", (FTYP + MOOV + MDAT)[:-1], id="in the samples"),
        pytest.param("mp4", FTYP + MDAT, id="before the index"),
        pytest.param("mp4", FTYP + box(b"mdat", bytes(100), size=0), id="no index at all"),
        pytest.param("asf", asf(375), id="asf"),
        pytest.param("asf", asf(374)[:60], id="asf in its header"),
        pytest.param("matroska", EBML + SEGMENT + b"\x8b" + bytes(10), id="matroska"),
        pytest.param("matroska", EBML + SEGMENT, id="matroska in its header"),
        pytest.param("avi", chunk(b"RIFF", b"AVI " + bytes(100))[:-1], id="avi"),
        pytest.param("ogg_flac", page(2) + page(0), id="ogg between pages"),
        pytest.param("ogg_flac", page(2), id="the first page of ogg alone"),
        pytest.param("ogg_flac", (page(2) + page(4))[:-1], id="ogg in a page"),
    ],
)
def test_files_that_were_cut_are_truncated(family: str, data: bytes) -> None:
    assert codes(data, family) == [("audio.truncated", "error")]


@pytest.mark.parametrize(
    ("family", "data"),
    [("asf", asf(0, flags=1)), ("matroska", EBML + SEGMENT + b"\x01" + b"\xff" * 7 + bytes(50))],
)
def test_live_streams_are_of_unknown_length(family: str, data: bytes) -> None:
    assert codes(data, family) == [("audio.unknown_length", "warning")]


@pytest.mark.parametrize(
    ("family", "data"),
    [("mp4", FTYP + MOOV + MDAT + b"garbage " * 9), ("matroska", EBML + SEGMENT + b"\x8a" + bytes(10) + b"garbage")],
)
def test_bytes_behind_the_end_are_a_warning(family: str, data: bytes) -> None:
    assert codes(data, family) == [("audio.trailing_bytes", "warning")]


def test_a_cut_frame_at_the_end_is_a_warning() -> None:
    assert codes((adts(100) + adts(300))[:-1], "adts") == [("audio.partial_frame", "warning")]


@pytest.mark.parametrize(
    ("family", "data"),
    [
        pytest.param("mp4", FTYP + box(b"moov", b"", size=4) + MDAT, id="an atom smaller than its header"),
        pytest.param("mp4", FTYP + b"\0\0\0\x10what" + bytes(8), id="no atom"),
        pytest.param("asf", asf(374)[:46] + bytes(8) + asf(374)[54:], id="an object of no length"),
        pytest.param("matroska", EBML + bytes(20), id="no segment"),
    ],
)
def test_contradictions_are_malformed(family: str, data: bytes) -> None:
    assert codes(data, family) == [("audio.malformed", "error")]
