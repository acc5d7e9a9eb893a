from __future__ import annotations

import errno
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from listen_datasets import ledger
from listen_datasets.commit import CHECKSUMS, RECORD, STAGING, Commit, Move, clean_staging, commit, moved, recover
from listen_datasets.errors import CorruptError, MachineError
from listen_datasets.storage import Disk, write_bytes
from listen_datasets.testing.disks import CountingDisk, FailingDisk, KillingDisk, PowerCut, PowerCutDisk, Survives

OLD_FILES = {
    "manifest.parquet": b"old manifest",
    "dist/data/kept.parquet": b"kept shard",
    "dist/data/old.parquet": b"old shard",
    "features/mfcc/part-00000.parquet": b"features",
    "dist/README.md": b"card",
    CHECKSUMS: b"old sums",
}
NEW_FILES = {
    "manifest.parquet": b"new manifest",
    "findings/split.parquet": b"findings",
    "dist/data/new.parquet": b"new shard",
    CHECKSUMS: b"new sums",
}
REMOVED = ("dist/data/old.parquet", "features/mfcc/part-00000.parquet")


def _line(before: ledger.Ledger, run: str) -> bytes:
    fields = {"run": run, "stage": "shard", "version": "1", "started": "2030-01-01T00:00:00Z", "seconds": 1.0}
    return ledger.line(ledger.next_entry(before, **fields))


def _make_old(root: Path) -> None:
    for name, data in OLD_FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / ledger.NAME).write_bytes(_line(ledger.Ledger(), "first"))
    (root / ".lds").mkdir()


def _stage(disk: Disk, root: Path) -> Commit:
    """Write the new files below the staging folder and return what is to be committed."""
    staging = root / STAGING / "second"
    moves = tuple(moved(root, write_bytes(disk, staging / name, data), name) for name, data in NEW_FILES.items())
    line = _line(ledger.read(root / ledger.NAME), "second").decode().rstrip("\n")
    return Commit(run="second", line=line, moves=moves, removes=REMOVED)


def _run(disk: Disk, root: Path) -> None:
    """Do what a run does: complete or clear away what an earlier one left, then do its work if that is still due."""
    recover(disk, root)
    clean_staging(disk, root)
    if not any(entry.run == "second" for entry in ledger.read(root / ledger.NAME).entries):
        commit(disk, root, _stage(disk, root))


def _tree(root: Path) -> dict[str, bytes]:
    """Return all that a reader of the dataset sees."""
    files = (path for path in root.rglob("*") if path.is_file())
    names = {path.relative_to(root).as_posix(): path for path in files}
    return {name: path.read_bytes() for name, path in names.items() if not name.startswith(".lds/")}


def _dist(tree: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in tree.items() if name.startswith("dist/")}


def _is_honest(tree: dict[str, bytes]) -> bool:
    """Tell whether ``dist`` is either without its checksums, and so unfinished, or exactly what they stand for."""
    return CHECKSUMS not in tree or _dist(tree) in (_dist(OLD), _dist(NEW))


