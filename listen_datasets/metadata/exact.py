"""Text to numbers and truth values, exactly or not at all.

A cell of a CSV is text. It becomes a number only where the schema asks for one and nothing of the text gets lost:
``007``, ``+1``, `` 5`` and ``1e999`` stay as they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection

INT64 = range(-(2**63), 2**63)

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NOT_ZERO = re.compile(r"[^eE]*[1-9]")
_LONGEST = 1000  # digits; a double never needs more than 767 of them
_TRUTH = {"true": True, "false": False}


def integer(text: str) -> int | None:
    """Return the integer that a text spells without sign ``+``, leading zeros or white space, within int64."""
    if len(text) > 20 or not _INTEGER.fullmatch(text):
        return None
    value = int(text)
    return value if value in INT64 else None


def number(text: str) -> float | None:
    """Return the finite double that a JSON number (RFC 8259, section 6) spells.

    A decimal fraction becomes the nearest double. Whole digits must be held exactly, so ``9007199254740993`` is none,
    and a text that is not zero must not become zero.
    """
    match = _NUMBER.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    value = float(text)
    if not math.isfinite(value) or (value == 0 and _NOT_ZERO.match(text)):
        return None
    is_whole = match[1] is None and match[2] is None
    return None if is_whole and int(text) != value else value


def boolean(text: str) -> bool | None:
    """Return the truth value that ``true`` or ``false`` spells."""
    return _TRUTH.get(text)


def convert(text: str, types: Collection[str]) -> str | int | float | bool:
    """Return the value that a text spells in one of the types of JSON Schema; the text itself if it spells none.

    Text stays text where the schema allows text, or says nothing.
    """
    if not types or "string" in types:
        return text
    for name, reader in (("integer", integer), ("number", number), ("boolean", boolean)):
        if name in types and (value := reader(text)) is not None:
            return value
    return text
