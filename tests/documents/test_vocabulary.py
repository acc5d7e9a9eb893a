from __future__ import annotations

import pytest

from listen_datasets.documents import vocabulary


@pytest.mark.parametrize(
    ("clips", "expected"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1_000, "1K<n<10K"),
        (9_999, "1K<n<10K"),
        (10_000, "10K<n<100K"),
        (1_000_000, "1M<n<10M"),
        (10**12 - 1, "100B<n<1T"),
        (10**12, "n>1T"),
    ],
)
def test_a_lower_bound_belongs_to_its_category(clips: int, expected: str) -> None:
    assert vocabulary.size_category(clips) == expected


def test_the_words_are_those_of_the_hub() -> None:
    assert len(vocabulary.TASK_CATEGORIES) == 57
    found = list(vocabulary.SIZE_CATEGORIES)
    assert found[:4] == ["n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M"]
    assert found[4:8] == ["1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B"]
    assert found[8:] == ["10B<n<100B", "100B<n<1T", "n>1T", "other"]
