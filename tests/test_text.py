from __future__ import annotations

import pytest

from listen_datasets.text import columns, has_control, visible, wrapped


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


@pytest.mark.parametrize(
    ("text", "expected"), [("abc", 3), ("漢字", 4), ("u\u0308", 1), ("\x1b[31merror\x1b[0m x", 7), ("", 0)]
)
def test_columns_are_those_of_a_terminal(text: str, expected: int) -> None:
    assert columns(text) == expected


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("  one two three", ["  one two three"]),
        ("  one two three four", ["  one two three", "      four"]),
        ("  one  two\n  three", ["  one  two", "  three"]),
        ("one two three four five six seven", ["one two three", "    four five", "    six seven"]),
        ("  a /path/that/is/longer b", ["  a", "      /path/that/is/longer", "      b"]),
        ("/path/that/is/longer", ["/path/that/is/longer"]),
        ("\x1b[31mabcdef\x1b[0m abcdefgh", ["\x1b[31mabcdef\x1b[0m abcdefgh"]),
        ("漢字漢字 漢字漢字", ["漢字漢字", "    漢字漢字"]),
        ("            far in already", ["            far", "       in", "       already"]),
        ("", [""]),
    ],
)
def test_lines_are_broken_at_spaces_to_fit(text: str, lines: list[str]) -> None:
    assert wrapped(text, 15).split("\n") == lines
