r"""The schema of the metadata, ready to judge rows.

jsonschema-rs decides every row, because it is a hundred times faster, runs patterns in linear time and follows the
standard where Python does not (``$`` before a final newline, ``\d`` for other digits, NaN). It also reports plain
faults. Where alternatives and conditions are involved, ``jsonschema`` explains the row; if it sees no fault, the decider's
own report stands, so that no failing row is lost.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import numpy as np
import pyarrow as pa

from listen_datasets.errors import SchemaError
from listen_datasets.metadata.shown import shown
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.model import Finding
from listen_datasets.schema.budget import check_budget
from listen_datasets.schema.columns import Column, columns_of, instances, typed
from listen_datasets.schema.document import REGEX, Document, document, load_bytes
from listen_datasets.schema.explainer import CHECKS, Explainer
from listen_datasets.schema.outline import Outline, outlined
from listen_datasets.schema.screening import Screen, parts_of
from listen_datasets.schema.violation import Broken, Violation, Wording

# What the decider reports so that nothing could be added to it.
_UNKNOWN = frozenset({"additionalProperties", "unevaluatedProperties"})
_PLAIN = frozenset(CHECKS) | _UNKNOWN | {"required", "falseSchema"}
_EXPLAINED = 2**20
_BATCH = 2**16  # rows whose values are held at once

MAX_VIOLATIONS = 100
"""Most violations that are reported of one row."""


class MetadataSchema:
    """A JSON Schema for the rows of a metadata table."""

    def __init__(self, checked: Document) -> None:
        self.document = checked.root
        self.checked = checked
        self._columns = columns_of(checked)
        self._decider = _decider(checked)
        self._explainer = Explainer(checked)
        parts = parts_of(checked)
        self._screen = None if parts is None else Screen(checked, parts, self._columns)
        self._wording = Wording(self._columns)
        self._expected: dict[tuple[str | int, ...], Any] = {}

    @classmethod
    def load(cls, source: Path | Mapping[str, Any], *, name: str | None = None) -> MetadataSchema:
        """Read a schema and prove that it may be used.

        Args:
            source: The file, or the schema itself.
            name: How errors call it; the name of the file if left out.

        Raises:
            SchemaError: It cannot be used as it is.
        """
        data = load_bytes(source) if isinstance(source, Path) else _bytes(source)
        checked = document(data, name=name or (source.name if isinstance(source, Path) else "schema"))
        check_budget(checked)
        return cls(checked)

    def columns(self) -> dict[str, Column]:
        """Return what the schema says about each column that it names, in order."""
        return dict(self._columns)

    def outline(self) -> list[Outline]:
        """Return what the schema says about each column that it names, in words for people."""
        return outlined(self.checked)

    def typed(self, table: MetadataTable) -> tuple[MetadataTable, tuple[Finding, ...]]:
        """Convert text columns to the types that the schema declares; see :func:`listen_datasets.schema.columns.typed`."""
        return typed(table, self._columns)

    def instances(self, columns: pa.Table) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each row, with its index, as the JSON object that :meth:`check` judges."""
        return instances(columns, self._columns)

    def judge(self, columns: pa.Table) -> Iterator[Violation]:
        """Yield what the rows of a table break: what :meth:`check` says of all :meth:`instances`, in less time."""
        if self._screen is None:
            yield from self.check(self.instances(columns))
            return
        start = 0
        for batch in columns.to_batches(max_chunksize=_BATCH):
            rows = np.flatnonzero(self._screen.suspects(batch))
            suspects = self.instances(pa.Table.from_batches([batch]).take(rows))
            yield from self.check((start + int(rows[position]), row) for position, row in suspects)
            start += batch.num_rows

    def check(self, rows: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[Violation]:
        """Yield what the rows break, row by row and sorted by place; a row that breaks the schema gives at least one.

        Of one row at most ``MAX_VIOLATIONS`` are reported.

        Args:
            rows: Index and JSON object of each row, as :meth:`instances` gives them.
        """
        is_valid = self._decider.is_valid
        for index, row in rows:
            if not is_valid(row):
                yield from self._violations(index, row)

    def _violations(self, index: int, row: dict[str, Any]) -> list[Violation]:
        reported = list(itertools.islice(self._decider.iter_errors(row), MAX_VIOLATIONS))
        explained: list[Broken] = []
        # A row of a megabyte is no metadata, and explaining it could take minutes.
        if any(error.kind.name not in _PLAIN for error in reported) and len(json.dumps(row)) <= _EXPLAINED:
            # Which names are not evaluated is what the decider alone tells.
            explained = [item for item in self._explainer.explain(row) if item.keyword != "unevaluatedProperties"]
        told = [error for error in reported if not explained or error.kind.name == "unevaluatedProperties"]
        broken = self._without_noise([*explained, *(item for error in told for item in self._broken(error, row))])
        found = {self._wording.violation(index, item) for item in broken[:MAX_VIOLATIONS]}
        return sorted(found, key=lambda item: (item.pointer, item.keyword, item.message))

    def _without_noise(self, broken: list[Broken]) -> list[Broken]:
        """Leave out known columns that are reported as unknown: one that breaks its schema makes its neighbours so."""
        is_noise = [
            item.keyword == "unevaluatedProperties" and len(item.path) == 1 and item.path[0] in self._columns
            for item in broken
        ]
        return broken if all(is_noise) else [item for item, noise in zip(broken, is_noise, strict=True) if not noise]

    def _broken(self, error: Any, row: Mapping[str, Any]) -> Iterator[Broken]:  # noqa: ANN401 - of an untyped library
        """Yield what an error of the decider says, one item for each missing or unknown value."""
        path, keyword = tuple(error.instance_path), error.kind.name
        value: Any = row
        for step in path:
            value = value[step]
        if keyword == "required":
            yield Broken((*path, error.kind.property), keyword, None, value)
        elif keyword in _UNKNOWN:
            for name in error.kind.unexpected:
                yield Broken((*path, name), keyword, None, value[name])
        elif keyword == "falseSchema" and isinstance(value, dict) and error.schema_path[-1] in _UNKNOWN:
            # So the decider reports `additionalProperties: false` that stands without `properties`.
            for name in value:
                yield Broken((*path, name), error.schema_path[-1], None, value[name])
        else:
            at = (*error.schema_path, keyword)
            if at not in self._expected:
                # The decider copies what it reports, thousands of allowed values among it: once is enough.
                self._expected[at] = next(iter(error.kind.as_dict().values()), None) if keyword in _PLAIN else None
            yield Broken(path, keyword, self._expected[at], value)


def _bytes(source: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(source, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise SchemaError(f"the schema is no JSON: {shown(str(error))}") from None


def _decider(checked: Document) -> Any:  # noqa: ANN401 - a class of an untyped library
    try:
        return checked.dialect.decider(
            checked.root,
            validate_formats=True,
            ignore_unknown_formats=False,
            pattern_options=REGEX,
            offline=True,
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise SchemaError(f"the schema cannot be used: {shown(str(error))}", where=checked.name) from None
