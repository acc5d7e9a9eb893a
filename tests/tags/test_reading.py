from __future__ import annotations

import pytest

from listen_datasets import catalogue
from listen_datasets.containers.structure import Problem
from listen_datasets.errors import UsageError
from listen_datasets.tags import ALL, MAX_TEXT, NAMES, PERSONAL, Tags, check_known, read_tags
from listen_datasets.testing.recordings import InMemory, chunk, encode, wav, wav_format
from listen_datasets.testing.signals import tone
from listen_datasets.testing.tagged import comments, flac, id3, id3_frame


def tags(*items: str | bytes, wanted: tuple[str, ...] = ("title", "comment")) -> Tags:
    block = comments(*(item.encode() if isinstance(item, str) else item for item in items))
    return read_tags(InMemory(flac((0, bytes(34)), (4, block))), "flac", wanted)


def codes(found: Tags) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in found.problems]


def test_only_what_was_asked_for_is_handed_over() -> None:
    assert tags("TITLE=a", "ARTIST=b", wanted=("artist",)) == Tags({"artist": "b"}, {})


def test_nothing_is_handed_over_unasked() -> None:
    assert tags("TITLE=a", wanted=()) == Tags({}, {})


def test_the_star_asks_for_all_but_what_is_personal() -> None:
    found = tags("TITLE=a", "CONTACT=Jane", "COMMENT=write to jane@example.org", "DESCRIPTION=rain", wanted=(ALL,))
    assert found.values == {"title": "a", "description": "rain"}


def test_personal_content_is_handed_over_where_its_name_is_asked_for() -> None:
    found = tags("CONTACT=Jane", "COMMENT=write to jane@example.org", wanted=(ALL, "contact", "comment"))
    assert found.values == {"contact": "Jane", "comment": "write to jane@example.org"}


def test_several_values_of_a_name_are_joined_and_equal_ones_are_one() -> None:
    assert tags("TITLE=a", "title=b", "Title=a").values == {"title": "a; b"}


def test_names_come_in_one_order() -> None:
    assert list(tags("GENRE=c", "ARTIST=b", "TITLE=a", wanted=("genre", ALL)).values) == ["title", "artist", "genre"]


def test_an_empty_tag_is_none() -> None:
    assert tags("TITLE=", "COMMENT= ").values == {}


@pytest.mark.parametrize("container", ["wav", "rf64", "aiff", "caf", "flac", "ogg", "mp3", "mp4", "w64", "asf"])
def test_a_file_without_tags_has_none(container: str) -> None:
    assert read_tags(InMemory(bytes(300)), container, (ALL,)) == Tags({}, {})


@pytest.mark.parametrize(
    ("container", "kind", "subtype"),
    [("WAV", "wav", "PCM_16"), ("RF64", "rf64", "PCM_16"), ("AIFF", "aiff", "PCM_16"), ("CAF", "caf", "PCM_16")],
)
def test_what_libsndfile_writes_is_plain(container: str, kind: str, subtype: str) -> None:
    recording = encode(tone(), container=container, subtype=subtype)
    assert read_tags(InMemory(recording), kind, (ALL,)) == Tags({}, {})


@pytest.mark.parametrize("container", ["wav", "flac"])
def test_an_id3_tag_before_another_container_is_read_with_its_own(container: str) -> None:
    inner = {
        "wav": wav(wav_format(), chunk(b"LIST", b"INFO" + chunk(b"IART", b"b")), chunk(b"data", b"")),
        "flac": flac((4, comments(b"ARTIST=b"))),
    }[container]
    front = id3(id3_frame("TIT2", b"\x03a"))
    assert read_tags(InMemory(front + front + inner), container, (ALL,)).values == {"title": "a", "artist": "b"}


# ----------------------------------------------------------------------------------------------------------------------
# Texts


def test_bytes_that_are_no_text_are_escaped_and_said() -> None:
    found = tags(b"TITLE=caf\xe9")
    assert (found.values, codes(found)) == ({"title": "caf\\xe9"}, [("tags.text", "warning")])


def test_control_characters_are_escaped_and_said() -> None:
    found = tags("TITLE=a\x1b[31mb\0c")
    assert (found.values, codes(found)) == ({"title": "a\\x1b[31mb\\x00c"}, [("tags.text", "warning")])


def test_a_text_that_is_too_long_is_cut_and_said() -> None:
    found = tags("TITLE=" + "é" * 100_000)
    assert (found.values, codes(found)) == ({"title": "é" * MAX_TEXT}, [("tags.text", "warning")])
    assert found.problems[0].evidence == {"texts": 1}


@pytest.mark.parametrize("text", ["Ünïcödé 音", "two\r\nlines\tand a tab", "é" * MAX_TEXT, "1/2", "😀"])
def test_ordinary_text_passes_as_it_is(text: str) -> None:
    assert tags(f"TITLE={text}") == Tags({"title": text}, {})


def test_flaws_of_texts_that_nobody_asked_for_are_no_problem() -> None:
    assert tags(b"ARTIST=\xff\x01") == Tags({}, {})


# ----------------------------------------------------------------------------------------------------------------------
# Problems


def test_personal_content_is_counted_and_never_shown() -> None:
    found = tags("COMMENT=jane@example.org", "GEO=52.51631,13.37777", wanted=())
    assert found.privacy == {"gps": 1, "e_mail": 1}
    assert codes(found) == [("privacy.tags", "warning")]
    assert found.problems[0].evidence == {"gps": 1, "e_mail": 1}
    assert not any("jane" in str(part) or "52.5" in str(part) for part in found.problems)


def test_serial_numbers_alone_are_a_note() -> None:
    found = tags("COMMENT=Recorded by AudioMoth 24E144036037FA1B at gain 2", wanted=())
    assert (found.privacy, codes(found)) == ({"device_serial": 1}, [("privacy.serials", "note")])


def test_damage_in_one_place_leaves_the_tags_of_others() -> None:
    good, bad = chunk(b"LIST", b"INFO" + chunk(b"INAM", b"a")), chunk(b"bext", b"short")
    found = read_tags(InMemory(wav(wav_format(), bad, good, chunk(b"data", b""))), "wav", ("title",))
    assert (found.values, codes(found)) == ({"title": "a"}, [("tags.unreadable", "warning")])


@pytest.mark.parametrize("code", ["privacy.tags", "privacy.serials", "tags.text", "tags.unreadable"])
def test_the_severity_is_that_of_the_catalogue(code: str) -> None:
    problems: list[Problem] = []
    problems += tags("CONTACT=x", b"TITLE=\xff").problems
    problems += tags("COMMENT=AudioMoth 24E144036037FA1B").problems
    problems += read_tags(InMemory(flac((4, comments(count=9)))), "flac").problems
    assert {problem.severity for problem in problems if problem.code == code} == {catalogue.severity(code)}


# ----------------------------------------------------------------------------------------------------------------------
# Names


def test_known_names_are_accepted() -> None:
    check_known([*NAMES, ALL])


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no tag 'tilte'") as caught:
        check_known(["artist", "tilte"])
    assert caught.value.hint == "did you mean title?"


def test_personal_names_are_names() -> None:
    assert set(NAMES) > PERSONAL
