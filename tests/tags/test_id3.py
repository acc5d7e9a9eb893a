from __future__ import annotations

import tracemalloc

import pytest

from listen_datasets.tags import ALL, Tags, read_tags
from listen_datasets.testing.recordings import InMemory
from listen_datasets.testing.tagged import id3, id3_frame, id3v1, synchsafe

TITLE = id3_frame("TIT2", b"\x03a")


def read(data: bytes, *names: str) -> Tags:
    return read_tags(InMemory(data), "mp3", (ALL, *names))


def codes(found: Tags) -> list[str]:
    return [problem.code for problem in found.problems]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        (0, "tît".encode("latin-1")),
        (1, "tît".encode("utf-16")),
        (1, b"\xfe\xff" + "tît".encode("utf-16-be")),
        (2, "tît".encode("utf-16-be")),
        (3, "tît".encode()),
        (3, "tît\0".encode()),
    ],
)
@pytest.mark.parametrize(("version", "name"), [(2, "TT2"), (3, "TIT2"), (4, "TIT2")])
def test_titles_are_read_in_every_encoding_and_version(version: int, name: str, encoding: int, text: bytes) -> None:
    assert read(id3(id3_frame(name, bytes([encoding]) + text, version=version), version=version)).values == {
        "title": "tît"
    }


def test_frames_of_all_kinds_are_read() -> None:
    frames = [
        id3_frame("TPE1", b"\x03a\0b"),
        id3_frame("TCON", b"\x0317"),
        id3_frame("TDRC", b"\x032001-02-03"),
        id3_frame("TSRC", b"\x00USRC17607839"),
        id3_frame("COMM", b"\x03eng\0remark"),
        id3_frame("TXXX", b"\x03LICENSE\0CC0-1.0"),
        id3_frame("TSSE", b"\x00LAME 3.100"),
        id3_frame("WCOP", b"http://cc"),
        id3_frame("TOWN", b"\x03Jane"),
    ]
    assert read(id3(*frames)) == Tags(
        {
            "artist": "a; b",
            "genre": "Rock",
            "date": "2001-02-03",
            "comment": "remark",
            "license": "CC0-1.0; http://cc",
            "isrc": "USRC17607839",
            "encoder": "LAME 3.100",
        },
        {"person_name": 1},
        read(id3(*frames)).problems,
    )


def test_a_last_frame_of_the_least_length_is_read() -> None:
    assert read(id3(id3_frame("TT2", b"\0a", version=2), version=2)).values == {"title": "a"}


def test_padding_ends_the_frames() -> None:
    assert read(id3(TITLE, bytes(500))) == Tags({"title": "a"}, {})


def test_the_old_tag_fills_only_what_the_new_one_leaves_empty() -> None:
    data = id3(TITLE) + bytes(100) + id3v1("a longer one, cut", "artist", genre=17)
    assert read(data).values == {"title": "a", "artist": "artist", "genre": "Rock"}


def test_an_old_tag_alone_is_read() -> None:
    assert read(bytes(300) + id3v1("t", "a", "al", "2001")).values == {
        "title": "t",
        "artist": "a",
        "album": "al",
        "date": "2001",
    }


def test_letters_of_a_frame_are_no_old_tag() -> None:
    assert read(id3(id3_frame("TIT2", b"\x03" + b"TAG" + b"x" * 125)) + bytes(200)).values == {
        "title": "TAG" + "x" * 125
    }


def test_an_unsynchronised_tag_is_read() -> None:
    frames = id3_frame("TIT2", b"\x01\xff\xfea\0", version=3).replace(b"\xff", b"\xff\0")
    assert read(id3(frames, version=3, flags=0x80)).values == {"title": "a"}


def test_an_unsynchronised_frame_with_its_length_and_group_is_read() -> None:
    content = b"g" + synchsafe(5) + b"\x01\xff\0\xfea\0"
    assert read(id3(id3_frame("TIT2", content, flags=0x43))).values == {"title": "a"}


