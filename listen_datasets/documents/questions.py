"""The questions of the datasheet, and the answers that people have given to them.

Questions: "Datasheets for Datasets" (Gebru et al., https://arxiv.org/abs/1803.09010), in our own words, in
``schemas/datasheet_questions.yaml``.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from listen_datasets import tables
from listen_datasets.documents import strict_yaml
from listen_datasets.errors import InternalError, RecipeError, UsageError
from listen_datasets.text import visible

By = Literal["auto", "draft", "human"]

FILE = "datasheet_questions.yaml"
MAX_BYTES = strict_yaml.MAX_BYTES
"""Largest file of answers."""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question of the datasheet.

    Attributes:
        id: Its name, such as ``col.consent``.
        text: The question.
        by: Who answers: ``auto`` (measured), ``draft`` (measured, and a person confirms or rewrites it) or ``human``.
        origin: What a measured answer is made from.
        people: Asked because the data relates to people, as any recorded voice does.
    """

    id: str
    text: str = msgspec.field(name="q")
    by: By = msgspec.field(name="answer")
    origin: str = msgspec.field(name="from", default="")
    people: bool = False


@functools.cache
def sections() -> Mapping[str, tuple[Question, ...]]:
    """Return the questions of each section, in order."""
    data = (tables.schemas_folder() / FILE).read_bytes()
    try:
        return msgspec.convert(strict_yaml.load(data), dict[str, tuple[Question, ...]], strict=False)
    except (ValueError, msgspec.ValidationError) as error:
        raise InternalError(f"the questions of the datasheet cannot be read: {error}", where=FILE) from error


@functools.cache
def by_id() -> Mapping[str, Question]:
    """Return all questions by their ids, in order."""
    return {question.id: question for section in sections().values() for question in section}


def parse_answers(data: bytes, *, where: str) -> dict[str, str]:
    """Read the answers of people: a YAML file with one text a question; an empty value is no answer.

    Args:
        data: The file.
        where: How errors call it.

    Raises:
        RecipeError: The file cannot be used; the line or the id is named.
    """
    try:
        document = strict_yaml.load(data)
    except ValueError as error:
        raise RecipeError(f"the datasheet cannot be read: {error}", where=where) from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise RecipeError("the datasheet is no table of ids and answers", where=where, hint='write "col.consent: text"')
    check_ids(document, where=where)
    for name, answer in document.items():
        if not isinstance(answer, str | None):
            hint = "put it in quotes, or below the id with | and two spaces before each line"
            raise RecipeError(f"the answer to {name} is not one text", where=where, hint=hint)
    return {name: document[name].strip() for name in by_id() if (document.get(name) or "").strip()}


def check_ids(names: Iterable[str], *, where: str) -> None:
    """Refuse ids of questions that do not exist.

    Raises:
        RecipeError: One does not; the nearest is named.
    """
    for name in names:
        if name not in by_id():
            near = difflib.get_close_matches(name, by_id(), n=1)
            hint = f"did you mean {near[0]}?" if near else "the ids stand in DATASHEET.md, before each question"
            raise RecipeError(f"the datasheet has no question {visible(name, 80)!r}", where=where, hint=hint)


def check_required(required: Iterable[str], answers: Mapping[str, str]) -> None:
    """Refuse a datasheet in which a required question has no answer of its kind.

    Questions that are measured are answered always; a draft counts when a person has put it into words.

    Raises:
        RecipeError: A required id does not exist.
        UsageError: Required questions have no answer; all of them are named.
    """
    names = list(dict.fromkeys(required))
    check_ids(names, where="[card] require")
    missing = [name for name in names if name not in answers and by_id()[name].by != "auto"]
    if missing:
        raise UsageError(
            f"the datasheet does not answer {', '.join(missing)}",
            where="[card] require",
            hint=f"answer in the file that `datasheet` in [card] names, such as `{missing[0]}: ...`",
        )
