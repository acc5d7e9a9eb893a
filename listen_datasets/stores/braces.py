"""Brace patterns for lists of files, as shells and WebDataset have them: ``shard-{000..012}.tar``, ``{train,test}.tar``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from listen_datasets.errors import RecipeError
from listen_datasets.text import visible

MOST = 100_000
"""Names that a pattern may stand for."""

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d{1,9})\.\.(\d{1,9})")


def expanded(pattern: str) -> list[str]:
    """Return the names that a pattern stands for, in order.

    >>> expanded("{train,test}-{08..10}.tar")[2:4]
    ['train-10.tar', 'test-08.tar']

    Raises:
        RecipeError: They are too many, or a range runs backwards.
    """
    names = [""]
    at = 0
    for match in _BRACES.finditer(pattern):
        choices = _choices(match[1], pattern, MOST // len(names))
        names = [name + pattern[at : match.start()] + choice for name in names for choice in choices]
        at = match.end()
    return [name + pattern[at:] for name in names]


def _choices(text: str, pattern: str, most: int) -> list[str]:
    found = list(_ranged(text, pattern, most)) if _RANGE.fullmatch(text) else text.split(",")
    if len(found) > most:
        raise _refused(f"the pattern stands for more than {MOST:,} files", pattern)
    return found


def _ranged(text: str, pattern: str, most: int) -> Iterator[str]:
    first, last = text.split("..")
    if int(last) < int(first):
        raise _refused("a range of the pattern runs backwards", pattern)
    if int(last) - int(first) >= most:
        raise _refused(f"the pattern stands for more than {MOST:,} files", pattern)
    width = max(len(first), len(last)) if first.startswith("0") or last.startswith("0") else 0
    return (f"{number:0{width}d}" for number in range(int(first), int(last) + 1))


def _refused(reason: str, pattern: str) -> RecipeError:
    return RecipeError(reason, where=visible(pattern))
