from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.keepers import Link, chosen, rank, together
from listen_datasets.recipe import Dedup

GOOD: dict[str, Any] = {
    "clip_id": "x", "source": "s", "path": "b.wav", "start": 0.0, "num_samples": 100, "duration": 5.0, "filled": 2,
    "leading_silence": 0.0, "trailing_silence": 0.0, "bits_per_sample": 16, "sample_rate": 44_100, "metadata_line": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    "worse",
    [
        {"bits_per_sample": None},
        {"duration": 4.0},
        {"trailing_silence": 1.0},
        {"sample_rate": 16_000},
        {"metadata_line": None},
        {"filled": 1},
        {"path": "c.wav"},
    ],
    ids=str,
)
def test_what_is_worth_less_stands_behind(worse: dict[str, Any]) -> None:
    assert rank(GOOD, Dedup().keep) < rank(GOOD | worse, Dedup().keep)


def test_the_rules_count_in_their_order() -> None:
    short, lossy = GOOD | {"duration": 4.0}, GOOD | {"bits_per_sample": None}
    assert rank(short, ("lossless", "longer")) < rank(lossy, ("lossless", "longer"))
    assert rank(lossy, ("longer", "lossless")) < rank(short, ("longer", "lossless"))


def test_of_copies_the_first_is_kept() -> None:
    assert chosen(3, [Link(0, 2), Link(2, 1)], 0.8) == [0, 0, 0]


def test_a_whole_is_kept_before_its_part_wherever_it_stands() -> None:
    assert chosen(2, [Link(0, 1, of_first=1.0, of_second=0.3)], 0.8) == [1, 1]


def test_a_part_of_a_part_goes_for_the_whole() -> None:
    links = [Link(0, 1, of_first=1.0, of_second=0.3), Link(1, 2, of_first=0.9, of_second=0.1)]
    assert chosen(3, links, 0.8) == [2, 2, 2]


def test_two_wholes_of_one_part_are_both_kept() -> None:
    links = [Link(0, 1, of_first=0.2, of_second=1.0), Link(1, 2, of_first=1.0, of_second=0.2)]
    assert chosen(3, links, 0.8) == [0, 0, 2]
    assert len(set(together(3, links))) == 1


SHARES = st.sampled_from([0.1, 0.5, 0.8, 1.0])


@given(st.integers(1, 8), st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), SHARES, SHARES), max_size=14))
def test_what_goes_is_held_by_what_is_kept(size: int, drawn: list[tuple[int, int, float, float]]) -> None:
    links = [Link(*one) for one in drawn if one[0] != one[1] and max(one[:2]) < size]
    kept = chosen(size, links, 0.8)
    assert [kept[clip] for clip in kept] == kept
    holders: dict[int, set[int]] = {clip: set() for clip in range(size)}
    for link in links:
        if link.of_first >= 0.8:
            holders[link.first].add(link.second)
        if link.of_second >= 0.8:
            holders[link.second].add(link.first)
    for clip in range(size):
        reached, new = {clip}, {clip}
        while new:
            new = {other for one in new for other in holders[one]} - reached
            reached |= new
        assert kept[clip] in reached
        # A clip that is kept is held by nobody who does not go for it.
        assert kept[clip] != clip or all(kept[other] == clip for other in reached)
