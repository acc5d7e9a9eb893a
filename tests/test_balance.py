from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from listen_datasets.balance import Balance, said, total_seconds

# Of 10 clips train has 3 dogs and 4 of nothing, test has 3 of nothing.
UNEVEN = Balance(
    ratios={"train": 0.8, "test": 0.2},
    clips=[7, 3],
    counts=np.array([[4, 3], [3, 0]]),
    seconds=[7.5, 3.0],
    strata=[{"label": None}, {"label": "dog"}],
)


def test_shares_are_what_was_wanted_and_got() -> None:
    assert UNEVEN.shares() == {
        "train": {"wanted": 0.8, "got": 0.7, "clips": 7, "seconds": 7.5},
        "test": {"wanted": 0.2, "got": 0.3, "clips": 3, "seconds": 3.0},
    }


def test_proportions_are_those_inside_each_split() -> None:
    nothing, dog = UNEVEN.proportions()
    assert nothing == {"stratum": {"label": None}, "clips": 7, "wanted": 0.7, "got": {"train": 0.571429, "test": 1.0}}
    assert dog == {"stratum": {"label": "dog"}, "clips": 3, "wanted": 0.3, "got": {"train": 0.428571, "test": 0.0}}


def test_the_worst_is_the_one_farthest_off() -> None:
    assert UNEVEN.worst() == {"stratum": {"label": None}, "split": "test", "wanted": 0.7, "got": 1.0}


def test_without_strata_there_is_no_worst() -> None:
    plain = Balance(ratios={"train": 1.0}, clips=[3], seconds=[1.0])
    assert (plain.worst(), plain.proportions(), list(plain.findings(""))) == (None, [], [])


def test_findings_name_shares_and_strata_with_their_numbers() -> None:
    found = [(finding.code, finding.value, finding.evidence) for finding in UNEVEN.findings("one group is large")]
    assert found == [
        ("split.ratio_off", "train", {"wanted": 0.8, "got": 0.7, "clips": 7}),
        ("split.ratio_off", "test", {"wanted": 0.2, "got": 0.3, "clips": 3}),
        ("split.label_missing", "dog", {"clips": 3, "splits_without": "test"}),
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"label": "dog"}, "label = dog"),
        ({"label": None, "site": 3}, "label empty, site = 3"),
        ({"label": "a\x1b[31m"}, "label = a\\x1b[31m"),
    ],
)
def test_values_are_said_in_words_that_no_terminal_obeys(values: dict[str, Any], expected: str) -> None:
    assert said(values) == expected


def test_seconds_do_not_depend_on_the_order_of_the_clips() -> None:
    durations = np.array([1e16, 1.0, -1e16, 0.1] * 3)
    split = np.zeros(12, dtype=np.int64)
    assert total_seconds(durations, split, 2) == total_seconds(np.sort(durations), split, 2) == [3.3, 0.0]
