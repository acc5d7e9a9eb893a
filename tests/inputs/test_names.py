from __future__ import annotations

import pytest

from listen_datasets.inputs import InputProblem, is_audio, safe_relative
from listen_datasets.model import Fate


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a/B.WAV", True), ("a.flac", True), ("wav", False), ("a.wav/b", False), ("a.m4a", True), ("a.txt", False)],
)
def test_recordings_are_told_by_extension_in_any_case(path: str, expected: bool) -> None:  # noqa: FBT001
    assert is_audio(path) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b.wav", "a/b.wav"),
        ("./a//b/./c.wav", "a/b/c.wav"),
        ("-x.wav", "-x.wav"),
        ("a/~b..c", "a/~b..c"),
        ("...", "..."),
        ("take 1:2.wav", "take 1:2.wav"),
        ("Grüße.wav", "Grüße.wav"),
    ],
)
def test_a_relative_path_is_kept_in_its_plain_form(text: str, expected: str) -> None:
    assert safe_relative(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "./", "-", "/", "/etc/passwd", "a/", "..", "../a.wav", "a/../../b.wav", "a/..", "~/a.wav", "~root",
        "C:\\a.wav", "c:/a.wav", "C:a.wav", "\\\\host\\share", "a\\b.wav", "http://x/a.wav", "s3://b/a.wav", "file:///a",
        "a\0b", "a\nb.wav", "\x7f", "\ud800.wav",
    ],
)  # fmt: skip
def test_a_path_that_is_not_plainly_below_the_source_is_refused(text: str) -> None:
    with pytest.raises(InputProblem) as caught:
        safe_relative(text)
    assert (caught.value.code, caught.value.fate) == ("metadata.unsafe_path", Fate.REJECTED)
