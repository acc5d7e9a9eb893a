from __future__ import annotations

from collections import Counter

import pytest

from listen_datasets.documents import questions
from listen_datasets.errors import RecipeError, UsageError


def test_there_are_57_questions_in_7_sections() -> None:
    assert [len(section) for section in questions.sections().values()] == [4, 16, 12, 4, 6, 7, 8]
    assert Counter(question.by for question in questions.by_id().values()) == {"human": 29, "draft": 20, "auto": 8}
    assert sum(question.people for question in questions.by_id().values()) == 9


def test_answers_come_in_the_order_of_the_questions_without_empty_ones() -> None:
    data = b"mai.who: We do.\ncom.offensive: no\nmot.purpose: |\n  For tests.\ncol.consent:\nuse.not: ' '\n"
    found = questions.parse_answers(data, where="datasheet.yaml")
    assert list(found.items()) == [("mot.purpose", "For tests."), ("com.offensive", "no"), ("mai.who", "We do.")]


def test_an_empty_file_answers_nothing() -> None:
    assert questions.parse_answers(b"# nothing yet\n", where="x") == {}


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b"col.consnet: yes", "has no question 'col.consnet'", "did you mean col.consent"),
        (b"zzz: yes", "has no question 'zzz'", "DATASHEET.md"),
        (b"mot.purpose: [a, b]", "answer to mot.purpose is not one text", "quotes"),
        (b"- mot.purpose", "no table of ids", "col.consent: text"),
        (b"mot.purpose: a\nmot.purpose: b", "line 2: the key", None),
        (b"mot.purpose: &a b", "anchor", None),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(data: bytes, message: str, hint: str | None) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        questions.parse_answers(data, where="datasheet.yaml")
    assert caught.value.where == "datasheet.yaml"
    assert (hint or "") in (caught.value.hint or "")


def test_all_missing_answers_are_named() -> None:
    with pytest.raises(UsageError, match=r"does not answer mot\.purpose, com\.missing$"):
        questions.check_required(["mot.purpose", "com.missing", "mai.who", "com.count"], {"mai.who": "We."})


def test_a_draft_counts_once_a_person_has_put_it_into_words() -> None:
    questions.check_required(["com.missing"], {"com.missing": "Nothing."})


def test_a_required_question_must_exist() -> None:
    with pytest.raises(RecipeError, match=r"'mot\.purpos'"):
        questions.check_required(["mot.purpos"], {})
