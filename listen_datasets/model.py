"""The words of ``lds`` as values: findings, the fates of inputs, and their counts."""

from __future__ import annotations

import enum
from typing import Literal, get_args

import msgspec

from listen_datasets.errors import InternalError

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

Scalar = str | int | float | bool | None


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with the data (never with ``lds``).

    Attributes:
        code: Stable name of what is wrong, such as ``audio.truncated``; the catalogue is ``schemas/findings.json``.
        severity: ``error`` (must not be published), ``warning`` (look at it) or ``note``.
        message: One sentence with what was seen and what was expected.
        clip_id: The clip it is about.
        path: The recording, relative to its source root, or the metadata file.
        line: Line of the metadata file, counted from 1.
        field: JSON Pointer to the value in the row, such as ``/label``.
        value: The offending value as text, cut to 200 characters.
        hint: What to do next.
        evidence: The numbers behind it.
    """

    code: str
    severity: Severity
    message: str
    clip_id: str | None = None
    path: str | None = None
    line: int | None = None
    field: str | None = None
    value: str | None = None
    hint: str | None = None
    evidence: dict[str, Scalar] | None = None


class Fate(enum.StrEnum):
    """What became of an input. Every input has exactly one fate."""

    KEPT = "kept"
    DUPLICATE = "duplicate"
    EXCLUDED = "excluded"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many inputs met which fate. Inputs are recordings found, and metadata rows that name no recording."""

    inputs: int
    kept: int = 0
    duplicate: int = 0
    excluded: int = 0
    rejected: int = 0
    unreadable: int = 0

    def checked(self) -> Counts:
        """Return self if the fates sum to the inputs (the law of conservation).

        Raises:
            InternalError: An input was lost or counted twice: a bug in ``lds``.
        """
        total = self.kept + self.duplicate + self.excluded + self.rejected + self.unreadable
        if total != self.inputs:
            raise InternalError(f"{self.inputs} inputs but {total} fates: {self}")
        return self


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """An input that became no row of the manifest.

    Attributes:
        source: Name of the source it lies in.
        path: Relative to the source root, escaped if it is not printable text.
        code: The finding code that says why.
        reason: One sentence.
        fate: ``rejected`` (read, and bad) or ``unreadable`` (could not be read; a retry may help).
        bytes: Its size, if it could be read.
        sha256: Digest of its bytes, if it could be read.
    """

    source: str
    path: str
    code: str
    reason: str
    fate: Fate = Fate.REJECTED
    bytes: int | None = None
    sha256: str | None = None
