"""What is wrong with one value of a row, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Scalar

_CITED = 80  # characters of a value inside a sentence
_LISTED = 10  # allowed values that a sentence lists
_COMPARED = 100  # columns among which a missing one is looked for


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One way in which a row breaks the schema.

    Attributes:
        index: The row, as it was numbered by the caller.
        pointer: JSON Pointer to the value in the row; to where it should be, if it is missing.
        keyword: The keyword of JSON Schema that it breaks, such as ``enum``.
        value: The value as visible text, cut; None if it is missing.
        message: One sentence with what was seen and what was expected.
        expected: What stands under the keyword: a number, a truth value or a text as it is, anything else as JSON, cut.
            None if nothing does, as for a missing value.
        hint: What to try, if that can be told.
    """

    index: int
    pointer: str
    keyword: str
    value: str | None
    message: str
    expected: Scalar | None = None
    hint: str | None = None


@dataclass(frozen=True)
class Broken:
    """A keyword that a value breaks, as an engine reports it.

    Attributes:
        path: Names and positions that lead to the value.
        keyword: The keyword.
        expected: What stands under the keyword.
        value: The value; for a missing one, the object in which it is missing.
    """

    path: tuple[str | int, ...]
    keyword: str
    expected: Any
    value: Any


_SENTENCES = {
    "const": "{value} is not {expected}.",
    "contains": "No item of {value} is one that the schema asks for.",
    "exclusiveMaximum": "{value} is not below {expected}.",
    "exclusiveMinimum": "{value} is not above {expected}.",
    "falseSchema": "{value} stands where the schema allows no value.",
    "format": "{value} is no valid {expected}.",
    "maximum": "{value} is above {expected}.",
    "maxItems": "{value} has more than {expected} items.",
    "maxLength": "{value} has more than {expected} characters.",
    "maxProperties": "{value} has more than {expected} entries.",
    "minimum": "{value} is below {expected}.",
    "minItems": "{value} has fewer than {expected} items.",
    "minLength": "{value} has fewer than {expected} characters.",
    "minProperties": "{value} has fewer than {expected} entries.",
    "multipleOf": "{value} is no multiple of {expected}.",
    "not": "{value} is what the schema excludes.",
    "oneOf": "{value} fits none, or more than one, of the alternatives.",
    "anyOf": "{value} fits none of the alternatives.",
    "pattern": "{value} does not match the pattern {expected}.",
    "uniqueItems": "{value} holds an item twice.",
    "unevaluatedItems": "{value} has items that the schema does not know.",
}
_UNKNOWN = frozenset({"additionalProperties", "unevaluatedProperties"})
_MISSING = frozenset({"required", "dependentRequired"})


class Wording:
    """Puts what a schema's rows break into words.

    Args:
        known: The names of the columns that the schema names.
    """

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        # By identity: what stands under `enum` may be long, and is the same object in every report.
        self._spellings: dict[int, Spellings] = {}
        self._expected: dict[int, str] = {}

    def violation(self, index: int, broken: Broken) -> Violation:
        """Return the violation of a row; ``broken.expected`` must live as long as this object."""
        return Violation(
            index=index,
            pointer=pointer(*broken.path),
            keyword=broken.keyword,
            value=None if broken.keyword in _MISSING else shown(broken.value),
            message=_message(broken),
            expected=self._told(broken),
            hint=self._hint(broken),
        )

    def _told(self, broken: Broken) -> Scalar | None:
        expected = broken.expected
        if broken.keyword == "type":
            return " or ".join(map(str, _types(expected)))
        if not isinstance(expected, list | dict):
            return shown(expected) if isinstance(expected, str) else expected
        if id(expected) not in self._expected:
            self._expected[id(expected)] = shown(expected)
        return self._expected[id(expected)]

    def _hint(self, broken: Broken) -> str | None:
        if broken.keyword == "type":
            return _hint_of_text(broken.value, _types(broken.expected)) if isinstance(broken.value, str) else None
        nearest = None
        if broken.keyword == "enum" and isinstance(broken.value, str):
            nearest = self._among(broken.expected).nearest(broken.value)
        elif broken.keyword in _UNKNOWN and len(broken.path) == 1:
            nearest = self._among(self._known).nearest(str(broken.path[0]))
        elif broken.keyword in _MISSING and len(broken.path) == 1 and isinstance(broken.value, Mapping):
            strangers = sorted(broken.value.keys() - set(self._known))
            nearest = Spellings(strangers[:_COMPARED]).nearest(str(broken.path[0]))
        return None if nearest is None else f"did you mean {_cited(nearest)}?"

    def _among(self, words: Collection[object]) -> Spellings:
        if id(words) not in self._spellings:
            self._spellings[id(words)] = Spellings(words)
        return self._spellings[id(words)]


class Spellings:
    """Finds the word that another one misspells, in time that does not depend on how many words there are.

    Two words are near if they are equal without case and surrounding space, or one typing error apart: a letter too
    many, too few, another one, or two swapped. All of these leave equal texts when one letter is taken from each.
    """

    def __init__(self, words: Iterable[object]) -> None:
        self._by_trace: dict[str, str] = {}
        for word in words:
            if isinstance(word, str) and len(word) <= _CITED:
                for trace in _traces(word):
                    self._by_trace.setdefault(trace, word)

    def nearest(self, word: str) -> str | None:
        """Return a word that this one may misspell."""
        if len(word) > _CITED:
            return None
        return next((self._by_trace[trace] for trace in _traces(word) if trace in self._by_trace), None)


def _traces(word: str) -> Iterator[str]:
    letters = word.strip().casefold()
    yield letters
    # Below three letters nearly everything is one error apart.
    if len(letters) > 2:
        yield from (letters[:at] + letters[at + 1 :] for at in range(len(letters)))


def _message(broken: Broken) -> str:
    value = _cited(broken.value)
    if broken.keyword in _MISSING:
        return f"The value of `{shown(str(broken.path[-1]), _CITED)}` is missing."
    if broken.keyword in _UNKNOWN and broken.path:
        return f"The schema knows no `{shown(str(broken.path[-1]), _CITED)}`."
    if broken.keyword == "type":
        return f"{value} is {_kind(broken.value)}, not {' or '.join(map(str, _types(broken.expected)))}."
    if broken.keyword == "enum":
        listed = ", ".join(_cited(option) for option in broken.expected[:_LISTED])
        more = f" and {len(broken.expected) - _LISTED} more" if len(broken.expected) > _LISTED else ""
        return f"{value} is none of {listed}{more}."
    sentence = _SENTENCES.get(broken.keyword, "{value} breaks `" + shown(broken.keyword, _CITED) + "`.")
    return sentence.format(value=value, expected=_cited(broken.expected))


def _cited(value: object) -> str:
    return f"`{shown(value, _CITED)}`"


def _types(expected: object) -> Sequence[object]:
    return sorted(expected) if isinstance(expected, list) else [expected]


def _kind(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "a truth value"
    names = ((str, "text"), (int, "an integer"), (float, "a number"), (list, "an array"), (Mapping, "an object"))
    return next((name for kind, name in names if isinstance(value, kind)), "something else")


def _hint_of_text(text: str, types: Sequence[object]) -> str | None:
    if "integer" not in types and "number" not in types:
        return None
    if text != text.strip():
        return "take the white space away"
    if text.lstrip("+-0").isdecimal():
        return "write it without leading zeros and plus sign, or declare it a string if they carry meaning"
    if text.replace(",", ".", 1).replace(".", "", 1).lstrip("-").isdecimal():
        return "write it with a decimal point, or declare it a number" if "," in text else "declare it a number"
    return None
