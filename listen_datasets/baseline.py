"""A baseline: what was found before, so that a pipeline switched on for an old dataset fails for what is new alone.

A baseline is the document that ``--json`` prints. A finding is the same one as before if it has the code, the place (the
clip; else the file, the field and the value) and comes no more often: lines move, and messages are reworded. Where more was
found than is stored, findings cannot be told apart and are compared by number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from listen_datasets.errors import UsageError
from listen_datasets.inputs import InputProblem, opened
from listen_datasets.model import Finding

MAX_BYTES = 2**28
"""Largest baseline."""

MADE_BY = "make one with lds validate DATASET --json > findings.json"
"""How a baseline comes about."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage found before.

    Attributes:
        by_code: How many findings there were of each code.
        items: Those that were stored.
    """

    by_code: dict[str, int]
    items: tuple[Finding, ...]


class _Stage(msgspec.Struct, frozen=True, kw_only=True):
    findings: Known


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    command: str
    findings: Known | None = None
    stages: dict[str, _Stage] = {}


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What is found now, beside what was found before.

    Attributes:
        findings: The stored findings that are new.
        by_code: How many new ones there are of each code that has any.
        known: How many findings are not new.
        gone: How many of those before there are no more.
    """

    findings: tuple[Finding, ...]
    by_code: Mapping[str, int]
    known: int
    gone: int


def read(path: Path) -> Mapping[str, Known]:
    """Return what was found before, by stage.

    Raises:
        UsageError: The file is no document of a stage, or of ``lds run``.
    """
    try:
        with opened(path.parent, path.name) as file:
            data = file.read(0, MAX_BYTES + 1)
    except InputProblem as problem:
        raise UsageError(f"the baseline {path} cannot be read: {problem.reason}", hint=MADE_BY) from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"the baseline {path} is larger than {MAX_BYTES} bytes", hint=MADE_BY)
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"the baseline {path} is none: {error}", hint=MADE_BY) from None
    found = {name: stage.findings for name, stage in document.stages.items()}
    return found if document.findings is None else {**found, document.command: document.findings}


def compare(findings: Sequence[Finding], by_code: Mapping[str, int], known: Known) -> Compared:
    """Return what is new.

    Args:
        findings: The stored findings.
        by_code: How many there are of each code, stored or not.
        known: What was found before.
    """
    fresh: list[Finding] = []
    numbers: dict[str, int] = {}
    still = 0
    now, before = _by_code(findings), _by_code(known.items)
    for code, number in by_code.items():
        items, earlier = now.get(code, []), before.get(code, [])
        new = _new(items, earlier)
        count = len(new)
        if number > len(items) or known.by_code.get(code, 0) > len(earlier):
            count = max(0, number - known.by_code.get(code, 0))
        still += number - count
        if count:
            numbers[code] = count
            fresh += new[:count]
    return Compared(findings=tuple(fresh), by_code=numbers, known=still, gone=sum(known.by_code.values()) - still)


def _by_code(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.code, []).append(finding)
    return grouped


def _new(now: Iterable[Finding], before: Iterable[Finding]) -> list[Finding]:
    left = Counter(map(_identity, before))
    new = []
    for finding in now:
        identity = _identity(finding)
        if left[identity]:
            left[identity] -= 1
        else:
            new.append(finding)
    return new


def _identity(finding: Finding) -> tuple[str | None, ...]:
    if finding.clip_id is not None:
        return (finding.clip_id, finding.field)
    return (finding.path, finding.field, finding.value)
