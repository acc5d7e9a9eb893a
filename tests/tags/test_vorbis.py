from __future__ import annotations

import base64
import struct

import pytest

from listen_datasets.tags import ALL, Tags, read_tags
from listen_datasets.testing.recordings import InMemory, encode
from listen_datasets.testing.signals import tone
from listen_datasets.testing.tagged import comments, flac, ogg_headers

ITEMS = (b"TITLE=t\xc3\xaft", b"Artist=a=b", b"DATE=2001-02-03", b"TRACKNUMBER=3/9", b"no equals sign")
VALUES = {"title": "tït", "artist": "a=b", "track": "3/9", "date": "2001-02-03", "encoder": "us"}
PICTURE = b"METADATA_BLOCK_PICTURE=" + base64.b64encode(bytes(300_000))


def in_flac(*blocks: tuple[int, bytes]) -> Tags:
    return read_tags(InMemory(flac((0, bytes(34)), *blocks)), "flac", (ALL,))


def in_opus(packet: bytes, page_segments: int = 255) -> Tags:
    return read_tags(InMemory(ogg_headers(packet, page_segments=page_segments)), "ogg", (ALL,))


def test_comments_of_flac_are_read() -> None:
    assert in_flac((4, comments(*ITEMS, vendor=b"us"))) == Tags(VALUES, {})


def test_pictures_before_the_comments_of_flac_are_skipped() -> None:
    assert in_flac((6, bytes(1 << 20)), (1, bytes(100)), (4, comments(b"TITLE=t"))).values == {"title": "t"}


@pytest.mark.parametrize("magic", [b"OpusTags", b"\x03vorbis"])
def test_comments_of_ogg_are_read(magic: bytes) -> None:
    assert in_opus(magic + comments(*ITEMS, vendor=b"us")) == Tags(VALUES, {})


@pytest.mark.parametrize("page_segments", [1, 2, 17, 255])
def test_comments_may_fill_many_pages(page_segments: int) -> None:
    packet = b"OpusTags" + comments(b"ARTIST=" + b"a" * 3000, b"TITLE=t")
    assert in_opus(packet, page_segments).values == {"artist": "a" * 3000, "title": "t"}


def test_a_picture_among_comments_is_skipped() -> None:
    packet = b"OpusTags" + comments(b"ARTIST=a", PICTURE, b"TITLE=t")
    assert in_opus(packet) == Tags({"artist": "a", "title": "t"}, {})


def test_the_bytes_of_a_picture_are_not_read() -> None:
    class Counting(InMemory):
        done = 0

        def read(self, offset: int, length: int) -> bytes:
            found = super().read(offset, length)
            self.done += len(found)
            return found

    source = Counting(ogg_headers(b"OpusTags" + comments(b"ARTIST=a", PICTURE)))
    assert read_tags(source, "ogg", (ALL,)).values == {"artist": "a"}
    assert source.done < len(source.data) / 50


def test_comments_in_a_form_of_its_own_are_none() -> None:
    assert in_opus(b"Whatever" + comments(*ITEMS)) == Tags({}, {})


@pytest.mark.parametrize(("container", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS")])
def test_the_encoder_of_libsndfile_is_named(container: str, subtype: str) -> None:
    recording = encode(tone(), container=container, subtype=subtype)
    found = read_tags(InMemory(recording), container.lower(), ("encoder",))
    assert "lib" in found.values["encoder"]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(struct.pack("<I", 0xFFFFFFFF), id="a vendor of 4 GiB"),
        pytest.param(comments(b"TITLE=t", count=2), id="one comment fewer than promised"),
        pytest.param(comments(count=0xFFFFFFFF), id="4 billion comments"),
        pytest.param(comments(b"TITLE=t")[:-1], id="a comment that is cut"),
        pytest.param(comments(*[b"A=%d" % number for number in range(5000)]), id="5,000 comments"),
    ],
)
def test_comments_that_lie_are_said(block: bytes) -> None:
    assert [problem.code for problem in in_flac((4, block)).problems] == ["tags.unreadable"]


def test_what_comes_before_the_damage_is_kept() -> None:
    assert in_flac((4, comments(b"TITLE=t", count=2))).values == {"title": "t"}


def test_a_page_without_a_body_does_not_end_the_walk_early_or_never() -> None:
    assert in_opus(b"") == Tags({}, {})


def test_a_block_that_ends_beyond_the_file_is_the_end() -> None:
    data = flac((0, bytes(34)), (4, comments(b"TITLE=t")))
    assert read_tags(InMemory(data[:-1]), "flac", (ALL,)) == Tags({}, {})
