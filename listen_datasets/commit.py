"""Change several files of a dataset at once: all of them, or none, whatever happens meanwhile.

Everything new is durable below ``.lds/stage/<run>/`` before a commit begins. The commit is the moment at which the
record ``.lds/commit.json`` gets its name. Then the record is carried out: files move to their places, others go away,
the ledger gets its line, the record is removed. Whoever opens the dataset and finds a record carries it out again;
every step may be repeated. Call these functions under the lock only (:mod:`listen_datasets.lock`).
"""

from __future__ import annotations

import stat
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from listen_datasets import digest, ledger
from listen_datasets.errors import CorruptError
from listen_datasets.paths import real
from listen_datasets.storage import Disk, Written, is_temporary, make_folder, write_bytes

PRIVATE = ".lds"
RECORD = f"{PRIVATE}/commit.json"
STAGING = f"{PRIVATE}/stage"
CHECKSUMS = "dist/SHA256SUMS"
"""Goes away first and comes last: a ``dist`` without it says of itself that it is unfinished."""

_HINT = "restore the dataset from a copy, or run the stage again into a new folder"


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A complete file on its way to its place; both paths are relative to the dataset.

    Attributes:
        source: Where it is, below the staging folder.
        target: Where it belongs.
        bytes: Its length.
        sha256: Hex digest of its content.
    """

    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    bytes: int
    sha256: str


class Commit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run changes.

    Attributes:
        run: Id of the run.
        line: Its line of the ledger, as text without the newline.
        moves: New files.
        removes: Files that go away; one that is also the target of a move is replaced by it.
        v: Version of the format.
    """

    run: str
    line: str
    moves: tuple[Move, ...] = ()
    removes: tuple[str, ...] = ()
    v: int = 1


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    commit: Commit
    crc: str


def moved(root: Path, written: Written, target: str) -> Move:
    """Return the move of a staged file to its place in the dataset."""
    source = written.path.relative_to(root).as_posix()
    return Move(source=source, target=target, bytes=written.bytes, sha256=written.sha256)


def commit(disk: Disk, root: Path, record: Commit) -> None:
    """Carry out a change of a dataset.

    If it fails before the record is written, the dataset is unchanged; after that, :func:`recover` completes it.

    Raises:
        CorruptError: A staged file or the ledger is not as the record says, or another commit is unfinished.
        MachineError: The operating system refused.
    """
    if (root / RECORD).exists():
        raise CorruptError("an unfinished commit is in the way", where=RECORD, hint="open the dataset again")
    _prove(root, record, content=False)
    write_bytes(disk, root / RECORD, _seal(record))
    _carry_out(disk, root, record)


def recover(disk: Disk, root: Path) -> bool:
    """Complete a commit that was interrupted, and say whether there was one.

    Raises:
        CorruptError: The record, or a file that it names, is not what was written. Nothing is changed then.
    """
    path = root / RECORD
    if not path.exists():
        return False
    record = _unseal(path.read_bytes())
    _prove(root, record, content=True)
    _carry_out(disk, root, record)
    return True


def clean_staging(disk: Disk, root: Path, keep: Collection[str] = ()) -> int:
    """Remove what unfinished runs left behind and return the number of files; links are removed, never followed.

    Args:
        disk: What removes.
        root: The dataset.
        keep: Ids of runs whose staging folders stay.
    """
    removed = 0
    for folder in (root, root / PRIVATE):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if is_temporary(path.name):
                disk.unlink(path)
                removed += 1
    staging = root / STAGING
    for path in sorted(staging.iterdir()) if staging.is_dir() else ():
        if path.name not in keep:
            removed += _remove_tree(disk, path)
    return removed


def _carry_out(disk: Disk, root: Path, record: Commit) -> None:
    checksums = [move for move in record.moves if move.target == CHECKSUMS]
    others = [move for move in record.moves if move.target != CHECKSUMS]
    replaced = {move.target for move in record.moves}
    _withdraw_checksums(disk, root, record)
    _change(disk, root, others, [name for name in record.removes if name not in replaced])
    _change(disk, root, checksums, [])
    _append(disk, root / ledger.NAME, record.line.encode())
    disk.unlink(root / RECORD)
    disk.fsync_directory(root / PRIVATE)


def _withdraw_checksums(disk: Disk, root: Path, record: Commit) -> None:
    pending = any(move.target == CHECKSUMS and (root / move.source).exists() for move in record.moves)
    if (pending or CHECKSUMS in record.removes) and (root / CHECKSUMS).exists():
        disk.unlink(root / CHECKSUMS)
        disk.fsync_directory((root / CHECKSUMS).parent)


