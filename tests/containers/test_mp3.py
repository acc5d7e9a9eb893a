from __future__ import annotations

import struct

import pytest

from listen_datasets.containers import Structure, examine
from listen_datasets.testing.recordings import InMemory, encode
from listen_datasets.testing.signals import noise

MP3 = encode(noise(1, sample_rate=44_100), 44_100, container="MP3", subtype="MPEG_LAYER_III")
ID3V1 = b"TAG" + bytes(125)
ID3V2 = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)
# Version, length with the footer, items, flags: this is the header
APE = b"APETAGEX" + struct.pack("<IIII", 2000, 50, 0, 0x20000000) + bytes(58)
# MPEG 1 layer III, 128 kbit/s, 44.1 kHz, mono: 144 * 128000 / 44100 bytes
FRAME = b"\xff\xfb\x90\xc4" + bytes(413)


def walk(data: bytes) -> Structure:
    structure = examine(InMemory(data), "a.mp3")
    assert isinstance(structure, Structure)
    return structure


def codes(data: bytes) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in walk(data).problems]


@pytest.mark.parametrize(
    ("rate", "num_channels"),
    [
        (44_100, 1),
        (44_100, 2),
        (48_000, 2),
        (32_000, 1),
        (22_050, 2),
        (24_000, 1),
        (16_000, 1),
        (11_025, 1),
        (8_000, 2),
    ],
)
def test_the_length_is_that_which_the_encoder_noted(rate: int, num_channels: int) -> None:
    signal = noise(1, sample_rate=rate, num_channels=num_channels)
    structure = walk(encode(signal, rate, container="MP3", subtype="MPEG_LAYER_III"))
    assert (structure.sample_rate, structure.num_channels) == (rate, num_channels)
    assert (structure.declared_num_samples, structure.problems) == (rate, ())


def test_frames_without_a_count_are_counted() -> None:
    structure = walk(FRAME * 10)
    assert (structure.declared_num_samples, structure.problems) == (11_520, ())


def test_fewer_frames_than_the_header_counts_are_a_truncation() -> None:
    assert codes(MP3[: len(MP3) // 2]) == [("audio.truncated", "error")]


def test_a_cut_last_frame_of_a_file_without_a_count_is_a_warning() -> None:
    assert codes((FRAME * 10)[:-1]) == [("audio.partial_frame", "warning")]


@pytest.mark.parametrize(
    "tail",
    [
        pytest.param(ID3V1, id="ID3v1"),
        pytest.param(APE, id="APE"),
        pytest.param(APE + ID3V1, id="APE and ID3v1"),
        pytest.param(ID3V2, id="ID3v2"),
        pytest.param(b"LYRICSBEGIN" + bytes(50) + ID3V1, id="lyrics"),
    ],
)
def test_tags_behind_the_frames_are_legal(tail: bytes) -> None:
    assert codes(MP3 + tail) == []


@pytest.mark.parametrize("tail", [b"garbage", b"garbage" * 30 + ID3V1, bytes(40)])
def test_other_bytes_behind_the_frames_are_counted(tail: bytes) -> None:
    structure = walk(FRAME * 10 + tail)
    expected = len(tail.removesuffix(ID3V1))
    assert [(problem.code, problem.evidence) for problem in structure.problems] == [
        ("audio.trailing_bytes", {"bytes": expected})
    ]


def test_frames_that_go_on_after_a_gap_are_damage() -> None:
    assert codes(FRAME * 5 + bytes(100) + FRAME * 5) == [("audio.damaged", "error")]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(b"\xff\xfb\x90\x44" + FRAME[4:], id="stereo"),
        pytest.param(MP3, id="a file with a count"),
        pytest.param(ID3V1 + ID3V2 + FRAME * 5, id="a file behind tags"),
        pytest.param(encode(noise(1)), id="a WAV file"),
    ],
)
def test_a_second_recording_is_a_splice(second: bytes) -> None:
    repeated = second * 5 if len(second) == len(FRAME) else second
    assert codes(FRAME * 5 + repeated) == [("audio.spliced", "error")]


def test_the_name_of_a_count_inside_a_frame_is_none() -> None:
    assert codes(FRAME * 5 + FRAME[:100] + b"Xing" + FRAME[104:] + FRAME * 5) == []


@pytest.mark.parametrize(("length", "expected"), [(12 * 417, []), (13 * 417, [("audio.truncated", "error")])])
def test_the_bytes_tell_whether_the_count_includes_its_own_frame(length: int, expected: list[tuple[str, str]]) -> None:
    field = b"Xing" + struct.pack(">III", 3, 12, length)
    assert codes(FRAME[:21] + field + FRAME[21 + len(field) :] + FRAME * 11) == expected


def test_the_padding_bit_lengthens_a_frame() -> None:
    padded = b"\xff\xfb\x92\xc4" + bytes(414)
    assert walk((FRAME + padded) * 5).declared_num_samples == 11_520
