from __future__ import annotations

import struct

import pytest

from listen_datasets.containers import Structure, examine
from listen_datasets.testing.recordings import InMemory, aiff, aiff_format, chunk, encode, extended
from listen_datasets.testing.signals import tone

SOUND = chunk(b"SSND", bytes(8) + bytes(range(200)), order=">")


def common(*, num_samples: int = 100, bits: int = 16, num_channels: int = 1, rate: float | bytes = 16_000.0) -> bytes:
    return aiff_format(num_samples, num_channels=num_channels, bits=bits, rate=rate)


def walk(data: bytes) -> Structure:
    structure = examine(InMemory(data), "a.aiff")
    assert isinstance(structure, Structure)
    return structure


def codes(data: bytes) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in walk(data).problems]


@pytest.mark.parametrize(
    ("subtype", "endian", "codec", "bits"),
    [
        ("PCM_S8", "FILE", "pcm_s8", 8),
        ("PCM_U8", "FILE", "pcm_u8", 8),
        ("PCM_16", "FILE", "pcm_s16", 16),
        ("PCM_16", "LITTLE", "pcm_s16", 16),
        ("PCM_24", "FILE", "pcm_s24", 24),
        ("PCM_24", "LITTLE", "pcm_s24", 24),
        ("PCM_32", "BIG", "pcm_s32", 32),
        ("FLOAT", "FILE", "float32", 32),
        ("DOUBLE", "FILE", "float64", 64),
        ("ALAW", "FILE", "alaw", 8),
        ("ULAW", "FILE", "ulaw", 8),
    ],
)
def test_the_header_is_read(subtype: str, endian: str, codec: str, bits: int) -> None:
    data = encode(tone(num_channels=2, sample_rate=44_100), 44_100, container="AIFF", subtype=subtype, endian=endian)
    assert walk(data) == Structure(
        container="aiff",
        codec=codec,
        sample_rate=44_100,
        num_channels=2,
        bits_per_sample=bits,
        declared_num_samples=44_100,
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(aiff(common(), SOUND), id="plain"),
        pytest.param(aiff(SOUND, common()), id="samples first"),
        pytest.param(aiff(chunk(b"NAME", b"odd", order=">"), common(), SOUND), id="odd chunk"),
        pytest.param(aiff(common(), SOUND, chunk(b"ANNO", b"note", order=">")), id="notes after"),
        pytest.param(aiff(common(bits=12), SOUND), id="12 bits in 16"),
    ],
)
def test_what_is_legal_gives_no_finding(data: bytes) -> None:
    assert codes(data) == []


def test_the_rate_is_a_float_of_eighty_bits() -> None:
    # Sign and exponent (2^13 times the mantissa's 1.xxx), mantissa
    assert extended(16_000) == struct.pack(">HQ", 16383 + 13, round(16_000 / 2**13 * 2**63))


@pytest.mark.parametrize("missing", [1, 100, 200, 215, 220, 240])
def test_a_file_that_was_cut_is_truncated(missing: int) -> None:
    assert codes(aiff(common(), SOUND)[:-missing]) == [("audio.truncated", "error")]


def test_fewer_samples_than_promised_are_a_truncation() -> None:
    assert codes(aiff(common(num_samples=101), SOUND)) == [("audio.truncated", "error")]


def test_more_samples_than_promised_are_a_warning() -> None:
    structure = walk(aiff(common(num_samples=99), SOUND))
    assert [problem.code for problem in structure.problems] == ["audio.inconsistent_header"]
    assert structure.declared_num_samples is None


def test_samples_may_begin_at_an_offset() -> None:
    sound = chunk(b"SSND", struct.pack(">II", 4, 0) + bytes(204), order=">")
    assert codes(aiff(common(), sound)) == []


def test_the_size_of_a_streaming_encoder_is_an_unknown_length() -> None:
    sound = chunk(b"SSND", bytes(208), order=">", size=0x7F000008)
    assert codes(aiff(common(num_samples=0x7F000000 // 2), sound, size=0x7F000000)) == [
        ("audio.unknown_length", "warning")
    ]


def test_bytes_behind_the_end_are_counted() -> None:
    assert [problem.evidence for problem in walk(aiff(common(), SOUND) + b"garbage12").problems] == [{"bytes": 9}]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(aiff(chunk(b"COMM", bytes(10), order=">"), SOUND), id="a short format"),
        pytest.param(aiff(common(num_channels=0), SOUND), id="no channels"),
        pytest.param(aiff(common(num_channels=-1), SOUND), id="negative channels"),
        pytest.param(aiff(common(rate=bytes(10)), SOUND), id="no rate"),
        pytest.param(aiff(common(rate=b"\x7f\xff" + bytes(8)), SOUND), id="an infinite rate"),
        pytest.param(aiff(common(rate=b"\xc0\x0c" + bytes(8)), SOUND), id="a negative rate"),
        pytest.param(aiff(common(), chunk(b"SSND", bytes(4), order=">")), id="a short sound"),
        pytest.param(aiff(common(), b"\0\1\2\3" * 20), id="no chunk where one should be"),
    ],
)
def test_a_contradiction_is_malformed(data: bytes) -> None:
    assert codes(data) == [("audio.malformed", "error")]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(aiff(common(), common(), SOUND), id="two formats"),
        pytest.param(aiff(common(), SOUND, SOUND), id="two sounds"),
        pytest.param(aiff(common(), SOUND) * 2, id="two files"),
    ],
)
def test_a_second_header_or_file_is_a_splice(data: bytes) -> None:
    assert codes(data) == [("audio.spliced", "error")]


def test_a_coding_beyond_the_list_is_named() -> None:
    error = walk(aiff(aiff_format(100, coding=b"ima4\0\0"), SOUND, form=b"AIFC")).error
    assert error is not None
    assert (error.code, "'ima4'" in error.message) == ("audio.unsupported", True)