def _expected() -> tuple[dict[str, bytes], dict[str, bytes], list[str]]:
    """Return the tree before and after an undisturbed run, and the operations of that run."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _make_old(root)
        old = _tree(root)
        disk = CountingDisk(root)
        _run(disk, root)
        return old, _tree(root), disk.operations


OLD, NEW, OPERATIONS = _expected()
POINTS = range(1, len(OPERATIONS) + 1)


@pytest.fixture
def root() -> Iterator[Path]:
    # In memory, if possible: what a device would have kept is decided by the fake disk, and flushing costs time.
    memory = Path("/dev/shm")  # noqa: S108 - a fresh folder in it
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        root = Path(folder) / "dataset"
        root.mkdir()
        _make_old(root)
        yield root


def test_a_commit_moves_removes_and_writes_the_ledger(root: Path) -> None:
    _run(Disk(), root)

    untouched = {name: data for name, data in OLD_FILES.items() if name not in REMOVED}
    lines = (root / ledger.NAME).read_bytes()

    assert _tree(root) == {**untouched, **NEW_FILES, ledger.NAME: lines}
    assert [entry.run for entry in ledger.read(root / ledger.NAME).entries] == ["first", "second"]


def test_a_commit_leaves_no_record_and_no_empty_folder(root: Path) -> None:
    _run(Disk(), root)

    assert not (root / RECORD).exists()
    assert not (root / "features").exists()


def test_checksums_go_first_and_come_last(root: Path) -> None:
    start = OPERATIONS.index(f"rename {RECORD}")
    changes = [text for text in OPERATIONS[start:] if text.startswith(("rename", "remove "))]

    assert changes[1] == f"remove {CHECKSUMS}"
    assert changes[-2:] == [f"rename {CHECKSUMS}", f"remove {RECORD}"]


def test_names_are_flushed_before_the_record_goes() -> None:
    start = OPERATIONS.index(f"rename {RECORD}")
    end = OPERATIONS.index(f"remove {RECORD}")
    flushed = {text.removeprefix("flush folder ") for text in OPERATIONS[start:end] if text.startswith("flush folder")}

    assert {".", "dist", "dist/data", "findings"} <= flushed


@pytest.mark.parametrize("survives", ["everything", "names", "flushed"])
@pytest.mark.parametrize("n", POINTS)
def test_a_power_cut_leaves_the_old_state_or_the_new_one(root: Path, n: int, survives: Survives) -> None:
    with pytest.raises(PowerCut):
        _run(PowerCutDisk(n, root, survives), root)

    assert _is_honest(_tree(root))
    recover(Disk(), root)
    assert _tree(root) in (OLD, NEW)
    _run(Disk(), root)
    assert _tree(root) == NEW


@pytest.mark.parametrize("survives", ["everything", "names", "flushed"])
def test_a_commit_that_has_returned_survives_a_power_cut(root: Path, survives: Survives) -> None:
    disk = PowerCutDisk(len(OPERATIONS) + 1, root, survives)
    _run(disk, root)

    with pytest.raises(PowerCut):
        disk.mkdir(root / "next")

    assert _tree(root) == NEW
    assert not (root / RECORD).exists()


def test_a_file_that_is_removed_and_written_is_replaced(root: Path) -> None:
    record = _stage(Disk(), root)
    both = msgspec.structs.replace(record, removes=(*record.removes, "manifest.parquet", CHECKSUMS))

    commit(Disk(), root, both)

    assert _tree(root) == NEW


@pytest.mark.parametrize("survives", ["everything", "names", "flushed"])
@pytest.mark.parametrize("again", [1, 4, 7, 10, 13, 16, 19])
def test_a_power_cut_while_recovering_does_no_more_harm(root: Path, again: int, survives: Survives) -> None:
    with pytest.raises(PowerCut):
        _run(PowerCutDisk(OPERATIONS.index(f"rename {RECORD}") + 3, root), root)
    with pytest.raises(PowerCut):
        recover(PowerCutDisk(again, root, survives), root)

    assert recover(Disk(), root)
    assert _tree(root) == NEW


@pytest.mark.parametrize("n", POINTS)
def test_a_refused_operation_is_a_clean_failure(root: Path, n: int) -> None:
    with pytest.raises(MachineError, match="ENOSPC"):
        _run(FailingDisk(n, errno.ENOSPC, root), root)

    assert (root / RECORD).exists() or _tree(root) in (OLD, NEW)
    assert not [name for name in _tree(root) if name.endswith(".tmp")]

    _run(Disk(), root)
    assert _tree(root) == NEW


@pytest.mark.parametrize("n", POINTS[::3])
def test_a_killed_run_is_completed_by_the_next(root: Path, n: int) -> None:
    child = os.fork()
    if child == 0:
        try:
            _run(KillingDisk(n, root), root)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL

    _run(Disk(), root)

    assert _tree(root) == NEW
    assert clean_staging(Disk(), root) == 0


def test_without_a_record_there_is_nothing_to_recover(root: Path) -> None:
    assert not recover(Disk(), root)


@pytest.fixture
def interrupted(root: Path) -> Path:
    """Return a dataset whose commit was cut off right after its record got its name."""
    with pytest.raises(PowerCut):
        _run(PowerCutDisk(OPERATIONS.index(f"rename {RECORD}") + 2, root), root)
    return root


def test_any_flipped_byte_of_a_record_is_found(interrupted: Path) -> None:
    data = (interrupted / RECORD).read_bytes()

    def is_found(place: int) -> bool:
        (interrupted / RECORD).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(CorruptError, match="record of an unfinished commit is damaged"):
            recover(Disk(), interrupted)
        return True

    assert all(is_found(place) for place in range(len(data)))
    assert _tree(interrupted) == OLD


@pytest.mark.parametrize("damage", ["change", "cut", "remove", "link"])
def test_a_damaged_staged_file_stops_a_recovery_before_it_begins(interrupted: Path, damage: str) -> None:
    staged = interrupted / STAGING / "second" / "manifest.parquet"
    data = staged.read_bytes()
    staged.unlink()
    if damage == "link":
        staged.symlink_to(interrupted / "manifest.parquet")
    elif damage != "remove":
        staged.write_bytes({"change": b"NEW" + data[3:], "cut": data[:-1]}[damage])

    with pytest.raises(CorruptError, match=r"manifest\.parquet is not what was written"):
        recover(Disk(), interrupted)

    assert _tree(interrupted) == OLD


def test_a_ledger_changed_meanwhile_stops_a_recovery(interrupted: Path) -> None:
    path = interrupted / ledger.NAME
    path.write_bytes(path.read_bytes() + _line(ledger.read(path), "stranger"))

    with pytest.raises(CorruptError, match="ledger is not the one"):
        recover(Disk(), interrupted)


def test_a_torn_ledger_line_is_cut_off_before_the_next_is_written(interrupted: Path) -> None:
    path = interrupted / ledger.NAME
    path.write_bytes(path.read_bytes() + b'{"agent":{},"con')

    recover(Disk(), interrupted)

    assert _tree(interrupted) == NEW


def test_a_torn_ledger_line_stops_a_commit_without_a_crash_to_explain_it(root: Path) -> None:
    record = _stage(Disk(), root)
    with (root / ledger.NAME).open("ab") as file:
        file.write(b"{")

    with pytest.raises(CorruptError, match="ledger is not the one"):
        commit(Disk(), root, record)


def test_a_commit_over_an_unfinished_one_is_refused(interrupted: Path) -> None:
    with pytest.raises(CorruptError, match="unfinished commit is in the way"):
        commit(Disk(), interrupted, Commit(run="third", line="{}"))


def test_a_staged_file_that_is_missing_stops_a_commit(root: Path) -> None:
    record = _stage(Disk(), root)
    (root / STAGING / "second" / CHECKSUMS).unlink()

    with pytest.raises(CorruptError, match="SHA256SUMS is not what was written"):
        commit(Disk(), root, record)

    assert _tree(root) == OLD


HOSTILE = [
    "../canary",
    "/etc/canary",
    "a/../../canary",
    "",
    ".",
    "a//b",
    "link/canary",
    ".lds/lock",
    ledger.NAME,
    "a\0b",
]


@pytest.fixture
def canary(root: Path) -> Iterator[Path]:
    path = root.parent / "canary"
    path.write_bytes(b"alive")
    (root / "link").symlink_to(root.parent)
    yield path
    assert path.read_bytes() == b"alive"


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.usefixtures("canary")
def test_a_record_cannot_remove_what_is_not_the_datasets(root: Path, name: str) -> None:
    with pytest.raises(CorruptError, match="may not change"):
        commit(Disk(), root, Commit(run="x", line="", removes=(name,)))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.usefixtures("canary")
def test_a_record_cannot_write_what_is_not_the_datasets(root: Path, name: str) -> None:
    written = write_bytes(Disk(), root / STAGING / "x" / "a", b"bad")

    with pytest.raises(CorruptError, match="may not change"):
        commit(Disk(), root, Commit(run="x", line="", moves=(moved(root, written, name),)))


@pytest.mark.parametrize("source", [*HOSTILE, "manifest.parquet", ".lds/stage/../lock"])
@pytest.mark.usefixtures("canary")
def test_a_record_cannot_take_files_from_outside_the_staging_folder(root: Path, source: str) -> None:
    move = Move(source=source, target="a", bytes=5, sha256="")

    with pytest.raises(CorruptError, match="may not change"):
        commit(Disk(), root, Commit(run="x", line="", moves=(move,)))


def test_cleaning_removes_what_is_unfinished_and_follows_no_link(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"mine")
    staging = root / STAGING / "dead" / "dist"
    staging.mkdir(parents=True)
    (staging / "half.parquet").write_bytes(b"half")
    (staging / "link").symlink_to(outside)
    (root / ".lds-0123456789ab.tmp").write_bytes(b"half")

    assert clean_staging(Disk(), root) == 3

    assert _tree(root) == OLD
    assert list((root / STAGING).iterdir()) == []
    assert (outside / "precious").read_bytes() == b"mine"


def test_cleaning_keeps_what_it_is_told_to_keep(root: Path) -> None:
    for run in ("mine", "other"):
        (root / STAGING / run).mkdir(parents=True)

    clean_staging(Disk(), root, keep={"mine"})

    assert [path.name for path in (root / STAGING).iterdir()] == ["mine"]


def test_cleaning_a_dataset_that_never_staged_anything_is_fine(root: Path) -> None:
    shutil.rmtree(root / ".lds")

    assert clean_staging(Disk(), root) == 0
