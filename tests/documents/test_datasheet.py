from __future__ import annotations

import re
from dataclasses import replace

import msgspec
import pytest

from listen_datasets.documents import checks, datasheet, questions
from listen_datasets.documents.facts import Facts
from listen_datasets.documents.measured import ANSWERS

ANSWERED = {"mot.purpose": "For *tests*.", "com.missing": "All is there.", "com.count": "More will follow."}


def parts(page: str) -> dict[str, str]:
    found = datasheet.HEADING.split(page)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_every_question_stands_there_once_and_in_order(facts: Facts) -> None:
    assert list(parts(datasheet.datasheet(facts, {}))) == list(questions.by_id())


def test_measurements_answer_exactly_the_questions_that_they_can() -> None:
    assert list(ANSWERS) == [name for name, question in questions.by_id().items() if question.by != "human"]


def test_what_nobody_has_answered_says_so(facts: Facts) -> None:
    found = parts(datasheet.datasheet(facts, {}))
    for name, question in questions.by_id().items():
        if question.by == "human":
            assert found[name].count("Not answered.") == 1


def test_a_persons_answer_is_printed_as_it_is(facts: Facts) -> None:
    found = parts(datasheet.datasheet(facts, ANSWERED))
    assert r"For \*tests\*." in found["mot.purpose"]
    assert "Not answered" not in found["mot.purpose"]


def test_a_draft_says_that_it_is_one_until_a_person_answers(facts: Facts) -> None:
    draft = parts(datasheet.datasheet(facts, {}))["com.missing"]
    assert "*Draft, made from measurements; nobody has confirmed it.*" in draft
    answered = parts(datasheet.datasheet(facts, ANSWERED))["com.missing"]
    assert "Draft" not in answered
    assert "All is there." in answered


def test_a_measured_answer_stays_when_a_person_adds_something(facts: Facts) -> None:
    found = parts(datasheet.datasheet(facts, ANSWERED))["com.count"]
    assert "*Measured.*\n\n6 clips, 24.0 s of sound." in found
    assert found.rstrip().endswith("More will follow.")


@pytest.mark.parametrize("name", ["mot.creator", "dis.when", "mai.contact"])
def test_a_draft_without_anything_to_say_is_not_answered(facts: Facts, name: str) -> None:
    silent = replace(facts, about=msgspec.structs.replace(facts.about, authors=(), published=None, contact=None))
    assert "Not answered." in parts(datasheet.datasheet(silent, {}))[name]
    assert "Draft" not in parts(datasheet.datasheet(silent, {}))[name]


def test_the_tally_sums_to_all_questions(facts: Facts) -> None:
    found = datasheet.tally(facts, ANSWERED)
    assert found["measured"] == 8
    assert found["people"] == 2
    assert sum(found.values()) == 57
    page = datasheet.datasheet(facts, ANSWERED)
    assert f"Of 57 questions 8 are answered by measurement and 2 by people; {found['draft']} have a draft" in page


def test_questions_about_people_say_why_they_are_asked(facts: Facts) -> None:
    found = parts(datasheet.datasheet(facts, {}))
    asked = [name for name, body in found.items() if "a recorded voice does" in body]
    assert asked == [name for name, question in questions.by_id().items() if question.people]


def test_numbers_of_the_ledger_and_the_shards_stand_in_the_answers(facts: Facts) -> None:
    found = parts(datasheet.datasheet(facts, {}))
    assert "| `train` | 4 | 66.7 % | 4 | 12.0 s | 1 |" in found["com.count"]
    assert "| `speaker` | group | 4 | 1 | 1 | 6 | 0 | 0 |" in found["com.splits"]
    assert "| `loudness_lufs` | 6 | 100.0 % | lds |" in found["com.missing"]
    assert "| kept | 6 |" in found["com.errors"]
    assert "`min-duration = 0.5`" in found["pre.done"]
    assert "[`CC-BY-4.0`](https://spdx.org/licenses/CC-BY-4.0.html) | 6 | 100.0 %" in found["dis.licence"]
    assert "not legal advice" in found["dis.licence"]
    assert "`pyarrow` `26.0.1`" in found["pre.software"]
    assert "Ada Example, Example Lab" in found["mot.creator"]
    assert "2024-02-29" in found["dis.when"]


def test_the_page_has_no_empty_table_and_ends_with_one_newline(facts: Facts) -> None:
    page = datasheet.datasheet(facts, {})
    assert not re.search(r"\| --- \|\n(?!\|)", page)
    assert "\n\n\n" not in page
    assert page.endswith("Not answered.\n")


def test_it_passes_its_own_check(facts: Facts) -> None:
    assert checks.datasheet_problems(datasheet.datasheet(facts, ANSWERED), facts, ANSWERED) == []
