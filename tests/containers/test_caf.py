from __future__ import annotations

import struct

import pytest

from listen_datasets.containers import Structure, alac, examine
from listen_datasets.containers.chunks import Chunk
from listen_datasets.testing.recordings import InMemory, caf, caf_chunk, caf_format, encode
from listen_datasets.testing.signals import noise, tone


def walk(data: bytes) -> Structure:
    structure = examine(InMemory(data), "a.caf")
    assert isinstance(structure, Structure)
    return structure


@pytest.mark.parametrize(
    ("subtype", "codec", "bits"),
    [
        ("PCM_S8", "pcm_s8", 8),
        ("PCM_16", "pcm_s16", 16),
        ("PCM_24", "pcm_s24", 24),
        ("FLOAT", "float32", 32),
        ("DOUBLE", "float64", 64),
        ("ALAW", "alaw", 8),
        ("ALAC_16", "alac", 16),
    ],
)
@pytest.mark.parametrize("num_channels", [1, 2])
def test_the_header_is_read(subtype: str, codec: str, bits: int, num_channels: int) -> None:
    assert walk(encode(tone(num_channels=num_channels), container="CAF", subtype=subtype)) == Structure(
        container="caf",
        codec=codec,
        sample_rate=16_000,
        num_channels=num_channels,
        bits_per_sample=bits,
        declared_num_samples=16_000,
    )


@pytest.mark.parametrize("subtype", ["ALAC_20", "ALAC_24", "ALAC_32"])
def test_apple_lossless_that_libsndfile_misreads_is_refused(subtype: str) -> None:
    error = walk(encode(tone(), container="CAF", subtype=subtype)).error
    assert error is not None
    assert (error.code, f"with {subtype[-2:]} bits" in error.message) == ("audio.unsupported", True)


def test_apple_lossless_without_a_packet_table_is_malformed() -> None:
    data = encode(tone(), container="CAF", subtype="ALAC_16").replace(b"pakt", b"free")
    assert [problem.code for problem in walk(data).problems] == ["audio.malformed"]


def judged(lengths: bytes, packets: int, size: int) -> tuple[int | None, list[str]]:
    table = struct.pack(">qqii", packets, 1000, 0, 0) + lengths
    data = Chunk(b"data", len(table), size)
    declared, problems = alac.judge(InMemory(table), Chunk(b"pakt", 0, len(table)), data)
    return declared, [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("lengths", "packets", "total"),
    [(b"\x05", 1, 5), (b"\x05\x7f", 2, 132), (b"\x81\x00\x01", 2, 129), (b"\x83\xff\x7f", 1, 65_535), (b"", 0, 0)],
)
def test_packet_lengths_are_seven_bits_a_byte(lengths: bytes, packets: int, total: int) -> None:
    assert judged(lengths, packets, total) == (1000, [])


def test_packets_that_need_more_bytes_than_there_are_are_a_truncation() -> None:
    assert judged(b"\x05\x7f", 2, 131) == (None, ["audio.truncated"])


def test_packets_that_need_fewer_bytes_are_a_warning() -> None:
    assert judged(b"\x05\x7f", 2, 133) == (1000, ["audio.inconsistent_header"])


@pytest.mark.parametrize("lengths", [b"\x05", b"\x05\x81"])
def test_a_table_that_ends_early_is_malformed(lengths: bytes) -> None:
    assert judged(lengths, 2, 1000) == (None, ["audio.malformed"])


def test_a_packet_of_absurd_length_does_not_overflow() -> None:
    assert judged(b"\xff" * 200 + b"\x7f", 1, 1000) == (None, ["audio.truncated"])


def test_padding_after_the_table_is_no_packet() -> None:
    assert judged(b"\x05" + bytes(10), 1, 5) == (1000, [])


def test_the_real_table_adds_up() -> None:
    assert walk(encode(noise(1, duration=3), container="CAF", subtype="ALAC_16")).problems == ()


def test_a_wrong_extension_is_noticed() -> None:
    structure = examine(InMemory(caf(caf_format(), caf_chunk(b"data", bytes(204)))), "a.aiff")
    assert isinstance(structure, Structure)
    assert [problem.code for problem in structure.problems] == ["audio.extension"]
