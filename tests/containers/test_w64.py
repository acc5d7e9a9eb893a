from __future__ import annotations

import pytest

from listen_datasets.containers import Structure, examine
from listen_datasets.testing.recordings import InMemory, encode, w64, w64_chunk, wav_format
from listen_datasets.testing.signals import tone

FORMAT = w64_chunk(b"fmt ", wav_format()[8:])
DATA = w64_chunk(b"data", bytes(range(200)))


def walk(data: bytes) -> Structure:
    structure = examine(InMemory(data), "a.w64")
    assert isinstance(structure, Structure)
    return structure


def codes(data: bytes) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in walk(data).problems]


@pytest.mark.parametrize(
    ("subtype", "codec", "bits"),
    [("PCM_U8", "pcm_u8", 8), ("PCM_24", "pcm_s24", 24), ("DOUBLE", "float64", 64), ("ULAW", "ulaw", 8)],
)
def test_the_header_is_read(subtype: str, codec: str, bits: int) -> None:
    assert walk(encode(tone(num_channels=2), container="W64", subtype=subtype)) == Structure(
        container="w64",
        codec=codec,
        sample_rate=16_000,
        num_channels=2,
        bits_per_sample=bits,
        declared_num_samples=16_000,
    )


def test_our_writer_writes_what_libsndfile_writes() -> None:
    data = encode(tone(), container="W64")
    assert w64(FORMAT, w64_chunk(b"data", data[104:])) == data


def test_lengths_count_the_header_of_the_chunk() -> None:
    assert walk(w64(w64_chunk(b"junk", b"123"), FORMAT, DATA)).declared_num_samples == 100


@pytest.mark.parametrize("missing", [1, 100, 200, 210, 230])
def test_a_file_that_was_cut_is_truncated(missing: int) -> None:
    assert codes(w64(FORMAT, DATA)[:-missing]) == [("audio.truncated", "error")]


def test_a_stream_of_unknown_length_cut_inside_a_sample_is_truncated() -> None:
    data = w64(FORMAT, w64_chunk(b"data", bytes(200), size=2**64 - 1), size=2**64 - 1)
    assert codes(data[:-1]) == [("audio.truncated", "error")]


def test_bytes_behind_the_end_are_counted() -> None:
    assert [problem.evidence for problem in walk(w64(FORMAT, DATA) + b"12345").problems] == [{"bytes": 5}]
