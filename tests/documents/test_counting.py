from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from listen_datasets.documents import counting
from listen_datasets.documents.facts import Period


def column(*values: Any) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


def test_totals_begin_with_the_most_frequent_and_end_ties_by_value() -> None:
    found = counting.totals(column("b", "a", None, "c", "a", "b"))
    assert list(found.items()) == [("a", 2), ("b", 2), ("c", 1), (None, 1)]


def test_no_value_counts_like_any_other() -> None:
    assert list(counting.totals(column("a", None, None, "b"))) == [None, "a", "b"]


def test_numbers_are_ordered_as_numbers() -> None:
    assert list(counting.totals(column(16_000, 8_000, 44_100))) == ["8000", "16000", "44100"]


def test_quantiles_are_those_of_numpy() -> None:
    values = np.random.default_rng(1).normal(size=101)
    found = counting.quantity(pa.table({"x": [None, *values.tolist()]}), "x", "dB")
    assert found.clips == 101
    assert found.quantiles == pytest.approx(np.quantile(values, [0, 0.05, 0.5, 0.95, 1]))


def test_a_column_of_nothing_has_no_quantiles() -> None:
    found = counting.quantity(pa.table({"x": pa.nulls(3, pa.float64())}), "x", "dB")
    assert (found.clips, found.quantiles) == (0, None)


@pytest.mark.parametrize(
    ("text", "emails", "telephones"),
    [
        ("write to ada.b+c@mail.example.org.", 1, 0),
        ("call +44 (0)20 7946 0018", 0, 1),
        ("+1-202-555-0143", 0, 1),
        ("a @ b, 3+4, 2024-01-01, user@localhost", 0, 0),
        ("+12", 0, 0),
    ],
)
def test_signs_of_personal_data_are_counted(text: str, emails: int, telephones: int) -> None:
    found = counting.personal(pa.table({"note": [text, None]}))
    assert (found.emails, found.telephones) == (emails, telephones)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("speaker_id", True), ("Age", True), ("gps-lat", True), ("language", False), ("stage", False), ("image", False)],
)
def test_columns_about_people_are_known_by_the_words_of_their_names(name: str, expected: bool) -> None:  # noqa: FBT001
    assert (counting.personal(pa.table({name: ["x"]})).columns == (name,)) is expected


def test_links_are_counted() -> None:
    table = pa.table({"url": ["https://x.org/a", "HTTP://y.org", "see https://x.org", None], "n": [1, 2, 3, 4]})
    assert counting.links(table) == 2


def test_periods_come_from_columns_named_after_dates() -> None:
    table = pa.table(
        {
            "recorded_date": ["2023-05-01", "2022-12-31T10:00:00Z", "unknown", None],
            "year": [1999, 2001, None, 2000],
            "note": ["2020-01-01"] * 4,
            "date": ["yesterday"] * 4,
        }
    )
    assert list(counting.periods(table)) == [
        Period(column="recorded_date", clips=2, first="2022-12-31T10:00:00Z", last="2023-05-01"),
        Period(column="year", clips=3, first="1999", last="2001"),
    ]
