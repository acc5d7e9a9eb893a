"""Rules: plug-ins that judge the rows of a manifest and give findings; they read no audio and change nothing.

A rule is a pure function, found by name (:mod:`listen_datasets.registry`)::

    def check(table: pa.Table, config: recipe.Validate) -> list[Finding]: ...

It looks at whole columns, raises nothing for bad data, and leaves clips that were not measured (null) alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from listen_datasets.model import Finding
from listen_datasets.recipe import Validate


class Rule(Protocol):
    """A function that judges a manifest (one row a clip) by the thresholds of the recipe."""

    def __call__(self, table: pa.Table, config: Validate, /) -> Sequence[Finding]:
        """Return what is wrong, in any order."""
        ...
