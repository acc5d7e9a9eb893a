"""The columns of a publisher beside those that a layout adds: none may be taken for something that it is not."""

from __future__ import annotations

from collections.abc import Container, Mapping

import pyarrow as pa

from listen_datasets import tables

KEY = "file_name"
"""Column of a layout's table that names the recordings by their path in the store."""

_OWN = "original_"
_BEGINS = frozenset({"start", "offset"})
_REACHES = frozenset({"end", "duration"})


def renamed(columns: pa.Table, said: Mapping[str, str | None], *, cuts: bool = True) -> pa.Table:
    """Return columns that get along with those that the layout adds, and with each other in a manifest.

    A column that cannot keep its name becomes ``original_...``; one that says the same as the layout is left out.

    Args:
        columns: Those of the publisher.
        said: Those of the layout, with the value that all rows have, if they have one.
        cuts: Whether ``start`` and ``end`` cut recordings into clips. Where each row has a recording of its own, they say
            where that was taken from, and are no business of ours.
    """
    same = [name for name, value in said.items() if value is not None and _says(columns, name, value)]
    columns = columns.drop_columns(same)
    names = columns.column_names
    taken = {*said, *(tables.manifest_name(name) for name in said)}
    if not cuts and _REACHES & {*names}:
        taken |= _BEGINS
    # A name that stays as it is goes before one that becomes `declared_...`.
    plain = {name for name in names if tables.manifest_name(name) == name} - taken
    new = []
    for name in names:
        fresh = name
        while tables.manifest_name(fresh) in taken | (plain - {name}) or fresh in taken:
            fresh = _OWN + fresh
        taken |= {fresh, tables.manifest_name(fresh)}
        new.append(fresh)
    return columns.rename_columns(new)


def free(name: str, prefix: str, *taken: Container[str]) -> str:
    """Return a name that is not taken: the name itself, or with as many prefixes as it needs.

    >>> free("text", "custom.", {"text"}, {"custom.text"})
    'custom.custom.text'
    """
    while any(name in names for names in taken):
        name = prefix + name
    return name


def beside(added: Mapping[str, pa.Array | pa.ChunkedArray], columns: pa.Table) -> pa.Table:
    """Return the columns of a layout, followed by those of the publisher."""
    return pa.table({**added, **dict(zip(columns.column_names, columns.columns, strict=True))})


def _says(columns: pa.Table, name: str, value: str) -> bool:
    return name in columns.column_names and set(columns[name].unique().to_pylist()) == {value}
