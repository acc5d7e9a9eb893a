"""How a finding cites a value and its place: visible text, and a JSON Pointer."""

from __future__ import annotations

import json

from listen_datasets.text import visible


def shown(value: object, limit: int = 200) -> str:
    """Return a value as one line of visible text, cut to ``limit`` characters; what is no text appears as JSON."""
    return visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str), limit)


def pointer(*steps: str | int) -> str:
    """Return the JSON Pointer (RFC 6901) of a value in a row."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
