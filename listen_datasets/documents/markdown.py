"""Markdown from values: whatever is not of type :class:`Markdown` is escaped before it gets into a document.

Data, which strangers wrote (labels, column names, file names), stands in code spans, where nothing is a link or HTML. The
words of the dataset's makers stand as text, in which a bare URL is the one thing that readers may turn into a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from listen_datasets.text import visible

_SPECIAL = re.compile(r"[\\`*_\[\]~$]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_ENTITY = re.compile("[&<>|]")
# What begins a heading, a list, a rule, an underline or a table at the beginning of a line.
_BLOCK = re.compile(r"#{1,6}(?=\s|$)|[+-](?=\s|$)|[-=]+(?=\s*$)|:(?=-)|[0-9]+(?=[.)](?:\s|$))")
_LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)
_SAFE_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]+")

CUT = 200
"""Characters of a value that are shown."""


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


NOTHING = Markdown("–")
"""What stands in a cell without a value."""

NOT_ANSWERED = Markdown("Not answered.")
"""What is printed where only a person could answer and nobody has."""


def words(text: str) -> Markdown:
    r"""Return text on one line that renders as it is, without links.

    >>> words("a *b* <c>")
    'a \\*b\\* &lt;c&gt;'
    """
    shown = visible(" ".join(text.split()), limit=len(text))
    return Markdown(_LINK.sub(_unlinked, _escaped(shown)))


def prose(text: str) -> Markdown:
    """Return paragraphs that render as they are; bare URLs stay what they are."""
    lines = (visible(line.strip(), limit=len(line)) for line in text.strip().splitlines())
    return Markdown("\n".join(_escaped(line) for line in lines))


def code(value: object, limit: int = CUT) -> Markdown:
    """Return a value in a code span; a long one is cut, with its length."""
    text = visible(str(value), limit)
    if not text.strip():
        return Markdown(f"(blank, {len(text)} characters)" if text else "(empty)")
    if "|" in text:
        # In a table a pipe ends the cell even inside a code span.
        return Markdown(f"<code>{words(text)}</code>")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return Markdown(f"{fence}{pad}{text}{pad}{fence}")


def fenced(text: str, language: str = "") -> Markdown:
    """Return lines in a code block."""
    lines = "\n".join(visible(line, limit=len(line)) for line in text.strip("\n").splitlines())
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    return Markdown(f"{fence}{language}\n{lines}\n{fence}")


def link(url: str, text: Markdown | None = None) -> Markdown:
    """Return a link to a URL of ``http`` or ``https``; any other is shown as code."""
    if not _SAFE_URL.fullmatch(url):
        return code(url)
    if text is None:
        return Markdown(f"<{url}>")
    return Markdown(f"[{text}]({url.replace('(', '%28').replace(')', '%29')})")


def joined(parts: Iterable[str], separator: str = ", ") -> Markdown:
    """Return parts in a row; those that are no Markdown are escaped."""
    return Markdown(separator.join(cell(part) for part in parts))


def cell(value: Any) -> Markdown:  # noqa: ANN401 - anything can be shown
    """Return a value for the inside of a line: Markdown as it is, nothing as a dash, anything else escaped."""
    if isinstance(value, Markdown):
        return value
    if value is None:
        return NOTHING
    return words(count(value) if isinstance(value, int) else str(value))


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: Sequence[int] = ()) -> Markdown:
    """Return a table.

    Args:
        heads: Words above the columns.
        rows: Values, each as :func:`cell` shows it.
        numbers: Positions of columns that are aligned to the right.
    """
    rule = ("---:" if position in numbers else "---" for position in range(len(heads)))
    lines: list[list[str]] = [[cell(head) for head in heads], list(rule)]
    lines += ([cell(value) for value in row] for row in rows)
    return Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines))


def bullets(items: Iterable[Any]) -> Markdown:
    """Return a list."""
    return Markdown("\n".join(f"- {cell(item)}" for item in items))


def blocks(*parts: str) -> Markdown:
    """Return paragraphs, lists and tables one below the other, without those that are empty."""
    return Markdown("\n\n".join(part if isinstance(part, Markdown) else words(part) for part in parts if part))


def count(number: int) -> str:
    """Return a number with commas between thousands.

    >>> count(1234567)
    '1,234,567'
    """
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> plural(1, "clip"), plural(2000, "clip")
    ('1 clip', '2,000 clips')
    """
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def number(value: float | None, digits: int = 2) -> str:
    """Return a measured number with a fixed number of decimals, and a dash if there is none."""
    if value is None:
        return NOTHING
    rounded = round(value, digits) or 0.0
    return f"{rounded:,.{digits}f}"


def share(part: float, whole: float) -> str:
    """Return a share in per cent, with one decimal.

    >>> share(1, 3)
    '33.3 %'
    """
    return f"{100 * part / whole:.1f} %" if whole else NOTHING


def hours(seconds: float) -> str:
    """Return a length of sound in hours, minutes and seconds.

    >>> hours(3725.5)
    '1 h 02 min 05.5 s'
    """
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    if not minutes:
        return f"{rest / 10:.1f} s"
    if minutes < 60:
        return f"{minutes} min {rest / 10:04.1f} s"
    return f"{minutes // 60:,} h {minutes % 60:02d} min {rest / 10:04.1f} s"


def _escaped(line: str) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", line)
    text = _ENTITY.sub(lambda match: _ENTITIES[match.group()], text)
    block = _BLOCK.match(text)
    if block is None:
        return text
    # A digit cannot be escaped; the sign behind it can.
    return text[: block.end()] + "\\" + text[block.end() :] if block.group()[0].isdigit() else "\\" + text


def _unlinked(match: re.Match[str]) -> str:
    return match.group().replace("/", "&#47;").replace(".", "&#46;")
