from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

import pytest

from listen_datasets import Dataset, commit, ledger, lock, stages
from listen_datasets.errors import CorruptError, LockedError, MachineError, NothingError, RecipeError, UsageError
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.executors.serial import Serial
from listen_datasets.progress import Silent
from listen_datasets.recipe import Ingest, Split
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
    with pytest.raises(NothingError, match="validate needs ingest, which has not run") as caught:
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


def test_a_stage_reported_stale_is_one_that_would_run(small: Path) -> None:
    dataset = Dataset.open(small)
    ingest, split = stages.find("ingest"), stages.find("split")
    assert dataset.is_stale(ingest, dataset.ledger()) is None

    apply(small, "ingest", "split")
    assert [dataset.is_stale(stage, dataset.ledger()) for stage in (ingest, split)] == [False, False]

    (small / "recordings" / "group0" / "low.wav").write_bytes(recording(77))
    assert [dataset.is_stale(stage, dataset.ledger()) for stage in (ingest, split)] == [True, False]

    apply(small, "ingest")
    assert [dataset.is_stale(stage, dataset.ledger()) for stage in (ingest, split)] == [False, True]


@pytest.mark.parametrize("gone", ["recordings", "recordings/group0"])
def test_a_source_that_is_gone_makes_ingest_stale(small: Path, gone: str) -> None:
    apply(small, "ingest")
    shutil.rmtree(small / gone)
    (small / "recordings").mkdir(exist_ok=True)

    dataset = Dataset.open(small)

    assert dataset.is_stale(stages.find("ingest"), dataset.ledger()) is True


@pytest.mark.parametrize("name", ["manifest.parquet", "rejected.parquet"])
@pytest.mark.parametrize("data", [b"", b"damaged", None], ids=["empty", "other", "gone"])
def test_ingest_makes_damaged_tables_anew(small: Path, name: str, data: bytes | None) -> None:
    apply(small, "ingest")
    before = tree(small)
    (small / name).unlink()
    if data is not None:
        (small / name).write_bytes(data)

    with pytest.raises(CorruptError, match=f"{name} is not what lds wrote") as caught:
        apply(small, "validate")
    assert "lds ingest small" in str(caught.value.hint)

    assert apply(small, "ingest") == [False]
    assert tree(small) == before


def test_another_recipe_is_written_with_the_stage_that_uses_it(small: Path) -> None:
    before = (small / "lds.toml").read_text(encoding="utf-8")
    after = before.replace('name = "small"', 'name = "other"')
    dataset = Dataset.open(small).with_recipe(after, instead_of=before)
    assert (small / "lds.toml").read_text(encoding="utf-8") == before

    dataset.apply(stages.find("ingest"), executor=Serial())

    assert (small / "lds.toml").read_text(encoding="utf-8") == after


def test_a_recipe_that_somebody_has_changed_meanwhile_is_left_alone(small: Path) -> None:
    before = (small / "lds.toml").read_text(encoding="utf-8")
    dataset = Dataset.open(small).with_recipe(before + "# ours\n", instead_of=before)
    (small / "lds.toml").write_text(before + "# theirs\n", encoding="utf-8")

    with pytest.raises(UsageError, match=r"lds\.toml was changed meanwhile"):
        dataset.apply(stages.find("ingest"), executor=Serial())

    assert (small / "lds.toml").read_text(encoding="utf-8") == before + "# theirs\n"
    assert not (small / "manifest.parquet").exists()


def test_a_recipe_that_cannot_be_used_is_refused_at_once(small: Path) -> None:
    with pytest.raises(RecipeError):
        Dataset.open(small).with_recipe("[dataset", instead_of="")


def test_a_new_dataset_that_cannot_be_used_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        Dataset.create(tmp_path / "new", {"lds.toml": b"[dataset"})

    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("stage", ["ingest", "split"])
def test_settings_out_of_bounds_are_refused_before_anything_is_written(small: Path, stage: str) -> None:
    apply(small, "ingest")
    before = sorted(small.rglob("*"))
    section = {"ingest": Ingest(max_reject=7.0), "split": Split(seed=-1)}[stage]

    with pytest.raises(UsageError, match=r"--max-reject|--seed"):
        Dataset.open(small).apply(stages.find(stage), section, executor=Serial())

    assert sorted(small.rglob("*")) == before


def test_a_manifest_without_a_ledger_is_not_taken_for_a_new_dataset(small: Path) -> None:
    apply(small, "ingest")
    (small / "provenance.jsonl").unlink()

    with pytest.raises(CorruptError, match="there is a manifest, but no ledger"):
        apply(small, "ingest")


def test_a_run_that_is_committed_does_not_fail_for_what_would_save_time_later(small: Path) -> None:
    class Full(CountingDisk):
        def before(self, number: int) -> None:  # noqa: ARG002
            if "/cache/" in self.operations[-1]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    disk = Full(small)
    apply(small, "ingest", disk=disk)

    assert any("/cache/" in operation for operation in disk.operations)
    assert len(Dataset.open(small).ledger().entries) == 1
