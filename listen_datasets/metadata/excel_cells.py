"""The text of a cell of a workbook.

A workbook holds numbers and formats, not what a person sees, so this is a convention:

- text as it stands, spaces included;
- whole numbers without a fraction (``3``, never ``3.0``), with leading zeros if the format of the cell consists of
  zeros (``007`` for 7 in the format ``000``);
- other numbers by the shortest digits that give them back (``0.1``, ``1e+20``), whatever the format shows: 50 % is
  ``0.5``;
- dates, times and both by ISO 8601 (``2024-01-31``, ``08:30:00``, ``2024-01-31T08:30:00``), lengths of time as hours,
  minutes and seconds (``26:30:00``);
- truth values as ``true`` and ``false``.

Formulas give the result that the program stored. Excel keeps 15 digits of a number: longer ids are whole only as text.
"""

from __future__ import annotations

import datetime as dt
import math
import re

_ZEROS = re.compile(r"0{2,}")
# What a format shows literally, and colours and conditions; [h], [m] and [s] are lengths of time and stay.
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_TIME_OF_DAY = re.compile(r"[hs]", re.IGNORECASE)
_EXACT = 2**53  # whole numbers up to here are exact as doubles


def text_of(value: object, number_format: str) -> str:
    """Return the text of a value.

    Args:
        value: What openpyxl read: text, number, truth value, date, time or length of time.
        number_format: The format of the cell.

    Raises:
        ValueError: There is no text for it.

    >>> text_of(7.0, "General"), text_of(7, "000"), text_of(0.1, "0%"), text_of(True, "General")
    ('7', '007', '0.1', 'true')
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value, number_format)
        case dt.datetime():
            is_day = value.time() == dt.time() and not _TIME_OF_DAY.search(_LITERAL.sub("", number_format))
            return value.date().isoformat() if is_day else value.isoformat()
        case dt.date() | dt.time():
            return value.isoformat()
        case dt.timedelta():
            return _length(value)
        case _:
            raise ValueError(f"a value of the kind {type(value).__name__}")


def _number(value: float, number_format: str) -> str:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number that is not finite")
        if not value.is_integer() or abs(value) > _EXACT:
            return repr(value)
    whole = int(value)
    width = len(number_format) if _ZEROS.fullmatch(number_format) and whole >= 0 else 0
    return str(whole).zfill(width)


def _length(value: dt.timedelta) -> str:
    sign = "-" if value < dt.timedelta() else ""
    value = abs(value)
    minutes, seconds = divmod(value.days * 86_400 + value.seconds, 60)
    fraction = f".{value.microseconds:06d}" if value.microseconds else ""
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{fraction}"
