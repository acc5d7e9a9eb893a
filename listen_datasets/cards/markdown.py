"""Markdown from values that nobody has checked: no link, heading, image, table cell or HTML that ``lds`` did not make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from listen_datasets.text import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")


def plain(text: str, limit: int = 2000) -> str:
    """Return text that shows as it is, in one line."""
    return _SPECIAL.sub(r"\\\1", visible(" ".join(text.split()), limit))


def paragraphs(text: str) -> str:
    """Return a text of several paragraphs that shows as it is: what a person wrote into the recipe or datasheet."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(plain(block, 20_000) for block in blocks)


def code(text: str, limit: int = 200) -> str:
    """Return text as a code span, whatever back-ticks it holds; a pipe would end a table's cell."""
    shown = visible(text, limit)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown[:1] in {"`", ""} or shown[-1:] == "`" else ""
    return f"{fence}{pad}{shown}{pad}{fence}".replace("|", "\\|")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells are Markdown already."""
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