@pytest.mark.parametrize(("version", "header"), [(3, bytes([0, 0, 0, 6]) + bytes(6)), (4, synchsafe(6) + b"\1\0")])
def test_an_extended_header_is_skipped(version: int, header: bytes) -> None:
    frame = id3_frame("TIT2", b"\x03a", version=version)
    assert read(id3(header, frame, version=version, flags=0x40)).values == {"title": "a"}


def test_lengths_that_old_itunes_wrote_are_understood() -> None:
    long = b"TPE1" + (200).to_bytes(4, "big") + b"\0\0" + b"\0" + b"b" * 199
    assert read(id3(long, TITLE)) == Tags({"artist": "b" * 199, "title": "a"}, {})


def test_pictures_are_never_read() -> None:
    class Counting(InMemory):
        done = 0

        def read(self, offset: int, length: int) -> bytes:
            self.done += length
            return super().read(offset, length)

    picture = id3_frame("APIC", b"\0image/jpeg\0\3\0" + bytes(1 << 20), version=3)
    source = Counting(id3(picture, id3_frame("TIT2", b"\x03a", version=3), version=3))
    assert read_tags(source, "mp3", (ALL,)).values == {"title": "a"}
    assert source.done < 1000


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(id3(id3_frame("TPE1", b"\x03b", flags=0x08), TITLE), id="a compressed frame"),
        pytest.param(id3(id3_frame("TPE1", b"\x03b", flags=0x04), TITLE), id="an encrypted frame"),
        pytest.param(id3(synchsafe(0xFFFFFFF), TITLE, flags=0x40), id="an extended header of 256 MB"),
        pytest.param(id3(synchsafe(0), TITLE, flags=0x40), id="an extended header of nothing"),
        pytest.param(id3(id3_frame("TIT2", b"\x03a", size=0xFFFFFFF)), id="a frame of 256 MB"),
        pytest.param(id3(id3_frame("APIC", b"\0", size=100 << 20)), id="a picture of 100 MB that is not there"),
        pytest.param(id3(b"\x01\x02\x03\x04" * 10), id="no frames"),
        pytest.param(id3(*[id3_frame("TXXX", b"\x03k\0%d" % number) for number in range(10_000)]), id="10,000 frames"),
        pytest.param(id3(*[id3_frame("PRIV", b"x")] * 10_000), id="10,000 frames of no text"),
        pytest.param(id3(*[id3_frame("TPE1", b"\x03" + b"1\0" * 500)] * 50), id="25,000 texts"),
        pytest.param(id3(TITLE, version=9), id="an unknown version"),
        pytest.param(id3(TITLE, version=2, flags=0x40), id="a compressed tag"),
        pytest.param(id3(bytes(1_100_000), version=3, flags=0x80), id="1.1 MB unsynchronised"),
    ],
)
def test_tags_that_lie_are_said(data: bytes) -> None:
    assert codes(read(data)) == ["tags.unreadable"]


def test_what_comes_before_the_damage_is_kept() -> None:
    assert read(id3(TITLE, id3_frame("TPE1", b"\x03b", size=5000))).values == {"title": "a"}


def test_a_tag_that_claims_more_than_the_file_ends_with_it() -> None:
    assert read(id3(TITLE, size=0xFFFFFFF)) == Tags({"title": "a"}, {})


def test_text_that_is_no_utf_8_is_said() -> None:
    found = read(id3(id3_frame("TIT2", b"\x03caf\xe9")))
    assert (found.values, codes(found)) == ({"title": "caf\ufffd"}, ["tags.text"])


def test_a_hundred_long_frames_take_little_memory() -> None:
    source = InMemory(id3(*[id3_frame("TXXX", b"\x03k\0" + b"v" * 1_000_000)] * 100))
    tracemalloc.start()
    try:
        read_tags(source, "mp3", (ALL,))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 << 20
