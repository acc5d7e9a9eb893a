"""Set rules: plug-ins that judge a dataset as a whole, where no single clip is wrong; they read no audio.

A set rule is a pure function, found by name (:mod:`listen_datasets.registry`)::

    def check(table: pa.Table, config: recipe.Validate, recipe: Recipe) -> list[Finding]: ...

It looks at whole columns and raises nothing for bad data. The configuration holds the columns of the user that the run has
found out; of the recipe a rule needs what the columns are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from listen_datasets.model import Finding
from listen_datasets.recipe import Recipe, Validate


class SetRule(Protocol):
    """A function that judges a manifest (one row a clip) as a whole."""

    def __call__(self, table: pa.Table, config: Validate, recipe: Recipe, /) -> Sequence[Finding]:
        """Return what is wrong, in any order."""
        ...
