from __future__ import annotations

import pyarrow as pa
import pytest

from listen_datasets.placeholders import is_placeholder


def judged(text: str | None) -> bool:
    (result,) = is_placeholder(pa.chunked_array([pa.array([text], pa.string())])).to_pylist()
    return bool(result)


@pytest.mark.parametrize("text", ["NaN", " n/a", "<unk>", "...", "-", "?!", "\u2026", "[Transcript]"])
def test_what_says_nothing_is_a_placeholder(text: str) -> None:
    assert judged(text)


@pytest.mark.parametrize(
    "text",
    ["null", "none", "a", "7", "\u4f60", "\u0939\u093f", "\u266a", "[noise]", "<laugh>", "yes...", "", " ", None],
)
def test_what_says_something_or_is_blank_is_none(text: str | None) -> None:
    assert not judged(text)
