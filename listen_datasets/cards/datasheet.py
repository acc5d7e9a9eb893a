"""``dist/DATASHEET.md``: the 57 questions of "Datasheets for Datasets" (Gebru et al., CACM 2021).

``auto`` questions are answered from measurements; ``draft`` ones get a first version from them, marked as such until a
person confirms one; ``human`` ones have an answer only if a person gave it. Nothing is ever invented.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from listen_datasets.cards.drafts import DRAFTS
from listen_datasets.cards.facts import Facts
from listen_datasets.cards.markdown import paragraphs
from listen_datasets.cards.readme import NOT_ANSWERED
from listen_datasets.errors import RecipeError, UsageError
from listen_datasets.tables import schemas_folder

_LARGEST = 2**20


class Question(msgspec.Struct, frozen=True, rename={"question": "q", "source": "from"}):
    """One question.

    Attributes:
        id: Its name, such as ``col.consent``.
        question: In our words.
        answer: Who answers it.
        source: What an answer of ours is made from.
        people: Asked only if the data relates to people; recorded voices do.
    """

    id: str
    question: str
    answer: Literal["auto", "draft", "human"]
    source: str = ""
    people: bool = False


@functools.cache
def questions() -> Mapping[str, tuple[Question, ...]]:
    """Return the questions by section, in order."""
    text = (schemas_folder() / "datasheet_questions.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), dict[str, tuple[Question, ...]])


def datasheet(facts: Facts, answers: Mapping[str, str]) -> str:
    """Return the datasheet.

    Args:
        facts: What was measured.
        answers: What people have answered, by id.
    """
    blocks = [
        f"# Datasheet of {paragraphs(facts.title)}",
        "Questions after Gebru et al., Datasheets for Datasets (2021). An answer marked *measured* was computed by `lds` from"
        " the published files; one marked *draft* was made from measurements and nobody has confirmed it.",
    ]
    for section, asked in questions().items():
        blocks.append(f"## {section.capitalize()}")
        for question in asked:
            blocks += [f"### {question.question}?", f"<!-- {question.id} -->", _answer(question, facts, answers)]
    return "\n\n".join(blocks) + "\n"


def _answer(question: Question, facts: Facts, answers: Mapping[str, str]) -> str:
    if question.id in answers:
        return paragraphs(answers[question.id])
    if question.answer == "human":
        return NOT_ANSWERED
    mark = "measured" if question.answer == "auto" else "draft"
    return f"{DRAFTS[question.id](facts)}\n\n*({mark})*"


def read_answers(path: Path) -> dict[str, str]:
    """Read the file of answers: a YAML mapping of question id to text.

    Raises:
        RecipeError: It cannot be read, or answers a question that is not asked.
    """
    where = path.name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecipeError(
            f"the answers of the datasheet cannot be read: {error.strerror}", where=where, hint="see [card] datasheet"
        ) from error
    if len(data) > _LARGEST:
        raise RecipeError(f"{where} has {len(data):,} bytes; {_LARGEST:,} are allowed", where=where)
    try:
        found = yaml.load(data.decode(), Loader=_StrictLoader) or {}  # noqa: S506 - a SafeLoader
        answers = msgspec.convert(found, dict[str, str])
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise RecipeError(
            f"the answers of the datasheet are no mapping of question ids to text: {error}", where=where
        ) from error
    known = [question.id for asked in questions().values() for question in asked]
    for name in answers:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise RecipeError(
                f"no question is called {name!r}", where=where, hint=f"did you mean {near[0]}?" if near else None
            )
    return {name: text for name, text in answers.items() if text.strip()}


def check_required(required: Sequence[str], answers: Mapping[str, str]) -> None:
    """Refuse to go on while a question that the recipe requires has no answer.

    Raises:
        UsageError: Some have none; all of them are named.
    """
    by_id = {question.id: question for asked in questions().values() for question in asked}
    for name in required:
        if name not in by_id:
            near = difflib.get_close_matches(name, by_id, n=1)
            raise UsageError(
                f"no question is called {name!r}",
                where="[card] require",
                hint=f"did you mean {near[0]}?" if near else None,
            )
    missing = [name for name in required if name not in answers and by_id[name].answer != "auto"]
    if missing:
        raise UsageError(
            f"required questions of the datasheet are not answered: {', '.join(missing)}",
            where="[card] require",
            hint="answer them in the file that `datasheet` of [card] names",
        )


class _StrictLoader(yaml.SafeLoader):
    """YAML of plain values: no alias (they can grow without bound), no tag, no key twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - PyYAML's signature
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) is not None:
            raise yaml.YAMLError(f"tags are not allowed: {event.tag}")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: ANN401, FBT001, FBT002
        keys = [key.value for key, _ in node.value]
        doubled = {key for key in keys if keys.count(key) > 1}
        if doubled:
            raise yaml.YAMLError(f"key given twice: {sorted(doubled)[0]}")
        return super().construct_mapping(node, deep=deep)
