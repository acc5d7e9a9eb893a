from __future__ import annotations

import re

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.schema.document import REGEX
from listen_datasets.schema.shapes import common_pattern


@pytest.mark.parametrize(
    ("texts", "pattern"),
    [
        (["001", "002", "003", "004", "005"], "^[0-9]{3}$"),
        (["S1", "S22", "S3", "S4", "S5"], "^S[0-9]+$"),
        (["S01_a", "S02_b", "S03_a", "S04_c", "S05_a"], "^S[0-9]{2}_[a-z]$"),
        (["ada-1.wav", "b-2.wav", "c-3.wav", "d-4.wav", "e-5.wav"], r"^[a-z]+-[0-9]\.wav$"),
        (["1/(a)", "2/(a)", "3/(a)", "4/(a)", "5/(a)"], r"^[0-9]\/\(a\)$"),
        (["ä1", "ä2", "ä3", "ä4", "ä5"], "^ä[0-9]$"),
    ],
)
def test_a_common_shape_is_found(texts: list[str], pattern: str) -> None:
    assert common_pattern(texts) == pattern


@pytest.mark.parametrize(
    "texts",
    [
        ["001", "002", "003", "004"],
        ["ada", "ben", "kim", "lev", "ida"],
        ["1", "22", "333", "4444", "55555"],
        ["S1", "S2", "S3", "S4", "5"],
        ["S1", "S2", "S3", "S4", "s5"],
        ["1-2-3-4-5-6-7", "1-2-3-4-5-6-8", "1-2-3-4-5-6-9", "1-2-3-4-5-7-7", "1-2-3-4-5-8-7"],
        ["", "1", "2", "3", "4"],
        [],
    ],
    ids=[
        "too few",
        "words of one length",
        "any number",
        "another form",
        "another case",
        "too long",
        "one empty",
        "none",
    ],
)
def test_chance_is_no_shape(texts: list[str]) -> None:
    assert common_pattern(texts) is None


@given(
    words=st.sets(st.tuples(st.text("ab", min_size=1, max_size=3), st.integers(0, 99)), min_size=5, max_size=20),
    sign=st.characters(exclude_categories=["Cs", "Nd"], exclude_characters="abcdefghijklmnopqrstuvwxyz"),
)
def test_every_text_fits_the_pattern_in_both_engines(words: set[tuple[str, int]], sign: str) -> None:
    texts = {f"{word}{sign}{number}" for word, number in words}
    pattern = common_pattern(texts)
    if pattern is not None:
        decider = jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=REGEX)
        assert [text for text in texts if not (decider.is_valid(text) and re.search(pattern, text))] == []
