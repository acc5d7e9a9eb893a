"""Untrusted text for people's eyes: file names, table values and messages of libraries, made safe to show."""

from __future__ import annotations

import re
import unicodedata

# C0, DEL and C1; marks, overrides and isolates of the bidirectional algorithm; line and paragraph separators; the byte
# order mark; lone surrogates (which is also how Python holds the bytes of a file name that is not UTF-8).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_COLOUR = re.compile("\x1b\\[[0-9;]*m")
_WORD = re.compile(" *[^ ]+")


def visible(text: str, limit: int = 200) -> str:
    r"""Return text that can neither steer a terminal nor hide what it says; long text is cut, with its length.

    Args:
        text: Anything.
        limit: Characters of the text that are kept.

    >>> visible("a\x1b[31m\u202eb")
    'a\\x1b[31m\\u202eb'
    """
    shown = _UNSAFE.sub(_escape, text[:limit])
    return shown if len(text) <= limit else f"{shown}… ({len(text):,} characters)"


def wrapped(text: str, width: int) -> str:
    """Return lines broken at spaces where they are wider than a terminal; what follows a break is set in.

    A word that is wider than the terminal, such as a path, stays whole, so that it can be copied.

    Args:
        text: Lines, which may be coloured.
        width: Columns of the terminal.

    >>> print(wrapped("  a.wav: The clip lasts 0.5 s; expected at least 9 s.", 36))
      a.wav: The clip lasts 0.5 s;
          expected at least 9 s.
    """
    return "\n".join(part for line in text.split("\n") for part in _broken(line, width))


def columns(text: str) -> int:
    """Return how many columns of a terminal a line takes: two for wide characters, none for marks and colours."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in _COLOUR.sub("", text)
    )


def has_control(text: str) -> bool:
    """Tell whether the text holds a C0 or C1 control character or DEL."""
    return _CONTROL.search(text) is not None


def _broken(line: str, width: int) -> list[str]:
    if columns(line) <= width:
        return [line]
    indent = " " * min(len(line) - len(line.lstrip(" ")) + 4, width // 2)
    lines, used = [""], 0
    for word in _WORD.findall(line):
        wide = columns(word)
        if used + wide > width and lines[-1].strip():
            lines.append(indent + word.lstrip(" "))
            used = columns(lines[-1])
        else:
            lines[-1] += word
            used += wide
    return lines


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
