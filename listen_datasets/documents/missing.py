"""What the recipe does not say and a complete description of a dataset needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from listen_datasets import catalogue
from listen_datasets.metadata.shown import pointer
from listen_datasets.model import Finding

_KEYS = {
    "description": "description",
    "license": "license",
    "url": "url",
    "creator": "authors",
    "datePublished": "published",
    "citeAs": "authors",
}
"""Keys of Croissant that the specification requires or recommends, and the keys of ``[dataset]`` that they are made of."""


def findings(croissant: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a finding for each key of ``[dataset]`` without which the Croissant document lacks something.

    Args:
        croissant: The document.
    """
    lacking = dict.fromkeys(key for name, key in _KEYS.items() if not croissant.get(name))
    for key in lacking:
        names = " and ".join(name for name, needed in _KEYS.items() if needed == key)
        yield catalogue.finding(
            "card.missing_field",
            f"`{key}` in [dataset] is not filled in, so croissant.json has no {names}.",
            path="lds.toml",
            field=pointer("dataset", key),
            hint=f"fill in `{key}` in [dataset] of lds.toml",
        )
