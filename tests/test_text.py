from __future__ import annotations

import pytest

from listen_datasets.text import has_control, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain grüße 漢字 🎵.wav", "plain grüße 漢字 🎵.wav"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("two\nlines\r", "two\\x0alines\\x0d"),
        ("\x7f\x85", "\\x7f\\x85"),
        ("evil\u202egnp.exe", "evil\\u202egnp.exe"),
        ("\u2066x\u2069\u2028", "\\u2066x\\u2069\\u2028"),
        ("\ud800", "\\ud800"),
        ("name\udcff.wav", "name\\xff.wav"),
        ("", ""),
    ],
)
def test_what_could_steer_or_hide_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_long_text_is_cut_with_its_length() -> None:
    assert visible("x" * 1234, limit=3) == "xxx… (1,234 characters)"


def test_text_at_the_limit_is_whole() -> None:
    assert visible("abc", limit=3) == "abc"


@pytest.mark.parametrize(("text", "expected"), [("a\tb", True), ("\x9f", True), ("a b\u202e", False)])
def test_control_characters_are_told_from_format_characters(text: str, expected: bool) -> None:  # noqa: FBT001
    assert has_control(text) is expected
