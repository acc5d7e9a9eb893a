from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from listen_datasets.containers import Structure, examine
from listen_datasets.testing.recordings import InMemory, encode, ogg, ogg_pages
from listen_datasets.testing.signals import noise

SIGNAL = noise(1, sample_rate=48_000, duration=2, num_channels=2)
VORBIS = encode(SIGNAL, 48_000, container="OGG", subtype="VORBIS")
OPUS = encode(SIGNAL, 48_000, container="OGG", subtype="OPUS")
Pages = list[bytearray]


def walk(data: bytes) -> Structure:
    structure = examine(InMemory(data), "a.ogg")
    assert isinstance(structure, Structure)
    return structure


def codes(data: bytes) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in walk(data).problems]


@pytest.mark.parametrize(("data", "codec"), [(VORBIS, "vorbis"), (OPUS, "opus")])
def test_the_pages_of_libogg_are_accepted(data: bytes, codec: str) -> None:
    assert walk(data) == Structure(
        container="ogg", codec=codec, sample_rate=48_000, num_channels=2, declared_num_samples=96_000
    )


@pytest.mark.parametrize("rate", [8_000, 12_000, 16_000, 24_000])
def test_the_length_of_opus_is_told_at_the_rate_that_is_decoded(rate: int) -> None:
    structure = walk(encode(noise(1, sample_rate=rate), rate, container="OGG", subtype="OPUS"))
    assert (structure.sample_rate, structure.declared_num_samples) == (rate, rate)


@pytest.mark.parametrize("data", [VORBIS, OPUS])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99, 1.0])
def test_a_file_cut_inside_a_page_is_truncated(data: bytes, share: float) -> None:
    assert codes(data[: int(len(data) * share) - 1]) == [("audio.truncated", "error")]


@pytest.mark.parametrize("data", [VORBIS, OPUS])
def test_a_file_cut_between_pages_is_truncated_however_well_it_decodes(data: bytes) -> None:
    *pages, _ = ogg_pages(data)
    error = walk(ogg(pages)).error
    assert error is not None
    assert error.code == "audio.truncated"
    assert "end-of-stream flag" in error.message


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_flipped_bit_is_damage(share: float) -> None:
    data = bytearray(VORBIS)
    data[int(len(data) * share)] ^= 1
    assert codes(bytes(data)) == [("audio.damaged", "error")]


def without(pages: Pages) -> Pages:
    return pages[:3] + pages[4:]


def twice(pages: Pages) -> Pages:
    return pages[:4] + pages[3:]


def with_falling_position(pages: Pages) -> Pages:
    pages[3][6:14] = struct.pack("<q", 1)
    return pages


def with_newer_version(pages: Pages) -> Pages:
    pages[3][4] = 1
    return pages


@pytest.mark.parametrize("change", [without, twice, with_falling_position, with_newer_version])
def test_pages_that_cannot_follow_each_other_are_damage(change: Callable[[Pages], Pages]) -> None:
    assert codes(ogg(change(list(ogg_pages(VORBIS))))) == [("audio.damaged", "error")]


def test_a_chained_stream_is_refused() -> None:
    assert codes(VORBIS + OPUS) == [("audio.spliced", "error")]


def test_a_multiplexed_stream_is_refused() -> None:
    first, *others = ogg_pages(VORBIS)
    assert codes(ogg([first, next(ogg_pages(OPUS)), *others])) == [("audio.spliced", "error")]


def test_bytes_behind_the_last_page_are_counted() -> None:
    assert [problem.evidence for problem in walk(VORBIS + b"garbage12").problems] == [{"bytes": 9}]


@pytest.mark.parametrize("data", [VORBIS, OPUS])
def test_a_stream_recorded_from_the_middle_says_nothing_about_its_length(data: bytes) -> None:
    pages = list(ogg_pages(data))
    for page in pages[2:]:
        page[6:14] = struct.pack("<q", struct.unpack_from("<q", page, 6)[0] + 10_000_000)
    structure = walk(ogg(pages))
    assert (structure.declared_num_samples, structure.problems) == (None, ())


def test_a_stream_without_a_beginning_is_damage() -> None:
    first, *others = ogg_pages(VORBIS)
    first[5] = 0
    assert codes(ogg([first, *others])) == [("audio.damaged", "error")]


def test_another_coding_is_unsupported() -> None:
    first, *others = ogg_pages(VORBIS)
    first[28:36] = b"nobody  "
    assert codes(ogg([first, *others])) == [("audio.unsupported", "error")]
