"""The catalogue of finding codes: what each one means, how bad it is, why it matters and what to do.

Its one home is ``schemas/findings.json``; reports, documents and the severity of every finding are made from it.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from listen_datasets import tables
from listen_datasets.errors import InternalError, UsageError
from listen_datasets.model import Finding, Severity

StageName = Literal["ingest", "validate", "features", "dedup", "split", "shard", "card"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the catalogue says about one code.

    Attributes:
        severity: How bad it is, unless a recipe says otherwise.
        stage: The stage that reports it, or the first one that may.
        meaning: What is wrong, in one sentence.
        why: Why it matters.
        fix: What to do about it.
    """

    severity: Severity
    stage: StageName
    meaning: str
    why: str
    fix: str


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    codes: dict[str, Entry]


@functools.cache
def entries() -> Mapping[str, Entry]:
    """Return the entry of each code, in the order of the file."""
    text = (tables.schemas_folder() / "findings.json").read_bytes()
    return msgspec.json.decode(text, type=_Document).codes


def entry(code: str) -> Entry:
    """Return what the catalogue says about a code.

    Raises:
        InternalError: The catalogue does not know it.
    """
    known = entries().get(code)
    if known is None:
        raise InternalError(f"the finding code {code!r} is not in the catalogue", where="schemas/findings.json")
    return known


def severity(code: str, levels: Mapping[str, Severity] | None = None) -> Severity:
    """Return how bad a finding of this code is.

    Args:
        code: The code.
        levels: Other severities than those of the catalogue, by code.

    Raises:
        InternalError: The catalogue does not know the code.
    """
    return (levels or {}).get(code) or entry(code).severity


def finding(code: str, message: str, **fields: Any) -> Finding:  # noqa: ANN401 - the fields of Finding
    """Make a finding with the severity that the catalogue gives its code.

    Args:
        code: A code of the catalogue.
        message: One sentence with what was seen and what was expected.
        fields: The other attributes of :class:`~listen_datasets.model.Finding`.

    Raises:
        InternalError: The catalogue does not know the code.
    """
    return Finding(code=code, severity=severity(code), message=message, **fields)


def check_known(codes: Iterable[str]) -> None:
    """Refuse codes that somebody typed and that the catalogue does not know.

    Raises:
        UsageError: There is no such code; the nearest one is named.
    """
    for code in codes:
        if code not in entries():
            raise _unknown(code)


def matching(texts: Sequence[str]) -> list[str]:
    """Return the codes that somebody typed, or of which somebody typed the beginning; all if nothing was typed.

    Args:
        texts: Codes, or what stands in codes before a dot; each may be followed by a dot and a star.

    Raises:
        UsageError: There is no such code; the nearest one is named.
    """
    found: dict[str, None] = {}
    for text in texts:
        stem = text.removesuffix("*").removesuffix(".")
        codes = [code for code in entries() if code == stem or code.startswith(f"{stem}.")]
        if not codes:
            raise _unknown(text)
        found.update(dict.fromkeys(codes))
    return list(found) if texts else list(entries())


def _unknown(code: str) -> UsageError:
    near = difflib.get_close_matches(code, entries(), n=1)
    hint = f"did you mean {near[0]}?" if near else "lds explain lists all codes"
    return UsageError(f"there is no finding code {code!r}", hint=hint)
