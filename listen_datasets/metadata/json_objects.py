"""JSON objects as the rows of a table, whether they stand one a line or in an array."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from listen_datasets.errors import NothingError
from listen_datasets.metadata.json_columns import JsonColumns
from listen_datasets.metadata.refusals import Refusals
from listen_datasets.metadata.table import MetadataTable, check_rows, name_problem
from listen_datasets.model import Finding

_BATCH = 4096  # rows that are held as Python objects
_BATCH_CHARACTERS = 2**22  # the same for long rows
_BATCH_CELLS = 2**22  # the same for wide tables

_ARTICLES = {
    list: "an array",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "a truth value",
    type(None): "null",
}
_OBJECTS = 'write every row as an object, such as {"file_name": "a.wav"}'


class JsonObjects:
    """The rows of one table; those that are no objects are refused."""

    def __init__(self, name: str) -> None:
        self.lines = array("q")
        self._name = name
        self._columns = JsonColumns(name)
        self._refusals = Refusals(name)
        self._batch: list[dict[str, Any]] = []
        self._characters = 0
        self._checked: set[str] = set()

    def add(self, value: object, line: int, *, characters: int, called: str = "the line") -> bool:
        """Take a value as a row, or refuse it.

        Args:
            value: The value.
            line: Where it begins.
            characters: How many characters it is in the file.
            called: What a reader calls its place.

        Returns:
            Whether it was taken.
        """
        if not isinstance(value, dict):
            self.refuse(line, f"{called} is {_ARTICLES[type(value)]}, not an object", hint=_OBJECTS)
            return False
        for key in value:
            if key not in self._checked:
                problem = name_problem(key)
                if problem is not None:
                    self.refuse(line, f"{called} has a key that {problem}", hint="rename the key")
                    return False
                self._checked.add(key)
        self.lines.append(line)
        self._batch.append(value)
        self._characters += characters
        rows = min(_BATCH, max(1, _BATCH_CELLS // max(1, len(self._checked))))
        if len(self._batch) >= rows or self._characters > _BATCH_CHARACTERS:
            self._flush()
        return True

    def refuse(self, line: int, reason: str, *, hint: str | None = None) -> None:
        """Refuse what stands on a line."""
        self._refusals.add(line, "metadata.bad_line", reason, taken=len(self.lines), hint=hint)

    def finish(self, *, noticed: Sequence[Finding] = (), elements: Sequence[int] | None = None) -> MetadataTable:
        """Return the table.

        Args:
            noticed: Findings to put behind those about rows.
            elements: Position of each row in an array.

        Raises:
            MetadataError: Most rows were refused.
            NothingError: There is no row.
        """
        self._flush()
        refused, findings = self._refusals.finish(len(self.lines))
        if not self.lines:
            raise NothingError("the table is empty", where=self._name)
        table, mixed = self._columns.finish(self.lines)
        return MetadataTable(
            name=self._name,
            columns=table,
            lines=self.lines,
            findings=(*findings, *noticed, *mixed),
            refused=refused,
            elements=elements,
        )

    def _flush(self) -> None:
        if self._batch:
            self._columns.append(self._batch, characters=self._characters)
            self._batch, self._characters = [], 0
            check_rows(len(self.lines), where=self._name)
