"""Which row of a metadata table is about which recording.

A row names its recording by a path. The path is compared with the recordings' paths below the source root, as it stands
and below the folder of the table, byte for byte or in Unicode normal form C. If that finds nothing, one of the two may
have folders in front that the other lacks: ``wavs/a.wav`` names the recording ``a.wav``, and ``a.wav`` names
``wavs/a.wav``, if there is no other of that kind. Folders that contradict each other (``test/1.wav``, ``train/1.wav``)
never match, and where two recordings fit there is a finding and no guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import pyarrow as pa

from listen_datasets.errors import UsageError
from listen_datasets.inputs import InputProblem, safe_relative
from listen_datasets.metadata.recordings import Recordings
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.model import Finding, Scalar

JOIN_KEYS = ("file_name", "path", "audio_filepath", "wav_filename", "file", "filename")
"""Names under which tables usually hold the path of the recording."""

_WRITE_PATHS = "write paths relative to the source, with / between folders"


@dataclass(frozen=True, kw_only=True)
class Matched:
    """Which row is about which recording. Every row is accounted for exactly once.

    Attributes:
        rows: Path of a recording to the index of its row, from 0; to those of all its rows if they cut it into clips.
        unused: Index of every other row to the code of the finding that says why.
        findings: What is wrong, by line.
    """

    rows: Mapping[str, tuple[int, ...]]
    unused: Mapping[int, str]
    findings: tuple[Finding, ...]


def join_key(table: MetadataTable, chosen: str | None) -> str:
    """Return the column that names the recordings: the chosen one, or the only one with a usual name.

    Raises:
        UsageError: There is no such column, several could be meant, or it does not hold text.
    """
    names = table.columns.column_names
    listed = ", ".join(shown(name, 40) for name in names[:20]) + (", ..." if len(names) > 20 else "")
    candidates = [name for name in JOIN_KEYS if name in names] if chosen is None else [chosen]
    if chosen is not None and chosen not in names:
        raise UsageError(f"there is no column `{shown(chosen, 80)}`", where=table.name, hint=f"columns: {listed}")
    if not candidates:
        nearly = next((name for name in names if name.strip().lower() in JOIN_KEYS), None)
        meant = f"is it `{shown(nearly, 80)}`? " if nearly else ""
        hint = f"{meant}say which column it is (--join-key); columns: {listed}"
        raise UsageError("no column names the recordings", where=table.name, hint=hint)
    if len(candidates) > 1:
        message = f"several columns could name the recordings: {', '.join(candidates)}"
        raise UsageError(message, where=table.name, hint="say which one does (--join-key)")
    kind = table.columns.schema.field(candidates[0]).type
    if not pa.types.is_string(kind):
        message = f"the column `{shown(candidates[0], 80)}` does not hold text but {shown(str(kind), 80)}"
        raise UsageError(message, where=table.name, hint="say which column holds the paths (--join-key)")
    return candidates[0]


def match(
    table: MetadataTable, key: str, recordings: Recordings, *, folder: str = "", has_cuts: bool = False
) -> Matched:
    """Find the recording of each row, in time proportional to the rows.

    Args:
        table: The metadata.
        key: The text column that names the recordings.
        recordings: Those of the source.
        folder: Where the table lies, relative to the source root; empty at the root or outside of it.
        has_cuts: Whether several rows may be about one recording, each about a part of it.
    """
    join = _Join(table, key, recordings, has_cuts=has_cuts)
    join.by_longer_path(join.by_path("/".join(part for part in folder.split("/") if part not in {"", "."})))
    return join.finish()


class _Join:
    """The state of one join: what is claimed already."""

    def __init__(self, table: MetadataTable, key: str, recordings: Recordings, *, has_cuts: bool) -> None:
        self._table = table
        self._has_cuts = has_cuts
        self._key = key
        self._recordings = recordings
        self._values: list[str | None] = table.columns.column(key).to_pylist()
        self._rows: dict[str, list[int]] = {}
        self._unused: dict[int, str] = {}
        self._findings: list[tuple[int, Finding]] = []

    def by_path(self, folder: str) -> dict[int, str]:
        """Join the rows whose path is a recording's; return the paths of those that are left."""
        pending: dict[int, str] = {}
        for row, value in enumerate(self._values):
            try:
                path = safe_relative(value or "")
            except InputProblem as problem:
                self._reject(row, problem.code, f"{problem.reason}.", _WRITE_PATHS)
                continue
            places = (path, f"{folder}/{path}") if folder else (path,)
            if not self._claim(row, {recording for place in places for recording in self._recordings.at(place)}):
                pending[row] = path
        return pending

    def by_longer_path(self, pending: Mapping[int, str]) -> None:
        """Join the rows whose path ends with a recording's, or the other way round."""
        for row, path in pending.items():
            if not self._claim(row, self._recordings.akin(path)):
                message = f"There is no recording {shown(path)}."
                self._reject(row, "metadata.file_missing", message, self._namesake(path))

    def finish(self) -> Matched:
        """Return the join."""
        findings = [finding for _, finding in sorted(self._findings, key=lambda item: item[0])]
        rows = {path: tuple(sorted(found)) for path, found in self._rows.items()}
        return Matched(rows=rows, unused=self._unused, findings=tuple(findings))

    def _claim(self, row: int, recordings: AbstractSet[str]) -> bool:
        """Give the row the only recording that fits, or say why not; False if none fits."""
        if len(recordings) > 1:
            fitting = ", ".join(shown(path, 80) for path in sorted(recordings)[:2])
            message = f"The path fits more than one recording: {fitting}."
            self._reject(row, "metadata.ambiguous", message, "write the path relative to the source")
        elif recordings:
            (path,) = recordings
            rows = self._rows.setdefault(path, [])
            if self._has_cuts or not rows:
                rows.append(row)
            else:
                first = rows[0]
                lines = self._table.lines[first], self._table.lines[row]
                message = f"Lines {lines[0]} and {lines[1]} are about the same recording {shown(path)}."
                hint = f"keep one of them; line {lines[0]} is used"
                self._reject(row, "metadata.duplicate_row", message, hint, {"first_line": lines[0]})
        return bool(recordings)

    def _reject(
        self, row: int, code: str, message: str, hint: str | None, evidence: dict[str, Scalar] | None = None
    ) -> None:
        value = self._values[row]
        finding = Finding(
            code=code,
            severity="error",
            message=message,
            path=self._table.name,
            line=self._table.lines[row],
            field=pointer(self._key),
            value=None if value is None else shown(value),
            hint=hint,
            evidence=evidence,
        )
        self._unused[row] = code
        self._findings.append((row, finding))

    def _namesake(self, path: str) -> str | None:
        found = self._recordings.namesake(path)
        return None if found is None else f"is it {shown(found)}? Its folders differ, so it was not taken"
