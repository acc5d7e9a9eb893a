from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.spans import SLACK_SECONDS, Samples, Span, name, resolve


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(0.0), Samples(0, 8000)),
        (Span(0.25, 0.5), Samples(2000, 2000)),
        (Span(0.5), Samples(4000, 4000)),
        (Span(0.9, 1.0), Samples(7200, 800)),
        (Span(0.9, 1.005), Samples(7200, 800, is_cut=True)),
        (Span(0.9, 1.02), "outside"),
        (Span(1.0, 1.001), "outside"),
        (Span(7.0, 8.0), "outside"),
        (Span(0.5, 0.50001), "empty"),
    ],
    ids=["all", "inside", "to the end", "the end", "a little over", "over", "behind", "far behind", "no sample"],
)
def test_times_become_samples(span: Span, expected: object) -> None:
    assert resolve(span, 8000, 8000) == expected


@given(st.floats(0, 20), st.floats(0.001, 20), st.integers(1000, 192_000), st.integers(1, 1_000_000))
def test_samples_lie_in_the_recording_and_near_the_times(start: float, length: float, rate: int, total: int) -> None:
    samples = resolve(Span(start, start + length), rate, total)

    if isinstance(samples, Samples):
        assert 0 <= samples.first < samples.first + samples.num_samples <= total
        assert abs(samples.first / rate - start) <= 0.5 / rate + 1e-9
        assert abs((samples.first + samples.num_samples) / rate - (start + length)) <= 1 / rate + SLACK_SECONDS


def test_ends_that_touch_share_no_sample_and_miss_none() -> None:
    times = [0.0, 0.333, 0.6667, 1.0]

    pieces = [resolve(Span(start, end), 44_100, 44_100) for start, end in itertools.pairwise(times)]

    ends = [0]
    for piece in pieces:
        assert isinstance(piece, Samples)
        assert piece.first == ends[-1]
        ends.append(piece.first + piece.num_samples)
    assert ends[-1] == 44_100


def test_a_span_is_named_after_its_samples() -> None:
    assert name("ab-1", Samples(5, 7)) == "ab-1_5_7"
