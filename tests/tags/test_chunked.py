from __future__ import annotations

import struct
from pathlib import Path

import pytest

from listen_datasets.inputs import opened
from listen_datasets.tags import ALL, Tags, read_tags
from listen_datasets.testing.recordings import InMemory, chunk, wav, wav_format
from listen_datasets.testing.tagged import bext, id3, id3_frame

PERSONAL = ("originator_reference", "tape", "position", "engineer", "owner", "device_serial")
DATA = chunk(b"data", bytes(100))


def in_wav(*chunks: bytes) -> Tags:
    return read_tags(InMemory(wav(wav_format(), *chunks, DATA)), "wav", (ALL, *PERSONAL))


def info(*items: tuple[bytes, bytes]) -> bytes:
    return chunk(b"LIST", b"INFO" + b"".join(chunk(name, text) for name, text in items))


def codes(found: Tags) -> list[str]:
    return [problem.code for problem in found.problems]


def test_a_list_of_info_is_read() -> None:
    found = in_wav(info((b"INAM", b"title\0"), (b"IART", b"odd"), (b"ICRD", b"2001"), (b"ISFT", b"Lavf60.3\0")))
    assert found == Tags({"title": "title", "artist": "odd", "date": "2001", "encoder": "Lavf60.3"}, {})


def test_tags_behind_the_samples_are_read() -> None:
    data = wav(wav_format(), DATA, info((b"INAM", b"a")))
    assert read_tags(InMemory(data), "wav", (ALL,)).values == {"title": "a"}


def test_the_supplier_of_riff_is_no_recording_code() -> None:
    assert in_wav(info((b"ISRC", b"Acme"))).values == {}


def test_lists_of_other_kinds_are_no_tags() -> None:
    assert in_wav(chunk(b"LIST", b"adtl" + chunk(b"labl", b"\1\0\0\0contact jane@example.org"))) == Tags({}, {})


def test_tags_behind_the_samples_of_rf64_are_read() -> None:
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 0, 100, 50, 0))
    chunks = (ds64, wav_format(), chunk(b"data", bytes(100), size=0xFFFFFFFF), info((b"INAM", b"a")))
    data = b"RF64" + wav(*chunks)[4:]
    assert read_tags(InMemory(data), "rf64", (ALL,)).values == {"title": "a"}


def test_an_absurd_length_in_rf64_is_the_end(tmp_path: Path) -> None:
    ds64 = chunk(b"ds64", b"\xff" * 28)
    data = b"RF64" + wav(ds64, wav_format(), chunk(b"data", bytes(100), size=0xFFFFFFFF))[4:]
    (tmp_path / "a.wav").write_bytes(data)
    with opened(tmp_path, "a.wav") as file:
        assert read_tags(file, "rf64", (ALL,)) == Tags({}, {})


def test_the_fields_of_bext_are_read() -> None:
    fields = [
        (0, b"sSCENE=1\r\nsTAKE=2\r\n"),
        (256, b"Recorder"),
        (288, b"USABCX123"),
        (320, b"2020-01-02"),
        (330, b"03:04:05"),
    ]
    found = in_wav(bext(fields, history=b"A=PCM,F=48000\r\n", time_reference=48_000 << 20))
    assert found.values == {
        "description": "sSCENE=1\r\nsTAKE=2",
        "originator": "Recorder",
        "origination_date": "2020-01-02",
        "origination_time": "03:04:05",
        "time_reference": str(48_000 << 20),
        "coding_history": "A=PCM,F=48000",
        "originator_reference": "USABCX123",
    }
    assert found.privacy == {"device_serial": 1}


def test_a_field_of_bext_may_fill_its_place_to_the_last_byte() -> None:
    assert in_wav(bext([(256, b"o" * 32)])).values["originator"] == "o" * 32


def test_latin_1_in_a_chunk_without_an_encoding_is_escaped() -> None:
    found = in_wav(info((b"INAM", "é".encode("latin-1")), (b"IART", "é".encode())))
    assert (found.values, codes(found)) == ({"title": "\\xe9", "artist": "é"}, ["tags.text"])


