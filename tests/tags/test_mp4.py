from __future__ import annotations

import struct

import pytest

from listen_datasets.tags import ALL, Tags, read_tags
from listen_datasets.testing.recordings import InMemory
from listen_datasets.testing.tagged import box, item, mp4

TITLE = item(b"\xa9nam", b"a")
POSITION = b"+27.5916+086.5640+8850/"


def read(data: bytes, *names: str) -> Tags:
    return read_tags(InMemory(data), "mp4", (ALL, *names))


def codes(found: Tags) -> list[str]:
    return [problem.code for problem in found.problems]


def custom(name: bytes, *values: bytes) -> bytes:
    boxes = box(b"mean", bytes(4) + b"com.apple.iTunes") + box(b"name", bytes(4) + name)
    return box(b"----", boxes + item(b"none", *values)[8:])


def keyed(*pairs: tuple[bytes, bytes]) -> bytes:
    keys = b"".join(box(b"mdta", b"com.apple.quicktime." + key) for key, _ in pairs)
    items = b"".join(item(struct.pack(">I", number), value) for number, (_, value) in enumerate(pairs, 1))
    return box(
        b"meta",
        box(b"hdlr", bytes(25)) + box(b"keys", bytes(4) + struct.pack(">I", len(pairs)) + keys) + box(b"ilst", items),
    )


def test_items_are_read() -> None:
    items = [
        TITLE,
        item(b"\xa9ART", "ä".encode()),
        item(b"\xa9day", b"2001"),
        item(b"\xa9too", b"Lavf"),
        item(b"cprt", b"c"),
    ]
    found = read(mp4(*items, custom(b"ISRC", b"X1"), custom(b"LICENSE", b"CC0-1.0")))
    assert found == Tags(
        {
            "title": "a",
            "artist": "ä",
            "date": "2001",
            "copyright": "c",
            "license": "CC0-1.0",
            "isrc": "X1",
            "encoder": "Lavf",
        },
        {},
    )


def test_pictures_are_skipped() -> None:
    assert read(mp4(item(b"covr", bytes(1 << 20)), TITLE)) == Tags({"title": "a"}, {})


def test_the_place_that_phones_write_is_counted_and_not_handed_over() -> None:
    text = struct.pack(">HH", len(POSITION), 0) + POSITION
    found = read(mp4(TITLE, user_data=box(b"\xa9xyz", text)))
    assert (found.values, found.privacy) == ({"title": "a"}, {"gps": 1})


def test_keys_of_quicktime_are_read() -> None:
    more = keyed((b"location.ISO6709", POSITION), (b"make", b"Apple"), (b"creationdate", b"2020"))
    found = read(mp4(TITLE, more=more), "position")
    assert found.values == {"title": "a", "date": "2020", "device": "Apple", "position": POSITION.decode()}


def test_texts_of_quicktime_user_data_are_read() -> None:
    assert read(mp4(user_data=box(b"\xa9nam", struct.pack(">HH", 1, 0) + b"t"))).values == {"title": "t"}


def test_a_file_without_tags_has_none() -> None:
    assert read(box(b"ftyp", b"M4A ") + box(b"moov", box(b"mvhd", bytes(100)))) == Tags({}, {})


def test_sizes_of_64_bits_are_understood() -> None:
    wide = struct.pack(">I4sQ", 1, b"free", 16 + 5) + bytes(5)
    assert read(wide + mp4(TITLE)).values == {"title": "a"}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(mp4(box(b"\xa9nam", b"", size=0x7FFFFFFF)), id="an item of 2 GiB"),
        pytest.param(mp4(box(b"\xa9nam", box(b"data", bytes(9), size=500))), id="data beyond its item"),
        pytest.param(mp4(box(b"\xa9nam", box(b"data", b"\0"))), id="data too short"),
        pytest.param(mp4(box(b"\xa9nam", bytes(8)), box(b"abcd", b"", size=4)), id="a size below its header's"),
        pytest.param(mp4(*[TITLE] * 5000), id="5,000 items"),
        pytest.param(mp4(*[custom(b"K", *[b"%d" % number for number in range(500)])] * 20), id="10,000 values"),
        pytest.param(box(b"free", b"") * 20_000 + mp4(TITLE), id="20,000 atoms"),
        pytest.param(mp4(TITLE, more=box(b"udta", box(b"udta", b"", size=1 << 30))), id="user data of 1 GiB"),
    ],
)
def test_atoms_that_lie_are_said(data: bytes) -> None:
    assert codes(read(data)) == ["tags.unreadable"]


def test_damage_in_the_items_leaves_the_place() -> None:
    text = struct.pack(">HH", len(POSITION), 0) + POSITION
    found = read(mp4(box(b"\xa9nam", b"", size=999_999), user_data=box(b"\xa9xyz", text)))
    assert found.privacy == {"gps": 1}


def test_a_text_that_is_no_utf_8_is_said() -> None:
    found = read(mp4(item(b"\xa9nam", b"\xff")))
    assert (found.values, codes(found)) == ({"title": "\ufffd"}, ["tags.text"])
