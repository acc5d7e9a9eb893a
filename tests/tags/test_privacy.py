from __future__ import annotations

import pytest

from listen_datasets.tags.entry import Entry
from listen_datasets.tags.privacy import counts, kinds


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("+27.5916+086.5640+8850CRSWGS_84/", "gps"),
        ("+27.5916+086.5640/", "gps"),
        ("-1234.5-09854.1/", "gps"),
        ("recorded at 52.51631, 13.37777", "gps"),
        ("-33.86880,151.20930", "gps"),
        ("48°51'24\"N 2°21'03\"E", "gps"),
        ("<exif:GPSLatitude>47,36.5N</exif:GPSLatitude>", "gps"),
        ("jane.doe+x@mail.example.org", "e_mail"),
        ("write to <a@b.io>!", "e_mail"),
        ("+49 30 1234567", "phone"),
        ("+1 (555) 123-4567", "phone"),
        ("Tel. 030/1234567", "phone"),
        ("call 555-123-4567 now", "phone"),
        ("Recorded at 19:17:30 by AudioMoth 24E144036037FA1B at gain setting 2", "device_serial"),
        ("S/N: 123456", "device_serial"),
        ("serial number 4711ABC", "device_serial"),
    ],
)
def test_personal_content_of_texts_is_told(text: str, kind: str) -> None:
    assert kinds(Entry("comment", text)) == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "Lavf60.3.100",
        "LAME 64bits version 3.100 (http://lame.sf.net)",
        "2004-05-01T12:13:14+02:00",
        "2004-05-01 12:13:14 +0200",
        " 00000000 00000210 000007C6 000000000004B42A",
        "-7.89 dB",
        "+12.5 dB",
        "USRC17607839",
        "0123456789012",
        "978-3-16-148410-0",
        "A=PCM,F=48000,W=24,M=stereo,T=original",
        "0.5, 1.25",
        "@home",
        "user@localhost",
        "3/9",
        "192.168.100.200",
        "f0c9635f-7a8e-4f4c-9a5e-6d1b8f0e1d2c",
        "S/N: 60 dB",
        "take +1 and +2 and +3",
        "+1 2 3 4 5 6",
        "100-150-2000 Hz",
        "Opus 111, No. 2",
        "",
    ],
)
def test_ordinary_texts_are_not_personal(text: str) -> None:
    assert kinds(Entry("comment", text)) == set()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("position", "gps"),
        ("originator_reference", "device_serial"),
        ("device serial", "device_serial"),
        ("contact", "person_name"),
        ("owner", "person_name"),
        ("engineer", "person_name"),
        ("observer name", "person_name"),
        ("gps_latitude", "gps"),
    ],
)
def test_personal_content_is_told_by_the_name_of_its_field(name: str, kind: str) -> None:
    assert kinds(Entry(name, "x")) == {kind}


@pytest.mark.parametrize("name", ["title", "artist", "composer", "comment", "originator", "time_reference", "geometry"])
def test_credits_and_plain_fields_are_not_personal(name: str) -> None:
    assert kinds(Entry(name, "Jane Doe")) == set()


def test_an_empty_field_is_not_personal() -> None:
    assert kinds(Entry("contact", "")) == set()


def test_each_tag_counts_once_a_kind() -> None:
    entries = [
        Entry("comment", "a@b.org and c@d.org"),
        Entry("comment", "e@f.org"),
        Entry("comment", "e@f.org"),
        Entry("contact", "x"),
    ]
    assert counts(entries) == {"e_mail": 2, "person_name": 1}


@pytest.mark.parametrize(
    "unit", ["+1", "+12+123.", "1", "a@a.", "123-456-", "+1((", "+1.234567890", "12°12'", "a" * 60 + "@", "+1 "]
)
def test_no_text_takes_long(unit: str) -> None:
    text = unit * (32_768 // len(unit))
    for _ in range(3):
        kinds(Entry("comment", text))
