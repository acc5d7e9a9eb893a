"""JSON without the freedoms that let values change in silence."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from listen_datasets.metadata.exact import INT64, number
from listen_datasets.metadata.shown import shown

MAX_DEPTH = 64
"""Deepest nesting of objects and arrays."""


def parse(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a JSON text (RFC 8259).

    Refused, because Python or a later reader would change it in silence: doubled keys, NaN and infinities, numbers
    beyond int64 or a double, numbers so small that they become 0, lone surrogates, nesting deeper than ``MAX_DEPTH``.

    Raises:
        ValueError: The text is no JSON, or one of the above; the message says which.
    """
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
    except json.JSONDecodeError as error:
        raise ValueError(_explained(error)) from None
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from None
    # Counting brackets is cheap and settles nearly every text; those inside strings only cost a closer look.
    if text.count("{") + text.count("[") > MAX_DEPTH and depth(value) > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if "\\u" in text:
        _check_surrogates(value)
    return value


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
    return f"no JSON: {error.msg} at line {error.lineno}, column {error.colno}"


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
