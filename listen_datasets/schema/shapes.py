"""The shape that texts have in common, as a regular expression."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

MIN_VALUES = 5
"""So many different texts must have one shape before it is more than chance."""
MAX_RUNS = 12
"""Most runs of like characters in a shape; longer ones are sentences."""

_RUNS = re.compile(r"([0-9]+)|([a-z]+)|([A-Z]+)|(.)", re.DOTALL)
_DIGITS = "[0-9]"
_CLASSES = (_DIGITS, "[a-z]", "[A-Z]")
# The characters that mean something in a pattern. Escaping others is an error to strict readers of JSON Schema.
_SPECIAL = re.compile(r"[\\^$.*+?()\[\]{}|/]")


@dataclass
class _Run:
    """A run of like characters: its class, or the one sign that it is, and what it was in the texts so far."""

    kind: str
    word: str | None
    lengths: set[int]

    def add(self, word: str) -> None:
        self.lengths.add(len(word))
        if word != self.word:
            self.word = None

    def pattern(self) -> str:
        """Return its pattern: the text itself if it always is the same one, and no number."""
        if self.word is not None and self.kind != _DIGITS:
            return _SPECIAL.sub(r"\\\g<0>", self.word)
        if len(self.lengths) > 1:
            return f"{self.kind}+"
        (length,) = self.lengths
        return self.kind if length == 1 else f"{self.kind}{{{length}}}"


def common_pattern(texts: Collection[str]) -> str | None:
    """Return the regular expression of a shape that all texts have; None if they have none that is worth telling.

    A shape is a sequence of runs of digits, small and capital letters and other signs. It needs digits: that words are of
    one length is chance.

    >>> common_pattern(["S001_a", "S002_b", "S003_a", "S004_c", "S005_a"])
    '^S[0-9]{3}_[a-z]$'
    """
    if len(texts) < MIN_VALUES:
        return None
    shape: list[_Run] | None = None
    for text in texts:
        runs = list(itertools.islice(_runs(text), MAX_RUNS + 1))
        if shape is None:
            shape = [_Run(kind, word, {len(word)}) for kind, word in runs]
        if [kind for kind, _ in runs] != [run.kind for run in shape] or len(runs) > MAX_RUNS:
            return None
        for run, (_, word) in zip(shape, runs, strict=True):
            run.add(word)
    return _told(shape or [])


def _told(shape: list[_Run]) -> str | None:
    is_bare = len(shape) == 1 and len(shape[0].lengths) > 1  # any number of digits
    if is_bare or not any(run.kind == _DIGITS for run in shape):
        return None
    return f"^{''.join(run.pattern() for run in shape)}$"


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the class and the characters of each run."""
    for match in _RUNS.finditer(text):
        index = match.lastindex or 0
        yield (_CLASSES[index - 1] if index <= len(_CLASSES) else match[0]), match[0]
