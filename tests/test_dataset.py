from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from listen_datasets import Dataset, commit, ledger, lock, stages
from listen_datasets.errors import CorruptError, LockedError, MachineError, UsageError
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.executors.serial import Serial
from listen_datasets.progress import Silent
from listen_datasets.storage import Disk
from listen_datasets.testing.disks import CountingDisk, FailingDisk, PowerCut, PowerCutDisk
from listen_datasets.testing.small import recording, small_dataset
from listen_datasets.verification import verify

STAGES = stages.ORDER


def apply(root: Path, *names: str, disk: Disk | None = None, force: bool = False) -> list[bool]:
    dataset = Dataset.open(root, disk=disk)
    return [dataset.apply(stages.find(name), executor=Serial(), force=force).is_up_to_date for name in names]


def tree(root: Path) -> dict[str, bytes]:
    """Everything but the ledger and what is private: two equal runs differ there only."""
    files = (path for path in root.rglob("*") if path.is_file() and ".lds" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files if path.name != ledger.NAME}


def test_applying_twice_is_applying_once(small: Path) -> None:
    assert apply(small, *STAGES) == [False] * len(STAGES)
    before = tree(small)

    assert apply(small, *STAGES) == [True] * len(STAGES)
    assert tree(small) == before


def test_forced_runs_give_the_same_bytes(small: Path) -> None:
    apply(small, *STAGES)
    before = tree(small)

    assert apply(small, *STAGES, force=True) == [False] * len(STAGES)
    assert tree(small) == before


def test_time_of_files_does_not_matter_and_content_does(small: Path) -> None:
    apply(small, "ingest")
    file = small / "recordings" / "group0" / "low.wav"
    os.utime(file, (0, 0))
    assert apply(small, "ingest") == [True]

    file.write_bytes(recording(77))
    assert apply(small, "ingest") == [False]


def test_later_stages_run_again_after_an_earlier_one_has(small: Path) -> None:
    apply(small, *STAGES)
    (small / "recordings" / "group0" / "low.wav").write_bytes(recording(77))

    assert apply(small, *STAGES) == [False] * len(STAGES)
    assert verify(small, Silent()).damage == ()


def test_stage_that_needs_another_says_so(small: Path) -> None:
    with pytest.raises(UsageError, match="validate needs ingest, which has not run") as caught:
        apply(small, "validate")

    assert caught.value.hint == "lds ingest small, or lds run small"


def test_stage_refuses_columns_that_an_earlier_run_has_taken_away(small: Path) -> None:
    apply(small, "ingest", "split")
    (small / "recordings" / "group0" / "low.wav").write_bytes(recording(77))
    apply(small, "ingest")

    with pytest.raises(UsageError, match="shard needs split, which must run again"):
        apply(small, "shard")


def test_findings_of_a_stage_that_is_up_to_date_are_still_there(small: Path) -> None:
    (small / "recordings" / "broken.wav").write_bytes(b"<html>not found</html>")
    dataset = Dataset.open(small)
    first = dataset.apply(stages.find("ingest"), executor=Serial())
    second = dataset.apply(stages.find("ingest"), executor=Serial())

    assert second.is_up_to_date
    assert second.findings == first.findings != ()


def test_changed_manifest_is_refused(small: Path) -> None:
    apply(small, "ingest")
    manifest = small / "manifest.parquet"
    manifest.write_bytes(manifest.read_bytes()[:-1] + b"x")

    with pytest.raises(CorruptError, match=r"manifest\.parquet is not what lds wrote"):
        apply(small, "validate")


def test_second_run_at_the_same_time_is_refused(small: Path) -> None:
    with lock.locked(Disk(small), small, "other-run"), pytest.raises(LockedError, match="other-run"):
        apply(small, "ingest")


def test_inputs_are_never_touched(small: Path) -> None:
    def seen() -> dict[str, tuple[int, bytes]]:
        files = [*(small / "recordings").rglob("*.wav"), small / "metadata.csv", small / "lds.toml"]
        return {str(file): (file.stat().st_mtime_ns, file.read_bytes()) for file in files}

    before = seen()
    apply(small, *STAGES)

    assert seen() == before


def test_dist_is_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    trees: list[dict[str, bytes]] = []
    for executor in (Serial(), LocalProcesses(1), LocalProcesses(2)):
        root = small_dataset(tmp_path / f"{len(trees)}" / "small")
        dataset = Dataset.open(root)
        for name in STAGES:
            dataset.apply(stages.find(name), executor=executor)
        trees.append(tree(root))

    assert trees[0] == trees[1] == trees[2]


def test_ledger_accounts_for_every_input_in_every_entry(finished: Path) -> None:
    for entry in Dataset.open(finished).ledger().entries:
        fates = dict(entry.counts)
        assert fates.pop("inputs") == sum(fates.values()) == 8


def test_create_refuses_to_write_over_files(small: Path) -> None:
    with pytest.raises(UsageError, match=r"lds\.toml is there already"):
        Dataset.create(small, {"lds.toml": b'[dataset]\nname = "x"\n'})


def test_pandas_frame_keeps_text(finished: Path) -> None:
    frame = Dataset.open(finished).to_pandas()

    assert sorted(frame["take"].unique()) == ["000", "001", "002", "003"]


def test_opening_touches_nothing(small: Path) -> None:
    before = sorted(small.rglob("*"))
    dataset = Dataset.open(small)

    assert dataset.manifest.num_rows == 0
    assert sorted(small.rglob("*")) == before


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = small_dataset(tmp_path_factory.mktemp("undisturbed") / "small", groups=3)
    apply(root, "ingest", "split", "shard", "card")
    return tree(root)


def operations() -> list[int]:
    """Some of the operations of shard and card after ingest and split: every seventh, and the last ones."""
    return [*range(1, 60, 7), 58, 59]


@pytest.mark.parametrize("n", operations())
def test_power_cut_at_any_operation_leaves_something_that_a_rerun_completes(
    n: int, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    root = small_dataset(tmp_path / "small", groups=3)
    apply(root, "ingest", "split")
    with contextlib.suppress(PowerCut):
        apply(root, "shard", "card", disk=PowerCutDisk(n, root))

    apply(root, "ingest", "split", "shard", "card")

    assert tree(root) == undisturbed
    assert verify(root, Silent()).damage == ()
    assert not list((root / commit.STAGING).glob("*"))


@pytest.mark.parametrize("n", operations()[:4])
def test_full_disk_is_an_error_of_the_machine_and_nothing_is_lost(
    n: int, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    root = small_dataset(tmp_path / "small", groups=3)
    apply(root, "ingest", "split")

    with pytest.raises(MachineError, match="ENOSPC"):
        apply(root, "shard", "card", disk=FailingDisk(n, 28, root))

    apply(root, "shard", "card")
    assert tree(root) == undisturbed


def test_the_operations_that_are_cut_exist(tmp_path: Path) -> None:
    root = small_dataset(tmp_path / "small", groups=3)
    apply(root, "ingest", "split")
    disk = CountingDisk(root)
    apply(root, "shard", "card", disk=disk)

    assert len(disk.operations) >= max(operations())
