from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.metadata.strict_json import MAX_DEPTH, depth, parse

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(VALUES)
def test_every_json_value_comes_back(value: object) -> None:
    assert repr(parse(json.dumps(value))) == repr(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 1}', "`a` stands twice"),
        ('{"x": {"a": 1, "b": 2, "a": 3}}', "`a` stands twice"),
        ("[NaN]", "NaN"),
        ("[Infinity]", "Infinity"),
        ("[-Infinity]", "-Infinity"),
        ("1e999", "does not fit into a double"),
        ("1e-999", "does not fit into a double"),
        ("9223372036854775808", "does not fit into 64 bits"),
        ("-9223372036854775809", "does not fit into 64 bits"),
        ("1" * 10_000, "does not fit into 64 bits"),
        (r'"\ud800"', "surrogate"),
        (r'{"\udfff": 1}', "surrogate"),
        ('{"a": 1} {"b": 2}', "something follows the value"),
        ("{'a': 1}", "no JSON"),
        ("", "no JSON"),
        ('"a\nb"', "no JSON"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested deeper"),
        ("[" * 100_000, "nested deeper|no JSON"),
        ('{"a":' * 100_000, "nested deeper|no JSON"),
    ],
)
def test_what_would_change_in_silence_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        r'"\ud83d\ude00"',
        "9223372036854775807",
        "1e308",
        "0e-999",
        "0.0",
        "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        '"[[[[[["',
        '"NaN"',
    ],
    ids=[
        "surrogate pair",
        "largest int64",
        "large double",
        "zero",
        "zero",
        "as deep as allowed",
        "brackets in a text",
        "word",
    ],
)
def test_a_look_alike_passes(text: str) -> None:
    assert parse(text) == json.loads(text)


def test_brackets_inside_a_text_do_not_count_as_nesting() -> None:
    assert parse(json.dumps("[" * 1000)) == "[" * 1000


def test_depth_needs_no_recursion() -> None:
    value: object = 1
    for _ in range(sys.getrecursionlimit() * 2):
        value = [value]
    assert depth(value) == sys.getrecursionlimit() * 2
