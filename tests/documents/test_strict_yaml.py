from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.documents import strict_yaml


def test_every_scalar_stays_text() -> None:
    text = b"a: no\nb: 007\nc: 2024-01-01\nd: 1e3\ne: 'x'\nf: |\n  two\n  lines\n"
    expected = {"a": "no", "b": "007", "c": "2024-01-01", "d": "1e3", "e": "x", "f": "two\nlines\n"}
    assert strict_yaml.load(text) == expected


@pytest.mark.parametrize("value", ["", " ~", " null"])
def test_an_empty_value_is_none(value: str) -> None:
    assert strict_yaml.load(f"a:{value}\n".encode()) == {"a": None}


def test_an_empty_text_in_quotes_is_a_text() -> None:
    assert strict_yaml.load(b"a: ''\n") == {"a": ""}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b"a: 1\nb: &x 2\n", "line 2: an anchor or alias"),
        (b"a: *x\n", "an anchor or alias"),
        (b"a: !!python/object/apply:os.system [id]\n", "line 1: the tag"),
        (b"a: !own x\n", "the tag"),
        (b"a: 1\na: 2\n", "line 2: the key 'a' stands there twice"),
        (b"? [1]\n: 2\n", "a key is no text"),
        (b"a: 1\n---\nb: 2\n", "another document"),
        (b"[a\n", "expected"),
        (b"\xff\n", "no UTF-8"),
        (b"a: \x07\n", "no YAML"),
        (b"[" * 5000, "no YAML"),
        (b"a" * (2**20 + 1), "larger than"),
    ],
)
def test_what_could_change_in_silence_is_refused(text: bytes, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        strict_yaml.load(text)


@given(
    st.dictionaries(st.text(min_size=1), st.text() | st.lists(st.text()) | st.integers() | st.booleans(), min_size=1)
)
def test_any_reader_gives_back_what_was_written(document: dict[str, object]) -> None:
    text = strict_yaml.dump(document)
    assert yaml.safe_load(text.encode("utf-8", "strict")) == document


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1))
def test_no_value_can_end_the_front_matter(document: dict[str, str]) -> None:
    assert not any(line.startswith("---") for line in strict_yaml.dump(document).splitlines())


def test_equal_lists_are_written_out() -> None:
    names = ["a", "b"]
    assert "&" not in strict_yaml.dump({"one": names, "two": names})
