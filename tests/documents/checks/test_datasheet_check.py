from __future__ import annotations

import re
from dataclasses import replace

import pytest

from listen_datasets.documents.checks import datasheet_problems
from listen_datasets.documents.datasheet import datasheet
from listen_datasets.documents.facts import Facts

ANSWERS = {"mot.purpose": "For tests.", "com.missing": "Nothing is."}


@pytest.fixture
def page(facts: Facts) -> str:
    return datasheet(facts, ANSWERS)


def question(page: str, name: str) -> str:
    """Return a question with its answer."""
    found = re.search(rf"^### {re.escape(name)}: .*?(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0]


def test_our_own_datasheet_is_right(facts: Facts, page: str) -> None:
    assert datasheet_problems(page, facts, ANSWERS) == []


def test_a_question_that_is_left_out_is_noticed(facts: Facts, page: str) -> None:
    found = datasheet_problems(page.replace(question(page, "col.consent"), ""), facts, ANSWERS)
    assert found == ["the question col.consent stands there 0 times"]


def test_a_question_that_stands_there_twice_is_noticed(facts: Facts, page: str) -> None:
    found = datasheet_problems(page + "\n" + question(page, "col.consent"), facts, ANSWERS)
    assert "the question col.consent stands there 2 times" in found


def test_a_question_of_ones_own_is_noticed(facts: Facts, page: str) -> None:
    found = datasheet_problems(page + "\n### mai.never: What?\n\nNot answered.\n", facts, ANSWERS)
    assert found == ["there is no question mai.never"]


def test_another_order_is_noticed(facts: Facts, page: str) -> None:
    moved = question(page, "mot.funding")
    assert datasheet_problems(page.replace(moved, "") + "\n" + moved, facts, ANSWERS) == [
        "the questions are not in order"
    ]


def test_an_answer_that_nobody_gave_is_noticed(facts: Facts, page: str) -> None:
    told = question(page, "col.consent")
    found = datasheet_problems(page.replace(told, told.replace("Not answered.", "Yes, all of them.")), facts, ANSWERS)
    assert found == ["nobody has answered col.consent, yet there is an answer"]


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answer_in_other_words_is_noticed(facts: Facts, page: str, name: str) -> None:
    told = question(page, name)
    found = datasheet_problems(page.replace(told, told.replace(ANSWERS[name], "Else.")), facts, ANSWERS)
    assert found == [f"the answer to {name} is not the one that was given"]


def test_a_measured_answer_that_is_missing_is_noticed(facts: Facts, page: str) -> None:
    told = question(page, "com.label")
    bare = told.split("\n")[0] + "\n\nNot answered.\n\n"
    assert datasheet_problems(page.replace(told, bare), facts, ANSWERS) == [
        "the measured answer to com.label is missing"
    ]


def test_other_counts_than_those_of_the_shards_are_noticed(facts: Facts, page: str) -> None:
    fewer = replace(facts, splits=facts.splits[:2])
    assert datasheet_problems(page, fewer, ANSWERS) == ["the counts of com.count are not those of the shards"]
