"""Check every byte of a dataset against its ledger, and ``dist`` against its own checksums. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from listen_datasets import checksums, commit, digest, ledger
from listen_datasets.errors import CorruptError
from listen_datasets.ledger import FileRecord
from listen_datasets.progress import Progress

OWNED_FOLDERS = ("dist", "features", "findings", "fingerprints")
"""Folders of a dataset that hold nothing but what ``lds`` has written."""


@dataclass(frozen=True, kw_only=True)
class Damage:
    """One thing that is not as it was written.

    Attributes:
        path: Relative to the dataset.
        what: One sentence.
    """

    path: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The result of a check.

    Attributes:
        files: Number of files compared with the ledger.
        bytes: Their length together.
        entries: Number of ledger lines whose chain holds.
        damage: What is wrong; empty if nothing is.
    """

    files: int
    bytes: int
    entries: int
    damage: tuple[Damage, ...]


def verify(root: Path, progress: Progress) -> Verified:
    """Read the ledger and every file that it names.

    Readers need no lock; if another run has committed meanwhile, what looks like damage is looked at again.

    Returns:
        What was checked and what is wrong. A damaged ledger is damage like any other.
    """
    while True:
        before = _moment(root)
        result = _verify(root, progress)
        if not result.damage or _moment(root) == before:
            return result


def _moment(root: Path) -> tuple[int, bool]:
    """Return what every commit changes: the length of the ledger, and whether a commit is being carried out."""
    path = root / ledger.NAME
    return (path.stat().st_size if path.exists() else 0, (root / commit.RECORD).exists())


def _verify(root: Path, progress: Progress) -> Verified:
    if (root / commit.RECORD).exists():
        what = "a run was interrupted while it committed; any lds command that runs a stage completes it"
        return Verified(files=0, bytes=0, entries=0, damage=(Damage(path=commit.RECORD, what=what),))
    try:
        known = ledger.read(root / ledger.NAME)
    except CorruptError as error:
        return _broken_ledger(error.where or ledger.NAME, error.message)
    if known.torn_bytes:
        return _broken_ledger(ledger.NAME, "its last line is damaged")
    records = ledger.state(known.entries)
    shown = progress(sorted(records.items()), total=len(records), label="verify", unit="file")
    damage = [item for path, record in shown for item in _compare(root, path, record)]
    damage += _strangers(root, records)
    damage += _checksums(root, records)
    return Verified(
        files=len(records),
        bytes=sum(record.bytes for record in records.values()),
        entries=len(known.entries),
        damage=tuple(damage),
    )


def _broken_ledger(where: str, what: str) -> Verified:
    return Verified(files=0, bytes=0, entries=0, damage=(Damage(path=where, what=what),))


def _compare(root: Path, path: str, record: FileRecord) -> Iterator[Damage]:
    file = root / path
    if file.is_symlink() or not file.is_file():
        yield Damage(path=path, what=f"is missing; {record.stage} wrote it")
    elif file.stat().st_size != record.bytes:
        yield Damage(path=path, what=f"has {file.stat().st_size} bytes; {record.stage} wrote {record.bytes}")
    elif digest.of_file(file) != record.sha256:
        yield Damage(path=path, what=f"is not what {record.stage} wrote: its digest differs")


def _strangers(root: Path, records: Mapping[str, FileRecord]) -> Iterator[Damage]:
    for folder in OWNED_FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            path = file.relative_to(root).as_posix()
            if (file.is_symlink() or not file.is_dir()) and path not in records:
                yield Damage(path=path, what="was not written by lds")


def _checksums(root: Path, records: Mapping[str, FileRecord]) -> Iterator[Damage]:
    """Compare the list that strangers will check with what the ledger knows."""
    listed = commit.CHECKSUMS
    files = {path.removeprefix("dist/"): record for path, record in records.items() if path.startswith("dist/")}
    if listed not in records or not (root / listed).is_file():
        if files:
            yield Damage(path=listed, what="is missing: dist is unfinished; run lds shard or lds card again")
        return
    try:
        sums = checksums.parse((root / listed).read_bytes())
    except CorruptError as error:
        yield Damage(path=listed, what=error.message)
        return
    expected = {path: record.sha256 for path, record in files.items() if f"dist/{path}" != listed}
    for path in sorted(sums.keys() | expected.keys()):
        if sums.get(path) != expected.get(path):
            yield Damage(path=f"dist/{path}", what="stands otherwise in dist/SHA256SUMS than in the ledger")
