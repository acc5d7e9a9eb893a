"""What the values of one column of metadata look like: a guess at its JSON Schema, with the reason.

A guess must hold for every value that it was made from, and it rather says too little than too much: text that could be a
name stays text, and no limit is drawn at the largest value that happened to come along.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from listen_datasets.metadata.exact import boolean, integer, number
from listen_datasets.metadata.join import JOIN_KEYS
from listen_datasets.metadata.shown import shown
from listen_datasets.schema.keywords import DIALECTS
from listen_datasets.schema.shapes import common_pattern

MAX_ENUM = 50
"""Most values of a closed vocabulary."""
MAX_WORD = 64
"""Longest value of a closed vocabulary, in characters."""
MIN_REPEATS = 3
"""How often the values of a closed vocabulary stand in the table, on average."""

_LONG = 6  # digits that a count or a year does not have
_NAMED = 5  # how many rare values a comment lists

# Columns whose values are names, even where they are made of digits, and of which the next table brings new ones.
_NAMES = re.compile(
    r"(.*[_ .-])?(id|uid|uuid|key|code|isbn|isrc|upc|zip|postcode|phone|serial|barcode)"
    r"|(speaker|singer|artist|performer|player|subject|participant|client|recordist|session|site|location|station"
    r"|device|album|track|song|work|piece|group|take|file|recording|clip)([_ -]?(id|name|number|no))?",
    re.IGNORECASE,
)
_FORMATS = (
    ("date", re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")),
    ("date-time", re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].+")),
    ("uri", re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.+")),
    ("uuid", re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")),
)
_NOT_FINITE = "some values are NaN or infinite, which no number of JSON is"
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
_ARTICLES = {"integer": "Integer", "number": "Number", "boolean": "Truth value", "array": "List", "object": "Object"}


@dataclass(frozen=True)
class Guess:
    """What a column may hold.

    Attributes:
        keywords: The keywords of JSON Schema that say so.
        what: What it is, as the beginning of a sentence.
        because: Why, as a sentence without its full stop.
    """

    keywords: Mapping[str, Any]
    what: str
    because: str


@dataclass
class Values:
    """The values of a column.

    Attributes:
        name: Its name.
        counts: How often each text, number and truth value stands in it; keys are (type, value), for 1 equals 1.0.
        nested: How often a list or an object stands in it, by type.
        absent: In how many rows it has none.
    """

    name: str
    counts: Counter[tuple[type, Any]] = field(default_factory=Counter)
    nested: Counter[type] = field(default_factory=Counter)
    absent: int = 0

    @property
    def present(self) -> int:
        """Return how many rows have a value."""
        return self.counts.total() + self.nested.total()

    def add(self, values: Sequence[Any]) -> None:
        """Take further values; None is an absent one."""
        for value in values:
            if value is None:
                self.absent += 1
            elif isinstance(value, list | dict):
                self.nested[type(value)] += 1
            else:
                self.counts[type(value), value] += 1


def guess(values: Values) -> Guess:
    """Return what a column may hold."""
    kinds = {kind for kind, _ in values.counts} | set(values.nested)
    if not kinds:
        return Guess({"type": "string"}, "Text", "no row has a value, so this says nothing yet")
    if kinds == {str}:
        return _text(values.name, Counter({value: count for (_, value), count in values.counts.items()}))
    if kinds <= {int, float}:
        return _numbers([value for _, value in values.counts])
    if len(kinds) == 1:
        name = _TYPES[kinds.pop()]
        return Guess({"type": name}, _ARTICLES[name], f"every value is of the type {name}")
    names = sorted({_TYPES[kind] for kind in kinds})
    because = "the values are of several types; one would be better"
    if not _are_finite([value for kind, value in values.counts if kind is float]):
        return Guess({}, "Of several types", f"{because}, and {_NOT_FINITE}")
    return Guess({"type": names}, "Of several types", because)


def _are_finite(values: Sequence[float]) -> bool:
    return all(map(math.isfinite, values))


def _numbers(values: Sequence[float], *, why: str = "every value is a number in the table") -> Guess:
    if not _are_finite(values):
        return Guess({}, "Number", _NOT_FINITE)
    name = "integer" if all(isinstance(value, int) for value in values) else "number"
    least, most = min(values), max(values)
    bound = {"minimum": 0} if least >= 0 else {}
    limits = "; none is negative" if bound else ""
    because = f"{why}, from {least!r} to {most!r}{limits}"
    return Guess({"type": name, **bound}, _ARTICLES[name], because)


def _text(name: str, counts: Counter[str]) -> Guess:
    """Return what a column of text may hold: the first of these that fits all its values."""
    if name in JOIN_KEYS:
        return Guess({"type": "string", **_not_empty(counts)}, "Path of the recording", "the name says so")
    attempts: tuple[Callable[[str, Counter[str]], Guess | None], ...] = (
        _truth, _spelled_numbers, _format, _digits, _vocabulary, _shape,
    )  # fmt: skip
    for attempt in attempts:
        found = attempt(name, counts)
        if found is not None:
            return found
    return Guess({"type": "string", **_not_empty(counts)}, "Text", f"{len(counts):,} different values")


def _not_empty(counts: Collection[str]) -> dict[str, Any]:
    return {} if "" in counts else {"minLength": 1}


def _truth(_name: str, counts: Counter[str]) -> Guess | None:
    if any(boolean(text) is None for text in counts):
        return None
    return Guess({"type": "boolean"}, "Truth value", "every value is `true` or `false`")


def _spelled_numbers(name: str, counts: Counter[str]) -> Guess | None:
    if _NAMES.fullmatch(name):
        return None
    read = integer if all(integer(text) is not None for text in counts) else number
    numbers = [read(text) for text in counts]
    found = [value for value in numbers if value is not None]
    if len(found) < len(counts) or len(set(found)) < len(found) or _are_ids(counts):
        return None
    return _numbers(found, why="every value converts exactly")


def _are_ids(counts: Counter[str]) -> bool:
    """Tell whether whole numbers look like names: long, and no two rows have the same."""
    is_long = all(text.isdigit() and len(text) >= _LONG for text in counts)
    return is_long and counts.total() > 1 and len(counts) == counts.total()


def _format(_name: str, counts: Counter[str]) -> Guess | None:
    for name, looks in _FORMATS:
        if all(map(looks.fullmatch, counts)):
            is_valid = DIALECTS[0].decider({"format": name}, validate_formats=True).is_valid
            if all(map(is_valid, counts)):
                return Guess(
                    {"type": "string", "format": name}, f"Text of the format {name}", f"every value is a {name}"
                )
    return None


def _digits(_name: str, counts: Counter[str]) -> Guess | None:
    if not all(text.isascii() and text.isdigit() for text in counts):
        return None
    pattern = common_pattern(counts)
    if pattern is None:
        return None
    because = "digits that are no numbers: zeros lead, or they are names"
    return Guess({"type": "string", "pattern": pattern}, "Text of digits", because)


def _vocabulary(name: str, counts: Counter[str]) -> Guess | None:
    is_small = len(counts) <= MAX_ENUM and len(counts) * MIN_REPEATS <= counts.total()
    if not is_small or _NAMES.fullmatch(name) or any(len(text) > MAX_WORD for text in counts):
        return None
    if len(counts) == 1:
        return Guess(
            {"type": "string", "const": next(iter(counts))}, "The same text everywhere", "there is no other value"
        )
    rare = sorted(text for text, count in counts.items() if count == 1)
    listed = ", ".join(f"`{shown(text, MAX_WORD)}`" for text in rare[:_NAMED]) + (", ..." if len(rare) > _NAMED else "")
    slip = f"; only once, and perhaps a slip: {listed}" if rare else ""
    because = f"{len(counts)} values repeat{slip}"
    return Guess({"type": "string", "enum": sorted(counts)}, f"One of {len(counts)} words", because)


def _shape(_name: str, counts: Counter[str]) -> Guess | None:
    pattern = common_pattern(counts)
    if pattern is None:
        return None
    return Guess({"type": "string", "pattern": pattern}, "Text of one shape", "all values have the same shape")