def _change(disk: Disk, root: Path, moves: Sequence[Move], removes: Sequence[str]) -> None:
    """Move and remove files, and wait until the device holds the names: the record must not go before they do."""
    folders: set[Path] = set()
    for move in moves:
        target = root / move.target
        make_folder(disk, target.parent)
        folders.add(target.parent)
        if (root / move.source).exists():
            disk.rename(root / move.source, target)
    for name in removes:
        disk.unlink(root / name)
        folders.add(_prune(disk, (root / name).parent, root))
    for folder in sorted(folders):
        if folder.is_dir():
            disk.fsync_directory(folder)


def _prune(disk: Disk, folder: Path, root: Path) -> Path:
    """Remove empty folders upwards and return the first that stays."""
    while folder != root and disk.rmdir(folder):
        folder = folder.parent
    return folder


def _append(disk: Disk, path: Path, text: bytes) -> None:
    found = ledger.read(path)
    descriptor = disk.open_append(path)
    try:
        if found.torn_bytes:
            disk.truncate(descriptor, path, found.good_bytes)
        if found.last != text:
            disk.append(descriptor, path, text + b"\n")
        disk.fsync(descriptor, path)
    finally:
        disk.close(descriptor, path)
    disk.fsync_directory(path.parent)


def _prove(root: Path, record: Commit, *, content: bool) -> None:
    """Check all that a record relies on before anything is changed.

    Args:
        root: The dataset.
        record: What is to be carried out.
        content: Whether it may have been begun before: a file may be in its place already, the last line of the ledger
            may be torn, and digests are compared. Otherwise lengths are enough, as the files were verified just now.
    """
    for name in record.removes:
        _place(root, name)
    for move in record.moves:
        source, target = _staged(root, move.source), _place(root, move.target)
        found = target if content and not source.exists() else source
        if not _holds(found, move, content=content):
            raise CorruptError(f"{move.target} is not what was written", where=move.target, hint=_HINT)
    found_ledger = ledger.read(root / ledger.NAME)
    text = record.line.encode()
    is_sound = content or not found_ledger.torn_bytes
    if not is_sound or not (found_ledger.last == text or ledger.follows(found_ledger, text)):
        raise CorruptError("the ledger is not the one that this run began with", where=ledger.NAME, hint=_HINT)


def _holds(path: Path, move: Move, *, content: bool) -> bool:
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(facts.st_mode) or facts.st_size != move.bytes:
        return False
    return not content or digest.of_file(path) == move.sha256


def _place(root: Path, name: str) -> Path:
    """Return a path of the dataset that a commit may change: a record may come from a stranger."""
    path = _inside(root, name)
    if PurePosixPath(name).parts[0] == PRIVATE or name == ledger.NAME:
        raise _refused(name)
    return path


def _staged(root: Path, name: str) -> Path:
    path = _inside(root, name)
    if not PurePosixPath(name).is_relative_to(STAGING):
        raise _refused(name)
    return path


def _inside(root: Path, name: str) -> Path:
    pure = PurePosixPath(name)
    if not name or "\0" in name or pure.is_absolute() or ".." in pure.parts or pure.as_posix() != name or name == ".":
        raise _refused(name)
    path = root / name
    # A folder on the way may be a link to elsewhere.
    if not real(path.parent).is_relative_to(real(root)):
        raise _refused(name)
    return path


def _refused(name: str) -> CorruptError:
    return CorruptError(
        f"the unfinished commit names a path that it may not change: {name!r}", where=RECORD, hint=_HINT
    )


def _seal(record: Commit) -> bytes:
    document = msgspec.to_builtins(record)
    return digest.canonical_json({"commit": document, "crc": f"{zlib.crc32(digest.canonical_json(document)):08x}"})


def _unseal(data: bytes) -> Commit:
    try:
        record = msgspec.json.decode(data, type=_Sealed).commit
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        record = None
    if record is None or _seal(record) != data:
        raise CorruptError("the record of an unfinished commit is damaged", where=RECORD, hint=_HINT)
    return record


def _remove_tree(disk: Disk, path: Path) -> int:
    if path.is_symlink() or not path.is_dir():
        disk.unlink(path)
        return 1
    removed = sum(_remove_tree(disk, inner) for inner in sorted(path.iterdir()))
    disk.rmdir(path)
    return removed
