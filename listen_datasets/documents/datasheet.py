"""``DATASHEET.md``: every question in order, with what was measured and what people have answered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from listen_datasets.documents import pages, questions
from listen_datasets.documents.facts import Facts
from listen_datasets.documents.markdown import NOT_ANSWERED, Markdown, blocks, prose
from listen_datasets.documents.measured import ANSWERS
from listen_datasets.documents.questions import Question

TEMPLATE = "DATASHEET.md.jinja"
HEADING = re.compile(r"^### ([a-z]{3}\.[a-z]+): ", re.MULTILINE)
"""How a question begins; its id is the first group."""

_DRAFT = Markdown("*Draft, made from measurements; nobody has confirmed it.*")
_MEASURED = Markdown("*Measured.*")


@dataclass(frozen=True)
class Answered:
    """A question and what stands below it.

    Attributes:
        question: The question.
        text: The answer as Markdown; "Not answered." if there is none.
    """

    question: Question
    text: Markdown


def answered(facts: Facts, answers: Mapping[str, str]) -> dict[str, Answered]:
    """Merge measurements and the words of people, by the ids of all questions in order."""
    return {name: _answered(question, facts, answers.get(name)) for name, question in questions.by_id().items()}


def datasheet(facts: Facts, answers: Mapping[str, str]) -> str:
    """Return the page.

    Args:
        facts: What was measured.
        answers: What people have answered, by id.
    """
    merged = answered(facts, answers)
    sections = [
        (title.capitalize(), [merged[question.id] for question in section])
        for title, section in questions.sections().items()
    ]
    return pages.render(
        TEMPLATE,
        facts=facts,
        sections=sections,
        tally=tally(facts, answers),
        total=len(merged),
    )


def tally(facts: Facts, answers: Mapping[str, str]) -> dict[str, int]:
    """Count the questions by who has answered: ``measured``, ``people``, ``draft`` (nobody confirmed it) or ``open``."""
    counts = Counter(_kind(item, answers) for item in answered(facts, answers).values())
    return {kind: counts[kind] for kind in ("measured", "people", "draft", "open")}


def _answered(question: Question, facts: Facts, said: str | None) -> Answered:
    human = prose(said) if said else Markdown()
    if question.by == "human" or (question.by == "draft" and said):
        return Answered(question, human or NOT_ANSWERED)
    measured = ANSWERS[question.id](facts)
    if question.by == "auto":
        return Answered(question, blocks(_MEASURED, measured, human))
    return Answered(question, blocks(_DRAFT, measured) if measured else NOT_ANSWERED)


def _kind(item: Answered, answers: Mapping[str, str]) -> str:
    if item.question.by == "auto":
        return "measured"
    if item.question.id in answers:
        return "people"
    return "open" if item.text == NOT_ANSWERED else "draft"
