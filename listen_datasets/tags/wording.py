"""Texts of tags made fit to store, with what had to be done to them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from listen_datasets.containers.structure import Problem
from listen_datasets.tags.entry import Entry
from listen_datasets.text import visible

MAX_TEXT = 4_096
"""Characters of a tag that are stored."""

# Line breaks and tabs are usual in comments and in the descriptions of field recorders.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Flaws:
    """Counts texts that had to be mended."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def mended(self, entry: Entry) -> str:
        """Return a text without control characters and of at most `MAX_TEXT` characters."""
        text = entry.text.strip()
        if not entry.is_valid:
            self._counts["not valid in their encoding"] += 1
        if len(text) > MAX_TEXT:
            self._counts[f"longer than {MAX_TEXT:,} characters and cut"] += 1
            text = text[:MAX_TEXT]
        if _CONTROL.search(text):
            self._counts["with control characters"] += 1
            text = _CONTROL.sub(lambda match: visible(match.group()), text)
        return text

    def problems(self) -> Iterator[Problem]:
        """Yield a warning if anything was mended."""
        if self._counts:
            found = ", ".join(f"{count} {what}" for what, count in self._counts.items())
            evidence = {"texts": self._counts.total()}
            yield Problem("tags.text", "warning", f"texts of tags were escaped or cut: {found}", None, {**evidence})
