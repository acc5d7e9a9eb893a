"""What a recipe says about findings: which are not looked for, how bad they are, and which are ignored, why and how long.

Findings are judged, never lost: what is ignored is counted with the reason that the recipe gives, an entry that has expired
is a finding itself, and so is one that nothing is left for.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.recipe import Ignore, Validate


class Policy:
    """Judges findings by what a recipe says about them.

    Args:
        config: The recipe.
        version: Version of the dataset, which entries expire with.
        manifest: The clips (columns clip_id and path): an entry may name the recording of a finding about its row.

    Raises:
        UsageError: The recipe names a code that does not exist.
    """

    def __init__(self, config: Validate, version: str, manifest: pa.Table) -> None:
        catalogue.check_known([*config.disable, *config.levels, *(entry.code for entry in config.ignore)])
        self._disabled = frozenset(config.disable)
        self._levels = config.levels
        self._entries = [entry for entry in config.ignore if entry.until is None or not _reached(version, entry.until)]
        self._expired = [entry for entry in config.ignore if entry not in self._entries]
        self._version = version
        self._manifest = manifest
        self._ignored = dict.fromkeys(range(len(self._entries)), 0)

    def looked_for(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings that the recipe does not switch off, as bad as it says they are."""
        return [self._levelled(finding) for finding in findings if finding.code not in self._disabled]

    def counting(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings that no entry ignores; the others are counted.

        The first entry that is meant for a finding ignores it.
        """
        if not self._entries:
            return list(findings)
        paths = self._paths(findings)
        return [finding for finding in findings if not self._is_ignored(finding, paths)]

    def remarks(self) -> list[Finding]:
        """Return ``ignore.expired`` and ``ignore.unused``; to be asked for when all findings were judged."""
        unused = [entry for index, entry in enumerate(self._entries) if not self._ignored[index]]
        return self.looked_for(
            [*(_remark("ignore.expired", entry, f"was in force until {entry.until}, and the dataset has version "
                       f"{self._version}") for entry in self._expired),
             *(_remark("ignore.unused", entry, "has nothing left to ignore") for entry in unused)]
        )  # fmt: skip

    def report(self) -> list[dict[str, Any]]:
        """Return the entries that ignored something, with how much it was."""
        return [
            {"code": entry.code, "reason": entry.reason, "until": entry.until, "findings": self._ignored[index]}
            for index, entry in enumerate(self._entries)
            if self._ignored[index]
        ]

    def _levelled(self, finding: Finding) -> Finding:
        level = self._levels.get(finding.code)
        return finding if level is None else msgspec.structs.replace(finding, severity=level)

    def _paths(self, findings: Iterable[Finding]) -> Mapping[str, str]:
        """Return the recordings of the clips that an entry with a path may be meant for."""
        codes = {entry.code for entry in self._entries if entry.path is not None}
        clips = {finding.clip_id for finding in findings if finding.code in codes and finding.clip_id is not None}
        if not clips:
            return {}
        mask = pc.is_in(self._manifest.column("clip_id"), pa.array(clips, pa.string()))
        found = self._manifest.filter(mask)
        return dict(zip(found.column("clip_id").to_pylist(), found.column("path").to_pylist(), strict=True))

    def _is_ignored(self, finding: Finding, paths: Mapping[str, str]) -> bool:
        recording = None if finding.clip_id is None else paths.get(finding.clip_id)
        for index, entry in enumerate(self._entries):
            if _is_meant(entry, finding, recording):
                self._ignored[index] += 1
                return True
        return False


def _is_meant(entry: Ignore, finding: Finding, recording: str | None) -> bool:
    if entry.code != finding.code:
        return False
    if entry.column is not None and finding.field != pointer(entry.column):
        return False
    if entry.value is not None and finding.value != entry.value:
        return False
    pattern = entry.path
    return pattern is None or any(
        path is not None and fnmatch.fnmatchcase(path, pattern) for path in (finding.path, recording)
    )


def _reached(version: str, until: str) -> bool:
    return _numbers(version) >= _numbers(until)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _remark(code: str, entry: Ignore, state: str) -> Finding:
    meant = "".join(f", {name} `{shown(value, 80)}`" for name, value in _narrowing(entry))
    return catalogue.finding(
        code,
        f"The entry that ignores {entry.code}{meant} {state}; its reason: {shown(entry.reason, 120)}.",
        field=pointer("ignore"),
        value=entry.code,
    )


def _narrowing(entry: Ignore) -> Iterator[tuple[str, str]]:
    named = {"path": entry.path, "column": entry.column, "value": entry.value}
    return ((name, value) for name, value in named.items() if value is not None)
