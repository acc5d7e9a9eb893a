from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonpointer import resolve_pointer

from listen_datasets.metadata.shown import pointer, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("007", "007"),
        (5, "5"),
        (True, "true"),
        (None, "null"),
        (["é"], '["é"]'),
        ("a\nb", r"a\nb"),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_a_value_is_shown_on_one_line(value: object, text: str) -> None:
    assert shown(value).replace(r"\x0a", r"\n") == text


def test_a_long_value_is_cut_and_counted() -> None:
    assert shown("x" * 1000).startswith("x" * 200 + "…")
    assert "1,000" in shown("x" * 1000)


@given(st.text(), st.text())
def test_a_pointer_leads_to_the_value(outer: str, inner: str) -> None:
    assert resolve_pointer({outer: [{inner: "here"}]}, pointer(outer, 0, inner)) == "here"
