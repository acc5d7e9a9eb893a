from __future__ import annotations

import pytest

from listen_datasets.documents import questions, rai
from listen_datasets.documents.facts import Facts


def test_without_answers_only_what_was_done_is_said(facts: Facts) -> None:
    found = rai.keys(facts, {})
    assert list(found) == ["rai:dataPreprocessingProtocol"]
    assert found["rai:dataPreprocessingProtocol"][0] == "ingest (version 1, lds 0.1.0): 6 of 6 inputs kept"


def test_answers_fill_the_keys_that_they_are_about(facts: Facts) -> None:
    answers = {"com.missing": "A.", "use.not": "B.", "com.errors": "C.", "col.mechanism": "D.", "col.acquired": "E."}
    found = rai.keys(facts, answers)
    assert found["rai:dataCollectionMissingData"] == "A."
    assert found["rai:dataLimitations"] == ["C.", "B."]
    assert found["rai:dataCollection"] == "E.\n\nD."


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("2023-01-01/2023-12-31", ["2023-01-01", "2023-12-31"]),
        ("2023-01-01", ["2023-01-01"]),
        ("In spring 2023.", None),
        ("From 2023-01-01 on.", None),
    ],
)
def test_a_timeframe_is_given_only_as_dates(facts: Facts, answer: str, expected: list[str] | None) -> None:
    assert rai.keys(facts, {"col.timeframe": answer}).get(rai.TIMEFRAME) == expected


def test_the_keys_are_made_of_questions_that_exist() -> None:
    used = {name for ids in (*rai.ONE_TEXT.values(), *rai.TEXTS.values()) for name in ids}
    assert used <= set(questions.by_id())
