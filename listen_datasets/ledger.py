"""The ledger ``provenance.jsonl``: one line a run, for ever, in which any later change shows.

A line is the canonical JSON of an :class:`Entry` with ``crc``, the CRC-32 (8 hex digits) of the same JSON without it.
``prev`` is the digest of the line before and ``n`` counts from 1 without gaps. Terms are those of W3C PROV: a run used
some things, generated others, and an agent (the versions at work) carried it out.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from listen_datasets.digest import canonical_json
from listen_datasets.errors import CorruptError

NAME = "provenance.jsonl"
VERSION = 1
_HINT = "restore the ledger from a copy; lds does not repair what it cannot prove"


class Generated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that a run made: its length in bytes and the hex digest of its content."""

    bytes: int
    sha256: str


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run.

    Attributes:
        v: Version of the format.
        n: Number of the entry, from 1.
        run: Id of the run.
        prev: ``sha256:<hex>`` of the line before, without its newline; None in the first.
        stage: What ran.
        version: Version of the stage.
        config: Its configuration, normalised.
        used: Digests of what the outcome depends on, by name.
        generated: The files it made, by their path in the dataset.
        removed: Paths of the files it took away.
        agent: Versions of ``lds`` and of the native libraries at work.
        counts: Fates of the inputs.
        findings: Number of findings by code.
        report: Small JSON summary.
        started: UTC time in ISO 8601.
        seconds: How long it took.
    """

    n: int
    run: str
    stage: str
    version: str
    started: str
    seconds: float
    prev: str | None = None
    v: int = VERSION
    config: dict[str, Any] = {}
    used: dict[str, str] = {}
    generated: dict[str, Generated] = {}
    removed: tuple[str, ...] = ()
    agent: dict[str, str] = {}
    counts: dict[str, int] = {}
    findings: dict[str, int] = {}
    report: dict[str, Any] = {}


@dataclass(frozen=True)
class FileRecord:
    """What the ledger says of a file that is in the dataset now.

    Attributes:
        sha256: Hex digest of its content.
        bytes: Its length.
        stage: The stage that made it.
        n: The entry that says so.
    """

    sha256: str
    bytes: int
    stage: str
    n: int


@dataclass(frozen=True)
class Ledger:
    """What lies in a ledger file.

    Attributes:
        entries: The runs, oldest first.
        last: The last good line without its newline; empty if there is none.
        good_bytes: Length of the good lines.
        torn_bytes: Length of a torn last line behind them. A crash leaves one only while a commit is unfinished; at any
            other time it means that the file was damaged.
    """

    entries: tuple[Entry, ...] = ()
    last: bytes = b""
    good_bytes: int = 0
    torn_bytes: int = 0


def line(entry: Entry) -> bytes:
    """Return the line of an entry, with its newline.

    Raises:
        ValueError: The configuration or the report holds NaN or an infinity.
    """
    return _sealed(msgspec.to_builtins(entry)) + b"\n"


def next_entry(ledger: Ledger, **fields: Any) -> Entry:  # noqa: ANN401 - the fields of Entry
    """Return the entry that follows a ledger, from its fields other than ``n`` and ``prev``."""
    return Entry(n=len(ledger.entries) + 1, prev=_digest(ledger.last), **fields)


def read(path: Path) -> Ledger:
    """Read a ledger and check every line; a file that is not there is an empty ledger.

    Raises:
        CorruptError: A line that is not the last is bad, or `n` or `prev` do not follow from the line before.
    """
    data = path.read_bytes() if path.exists() else b""
    *texts, rest = data.split(b"\n")
    entries: list[Entry] = []
    last = b""
    for number, text in enumerate(texts, start=1):
        entry = _entry(text)
        if entry is None:
            if number < len(texts) or rest:
                raise _corrupt(number, "is not what lds wrote")
            break
        if not _is_next(entry, number, last):
            raise _corrupt(number, "does not follow from the line before it")
        entries.append(entry)
        last = text
    good_bytes = sum(len(text) + 1 for text in texts[: len(entries)])
    return Ledger(tuple(entries), last, good_bytes, len(data) - good_bytes)


def follows(ledger: Ledger, text: bytes) -> bool:
    """Tell whether a line (with or without its newline) may be appended to a ledger."""
    entry = _entry(text.removesuffix(b"\n"))
    return entry is not None and _is_next(entry, len(ledger.entries) + 1, ledger.last)


def state(entries: Iterable[Entry]) -> dict[str, FileRecord]:
    """Fold the runs into the files that the dataset should hold now, by path."""
    files: dict[str, FileRecord] = {}
    for entry in entries:
        for path in entry.removed:
            files.pop(path, None)
        for path, made in entry.generated.items():
            files[path] = FileRecord(made.sha256, made.bytes, entry.stage, entry.n)
    return files


def _is_next(entry: Entry, number: int, last: bytes) -> bool:
    return entry.n == number and entry.prev == _digest(last)


def _digest(text: bytes) -> str | None:
    return "sha256:" + hashlib.sha256(text).hexdigest() if text else None


def _sealed(document: dict[str, Any]) -> bytes:
    return canonical_json({**document, "crc": f"{zlib.crc32(canonical_json(document)):08x}"})


def _entry(text: bytes) -> Entry | None:
    """Return the entry of a line without its newline, or None if any byte is not as it was written."""
    try:
        document = json.loads(text)
        document.pop("crc")
        entry = msgspec.convert(document, Entry)
        return entry if _sealed(document) == text else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _corrupt(number: int, reason: str) -> CorruptError:
    return CorruptError(f"line {number} of the ledger {reason}", where=f"{NAME}:{number}", hint=_HINT)
