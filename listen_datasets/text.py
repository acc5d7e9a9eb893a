"""Untrusted text for people's eyes: file names, table values and messages of libraries, made safe to show."""

from __future__ import annotations

import re

# C0, DEL and C1; marks, overrides and isolates of the bidirectional algorithm; line and paragraph separators; the byte
# order mark; lone surrogates (which is also how Python holds the bytes of a file name that is not UTF-8).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


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


def has_control(text: str) -> bool:
    """Tell whether the text holds a C0 or C1 control character or DEL."""
    return _CONTROL.search(text) is not None


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
