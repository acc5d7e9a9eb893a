from __future__ import annotations

import doctest

import pytest

from listen_datasets.errors import RecipeError
from listen_datasets.stores import braces
from listen_datasets.stores.braces import expanded


def test_examples_run() -> None:
    assert doctest.testmod(braces).failed == 0


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.tar", ["a.tar"]),
        ("s-{8..11}.tar", ["s-8.tar", "s-9.tar", "s-10.tar", "s-11.tar"]),
        ("s-{008..010}.tar", ["s-008.tar", "s-009.tar", "s-010.tar"]),
        ("{a,b}/{0..1}.tar", ["a/0.tar", "a/1.tar", "b/0.tar", "b/1.tar"]),
        ("a{.tar", ["a{.tar"]),
        ("{3..3}", ["3"]),
    ],
)
def test_pattern_stands_for_names(pattern: str, names: list[str]) -> None:
    assert expanded(pattern) == names


@pytest.mark.parametrize("pattern", ["{5..3}", "{0..999999999}", "{0..999}-{0..999}"])
def test_pattern_that_runs_backwards_or_away_is_refused(pattern: str) -> None:
    with pytest.raises(RecipeError):
        expanded(pattern)
