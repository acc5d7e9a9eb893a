"""JSON without the freedoms that let values change in silence."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from listen_datasets.metadata.exact import INT64, number
from listen_datasets.metadata.shown import shown

MAX_DEPTH = 64
"""Deepest nesting of objects and arrays."""
MAX_VALUES = 1_000_000
"""Most values in one text: each takes some sixty bytes of memory, however short it is written."""


def parse(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a JSON text (RFC 8259).

    Refused, because Python or a later reader would change it in silence: doubled keys, NaN and infinities, numbers
    beyond int64 or a double, numbers so small that they become 0, lone surrogates, nesting deeper than ``MAX_DEPTH``.

    Raises:
        ValueError: The text is no JSON, one of the above, or too much of it; the message says which.
    """
    check_count(text)
    try:
        value = DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(_explained(error)) from None
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from None
    check(value, text)
    return value


def check(value: object, text: str) -> None:
    """Refuse what only shows in a value as a whole: nesting, and halves of characters.

    Args:
        value: What `DECODER` read.
        text: From what.

    Raises:
        ValueError: It is nested too deep, or holds a lone surrogate.
    """
    # Counting brackets is cheap and settles nearly every text; those inside strings only cost a closer look.
    if text.count("{") + text.count("[") > MAX_DEPTH and depth(value) > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if "\\u" in text:
        _check_surrogates(value)


def check_count(text: str) -> None:
    """Refuse a text with so many values that they would fill the memory.

    Raises:
        ValueError: There are more than ``MAX_VALUES``.
    """
    # Signs inside strings count too: who writes a million commas into one text has no row of a table.
    if len(text) > MAX_VALUES and text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
        raise ValueError(f"it holds more than {MAX_VALUES:,} values")


def depth(value: object) -> int:
    """Return how many arrays and objects enclose the deepest value; 0 for a scalar."""
    level, reached = [value], 0
    while level := [item for item in level if isinstance(item, dict | list)]:
        reached += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return reached


def _explained(error: json.JSONDecodeError) -> str:
    if error.msg == "Extra data":
        return f"something follows the value at column {error.colno} (two values on one line?)"
    line = f"line {error.lineno}, " if error.lineno > 1 else ""
    return f"no JSON: {error.msg} at {line}column {error.colno}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key `{shown(doubled, 80)}` stands twice in one object")
    return value


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def _integer(text: str) -> int:
    value = int(text) if len(text) <= 20 else None
    if value is None or value not in INT64:
        raise ValueError(f"the integer {shown(text, 80)} does not fit into 64 bits; write it as text, in quotes")
    return value


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or (value == 0 and number(text) is None):
        raise ValueError(f"the number {shown(text, 80)} does not fit into a double; write it as text, in quotes")
    return value


def _check_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a text holds half of a surrogate pair, which is no character") from None


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float)
"""Reads one value and refuses, as a plain ``ValueError``, what is JSON and would change."""
