"""A first JSON Schema from the metadata itself, to be read and edited.

Nothing of a guess is taken over by itself: without a schema all text stays text. Every property says in ``description`` what
it found, and in ``$comment`` why. All rows that the schema was made from are valid by it::

    schema = infer([read(Path("metadata.csv"), name="metadata.csv")])
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from listen_datasets.errors import NothingError, SchemaError
from listen_datasets.metadata.shown import shown
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.schema.document import MAX_BYTES, MAX_PATTERNS
from listen_datasets.schema.guesses import Guess, Values, guess
from listen_datasets.schema.keywords import DIALECTS

_ROWS = 65_536  # values that are held as Python objects
_NAMED = 3  # how many tables the title names

Property = dict[str, Any]


def infer(tables: Sequence[MetadataTable]) -> dict[str, Any]:
    """Propose a JSON Schema (draft 2020-12) for the rows of some tables.

    Args:
        tables: Tables of one kind: a column that not all of them have is not required.

    Returns:
        The schema; the properties stand in the order of the columns.

    Raises:
        NothingError: There is no table, or no row in any.
        SchemaError: There are so many columns that no schema of the size that is read can name them.
    """
    rows = sum(map(len, tables))
    if not rows:
        raise NothingError("there are no rows to infer a schema from", hint="name a table, or add one to lds.toml")
    names = dict.fromkeys(name for table in tables for name in table.columns.column_names)
    held = [dict(zip(table.columns.column_names, table.columns.columns, strict=True)) for table in tables]
    columns = [_values(name, held, tables) for name in names]
    guesses = _with_few_patterns({values.name: guess(values) for values in columns})
    schema = {
        "$schema": DIALECTS[0].uri,
        "title": f"A row of {_listed(tables)}",
        "description": f"Inferred by lds from {rows:,} rows; a proposal to be read and edited. Values in a table are text; "
        "a column that is declared a number, an integer or a boolean here is converted exactly or refused, and an empty "
        'cell counts as absent. Columns that are not named may hold anything; "additionalProperties": false would '
        "refuse them.",
        "type": "object",
        "properties": {values.name: _property(guesses[values.name], values) for values in columns},
        "required": [values.name for values in columns if not values.absent],
    }
    return _of_size(schema)


def _listed(tables: Sequence[MetadataTable]) -> str:
    names = ", ".join(shown(table.name, 80) for table in tables[:_NAMED])
    return names if len(tables) <= _NAMED else f"{names} and {len(tables) - _NAMED} more"


def _values(name: str, held: Sequence[Mapping[str, pa.ChunkedArray]], tables: Sequence[MetadataTable]) -> Values:
    values = Values(name)
    for columns, table in zip(held, tables, strict=True):
        if name not in columns:
            values.absent += len(table)
            continue
        for chunk in columns[name].chunks:
            for start in range(0, len(chunk), _ROWS):
                values.add(chunk.slice(start, _ROWS).to_pylist())
    return values


def _property(found: Guess, values: Values) -> Property:
    rows = values.present + values.absent
    presence = f"absent in {values.absent:,} of {rows:,} rows" if values.absent else f"in each of {rows:,} rows"
    because = found.because[0].upper() + found.because[1:]
    return {"description": f"{found.what}; {presence}.", **found.keywords, "$comment": f"{because}."}


def _with_few_patterns(guesses: Mapping[str, Guess]) -> dict[str, Guess]:
    """Leave out the patterns that are more than a schema may have."""
    patterned = [name for name, found in guesses.items() if "pattern" in found.keywords]
    plain = {
        name: Guess({"type": "string"}, guesses[name].what, guesses[name].because) for name in patterned[MAX_PATTERNS:]
    }
    return {**guesses, **plain}


def _of_size(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema, without what can be spared if it would be larger than a schema may be.

    Raises:
        SchemaError: Nothing more can be spared.
    """
    for leave_out in (lambda _: False, lambda key: key == "$comment", lambda key: key != "type"):
        smaller = {**schema, "properties": _without(schema["properties"], leave_out)}
        if len(as_text(smaller).encode()) <= MAX_BYTES:
            return smaller
    message = f"a schema that names all {len(schema['properties']):,} columns would be larger than {MAX_BYTES:,} bytes"
    raise SchemaError(message, hint="write one by hand for the columns that matter")


def _without(properties: Mapping[str, Property], is_spared: Callable[[str], bool]) -> dict[str, Property]:
    return {
        name: {key: value for key, value in found.items() if not is_spared(key)} for name, found in properties.items()
    }


def as_text(schema: Mapping[str, Any]) -> str:
    """Return a schema as a person reads and edits it."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
