"""What columns of the user are for: the label that a model learns, the groups that must not lie in two splits."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from listen_datasets.recipe import Recipe
from listen_datasets.tables import user_columns


class Column(NamedTuple):
    """A column of the user.

    Attributes:
        name: How the user calls it.
        arrival: How the manifest calls it.
    """

    name: str
    arrival: str


class Roles(NamedTuple):
    """What columns of the user are for.

    Attributes:
        label: Holds the classes; None if no column does.
        groups: Hold what must not lie in two splits, such as the speaker.
    """

    label: Column | None
    groups: tuple[Column, ...]


def roles_of(table: pa.Table, recipe: Recipe) -> Roles:
    """Return the columns that the recipe names as label and groups, that are there, and that hold one value a clip."""
    there = {
        name: Column(name, arrival)
        for arrival, name in user_columns(table).items()
        if not pa.types.is_nested(table.schema.field(arrival).type)
    }
    label = recipe.dataset.label
    return Roles(
        label=None if label is None else there.get(label),
        groups=tuple(there[name] for name in recipe.split.group_by if name in there),
    )