def test_ixml_is_read() -> None:
    document = (
        '<?xml version="1.0" encoding="UTF-8"?><BWFXML><PROJECT>Älpler</PROJECT><SCENE>1 &amp; 2</SCENE><TAKE>3</TAKE>'
        "<TAPE>T1</TAPE><NOTE/><SPEED><NOTE>camera</NOTE></SPEED>"
        "<LOCATION><LOCATION_NAME>x</LOCATION_NAME><LOCATION_GPS>47.7, 8.6</LOCATION_GPS></LOCATION></BWFXML>\0\0"
    )
    found = in_wav(chunk(b"iXML", document.encode()))
    expected = {"project": "Älpler", "scene": "1 & 2", "take": "3", "tape": "T1", "position": "47.7, 8.6"}
    assert (found.values, found.privacy) == (expected, {"gps": 1})


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param(b'<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>', "document type", id="entities"),
        pytest.param(b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type", id="external"),
        pytest.param(b"<a>" * 1000, "nested", id="deep"),
        pytest.param(b"<a><b></a>", "well-formed", id="broken"),
        pytest.param(b"<a>&b;</a>", "well-formed", id="undeclared entity"),
        pytest.param(b"<a>" + b"<b>x</b>" * 5000 + b"</a>", "more than 1,000", id="many"),
        pytest.param(b"<a>" + b" " * (1 << 20) + b"</a>", "larger", id="large"),
        pytest.param(b"", "well-formed", id="empty"),
    ],
)
def test_xml_that_is_more_than_a_document_is_not_read(document: bytes, reason: str) -> None:
    found = in_wav(chunk(b"iXML", document))
    assert (found.values, codes(found)) == ({}, ["tags.unreadable"])
    assert reason in found.problems[0].message


def test_guano_of_wildlife_recorders_is_read() -> None:
    text = b"GUANO|Version: 1.0\nTimestamp: 2020-05-01T21:00\nLoc Position: 32.18786 -86.13763\nSerial: 12345\nMake: WA\nWA|Song Meter|Serial: 9"
    found = in_wav(chunk(b"guan", text))
    assert found.values == {
        "date": "2020-05-01T21:00",
        "device": "WA",
        "position": "32.18786 -86.13763",
        "device_serial": "12345; 9",
    }
    assert found.privacy == {"gps": 1, "device_serial": 2}


@pytest.mark.parametrize("name", [b"id3 ", b"ID3 "])
def test_an_id3_tag_in_a_chunk_is_read(name: bytes) -> None:
    assert in_wav(chunk(name, id3(id3_frame("TIT2", b"\x03a")))).values == {"title": "a"}


def test_an_id3_tag_does_not_reach_beyond_its_chunk() -> None:
    cut = id3(id3_frame("TIT2", b"\x03a"), size=5000)
    found = in_wav(chunk(b"id3 ", cut), chunk(b"TPE1", bytes(2) + b"\x03b"))
    assert found == Tags({"title": "a"}, {})


def test_after_some_damage_the_rest_is_left_alone() -> None:
    found = in_wav(*[chunk(b"bext", b"x" * length) for length in range(500)])
    assert found.problems[0].message.endswith("instead of at least 602; there are too many")
    assert len(found.problems[0].message) < 1000


def test_texts_of_aiff_are_read() -> None:
    chunks = [(b"NAME", b"title"), (b"AUTH", b"artist"), (b"(c) ", b"2001 me"), (b"ANNO", b"one"), (b"ANNO", b"two")]
    body = b"AIFF" + b"".join(chunk(name, text, order=">") for name, text in chunks)
    tagged = body + chunk(b"ID3 ", id3(id3_frame("TALB", b"\x03album")), order=">")
    found = read_tags(InMemory(chunk(b"FORM", tagged, order=">")), "aiff", (ALL,))
    assert found.values == {
        "title": "title",
        "artist": "artist",
        "album": "album",
        "comment": "one; two",
        "copyright": "2001 me",
    }


def test_the_information_chunk_of_core_audio_is_read() -> None:
    info_chunk = struct.pack(">I", 2) + b"title\0t\0recorded date\x002001\0"
    data = (
        b"caff\0\1\0\0" + struct.pack(">4sq", b"info", len(info_chunk)) + info_chunk + struct.pack(">4sq", b"data", -1)
    )
    assert read_tags(InMemory(data + bytes(50)), "caf", (ALL,)).values == {"title": "t", "date": "2001"}


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(chunk(b"LIST", b"INFO" + chunk(b"INAM", b"a", size=0xFFFFFFF0)), id="an entry of 4 GiB"),
        pytest.param(chunk(b"LIST", b"INFO" + chunk(b"INAM", b"abcd", size=6)), id="an entry beyond its list"),
        pytest.param(chunk(b"LIST", b"INFO" + chunk(b"INAM", b"a") * 2000), id="2,000 entries"),
        pytest.param(info((b"INAM", b"a")) * 2000, id="2,000 lists"),
        pytest.param(chunk(b"bext", bytes(601)), id="a short bext"),
        pytest.param(chunk(b"bext", b"") * 5000, id="5,000 short ones"),
    ],
)
def test_chunks_that_lie_about_their_tags_are_said(bad: bytes) -> None:
    assert codes(in_wav(bad)) == ["tags.unreadable"]


def test_a_list_that_ends_beyond_the_file_is_said() -> None:
    data = wav(wav_format(), DATA, chunk(b"LIST", b"INFO" + chunk(b"INAM", b"a"), size=5000))
    assert codes(read_tags(InMemory(data), "wav", (ALL,))) == ["tags.unreadable"]


def test_as_many_entries_as_are_allowed_are_no_problem() -> None:
    assert codes(in_wav(info(*[(b"ICMT", b"%d" % number) for number in range(900)]))) == []
