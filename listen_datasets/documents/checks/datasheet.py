"""The datasheet: every question once, in order, each with an answer or the words that there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from listen_datasets.documents import questions
from listen_datasets.documents.datasheet import HEADING
from listen_datasets.documents.exhibits import splits
from listen_datasets.documents.facts import Facts
from listen_datasets.documents.markdown import NOT_ANSWERED, prose


def datasheet_problems(text: str, facts: Facts, answers: Mapping[str, str]) -> list[str]:
    """Return what is wrong with a datasheet.

    Args:
        text: The page.
        facts: What it should state.
        answers: What people have answered, by id.
    """
    parts = HEADING.split(text)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    return [*_order(parts[1::2]), *_answers(found, answers), *_counts(found, facts)]


def _order(ids: list[str]) -> Iterator[str]:
    expected = list(questions.by_id())
    counts = Counter(ids)
    for name in expected:
        if counts[name] != 1:
            yield f"the question {name} stands there {counts[name]} times"
    for name in sorted(counts.keys() - set(expected)):
        yield f"there is no question {name}"
    if list(dict.fromkeys(ids)) != expected and set(ids) == set(expected):
        yield "the questions are not in order"


def _answers(found: Mapping[str, str], answers: Mapping[str, str]) -> Iterator[str]:
    for name, body in found.items():
        said = answers.get(name)
        if said is not None and prose(said) not in body:
            yield f"the answer to {name} is not the one that was given"
        question = questions.by_id().get(name)
        if question is None or said is not None:
            continue
        if question.by == "human" and NOT_ANSWERED not in body:
            yield f"nobody has answered {name}, yet there is an answer"
        if question.by == "auto" and NOT_ANSWERED in body:
            yield f"the measured answer to {name} is missing"


def _counts(found: Mapping[str, str], facts: Facts) -> Iterator[str]:
    if "com.count" in found and splits(facts) not in found["com.count"]:
        yield "the counts of com.count are not those of the shards"
