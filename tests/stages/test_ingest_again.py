"""A second ingest touches only what is new or changed; an interrupted one goes on where it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
import soundfile as sf

from listen_datasets import commit, stages
from listen_datasets.dataset import Applied, Dataset
from listen_datasets.executors import Done, Lost
from listen_datasets.executors.serial import Serial
from listen_datasets.intake import collecting
from listen_datasets.intake.measuring import Measure, Task
from listen_datasets.journal import Journal
from listen_datasets.storage import Disk
from listen_datasets.testing.signals import noise

T = TypeVar("T")
R = TypeVar("R")

INGEST = stages.find("ingest")
RECIPE = '[dataset]\nname = "test"\n\n[[source]]\nname = "s"\npath = "../audio"\n'


def sound(folder: Path, name: str, seed: int) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    sf.write(folder / name, noise(seed, duration=0.1, sample_rate=8000), 8000, subtype="PCM_16", format="WAV")


class Watching:
    """Runs serially, and remembers what was measured; may be interrupted after some of it."""

    def __init__(self, most: int | None = None) -> None:
        self.measured: list[str] = []
        self._most = most

    def map(self, fn: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Lost]:
        return Serial().map(fn, tasks)

    def map_batches(
        self, fn: Callable[[T], R], items: Sequence[T], batches: Sequence[range], seconds: Sequence[float] | None = None
    ) -> Iterator[tuple[int, Done[R] | Lost]]:
        for position, result in Serial().map_batches(fn, items, batches, seconds):
            if isinstance(fn, Measure):
                if self._most is not None and len(self.measured) >= self._most:
                    raise KeyboardInterrupt
                recording, _ = cast("Task", items[position])
                self.measured.append(recording[1])
            yield position, result


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    for number in range(5):
        sound(tmp_path / "audio", f"{number}.wav", number)
    (tmp_path / "audio" / "bad.wav").write_bytes(b"no sound at all")
    return tmp_path / "audio"


@pytest.fixture
def done(tmp_path: Path, audio: Path) -> Dataset:
    dataset = Dataset.create(tmp_path / "dataset", {"lds.toml": RECIPE.encode()})
    ingest(dataset)
    return dataset


def ingest(dataset: Dataset, executor: Watching | None = None, **options: Any) -> Applied:
    return Dataset.open(dataset.root).apply(INGEST, executor=executor or Watching(), **options)


def work(applied: Applied) -> tuple[int, ...]:
    found = applied.entry.report["work"]
    return tuple(found[name] for name in ("reused", "new", "changed", "gone"))


def ids(dataset: Dataset) -> dict[str, str]:
    manifest = dataset.manifest
    return dict(zip(manifest["path"].to_pylist(), manifest["clip_id"].to_pylist(), strict=True))


def test_a_first_run_has_only_news(done: Dataset) -> None:
    assert work(ingest(done, force=True))[:2] == (0, 0)
    assert done.ledger().entries[0].report["work"] == {"reused": 0, "new": 6, "changed": 0, "gone": 0}


def test_only_what_is_new_or_changed_is_measured(done: Dataset, audio: Path) -> None:
    sound(audio, "new.wav", 9)
    sound(audio, "1.wav", 8)
    (audio / "3.wav").unlink()
    executor = Watching()

    applied = ingest(done, executor)

    assert executor.measured == ["1.wav", "new.wav"]
    assert work(applied) == (4, 1, 1, 1)


def test_what_comes_of_it_equals_a_first_run(done: Dataset, audio: Path, tmp_path: Path) -> None:
    sound(audio, "a/new.wav", 9)
    sound(audio, "1.wav", 8)
    shutil.copy(audio / "2.wav", audio / "wrong.flac")
    (audio / "3.wav").unlink()
    ingest(done)

    fresh = Dataset.create(tmp_path / "fresh", {"lds.toml": RECIPE.encode()})
    ingest(fresh)

    for name in ("manifest.parquet", "rejected.parquet", "findings/ingest.parquet"):
        assert (done.root / name).read_bytes() == (fresh.root / name).read_bytes(), name


def test_findings_and_rejections_of_what_was_not_read_again_stay(done: Dataset, audio: Path) -> None:
    shutil.copy(audio / "2.wav", audio / "wrong.flac")
    first = ingest(done)
    sound(audio, "new.wav", 9)
    executor = Watching()

    second = ingest(done, executor)

    assert executor.measured == ["new.wav"]
    assert second.findings == first.findings
    assert {item.code for item in first.findings} == {"audio.extension", "audio.not_audio"}


def test_force_measures_everything_and_keeps_ids(done: Dataset, audio: Path) -> None:
    shutil.copy(audio / "2.wav", audio / "0-copy.wav")
    ingest(done)
    before = ids(done)
    executor = Watching()

    ingest(done, executor, force=True)

    assert len(executor.measured) == 7
    assert ids(done) == before
    assert before["2.wav"] + "-1" == before["0-copy.wav"]


def test_growth_never_changes_an_id(done: Dataset, audio: Path) -> None:
    before = ids(done)
    for name in ("0-copy.wav", "a.wav", "z.wav"):
        shutil.copy(audio / "0.wav", audio / name)
    ingest(done)

    after = ids(done)
    assert before.items() <= after.items()
    assert len(set(after.values())) == len(after)


def test_a_renamed_recording_keeps_its_id(done: Dataset, audio: Path) -> None:
    before = ids(done)
    (audio / "2.wav").rename(audio / "renamed.wav")
    ingest(done)

    assert ids(done)["renamed.wav"] == before["2.wav"]


# ----------------------------------------------------------------------------------------------------------------------
# By size and time


def touched(path: Path, data: bytes) -> None:
    """Change a file so that size and time do not show it."""
    status = path.stat()
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def trusting(dataset: Dataset, executor: Watching | None = None) -> Applied:
    return ingest(dataset, executor, section=INGEST.config(trust_stat=True))


def test_content_is_compared_even_if_size_and_time_are_equal(done: Dataset, audio: Path) -> None:
    touched(audio / "2.wav", (audio / "3.wav").read_bytes())

    assert work(ingest(done)) == (5, 0, 1, 0)


def test_size_and_time_are_trusted_only_when_asked_for(done: Dataset, audio: Path) -> None:
    touched(audio / "2.wav", (audio / "3.wav").read_bytes())

    assert trusting(done).is_up_to_date


def test_another_time_is_looked_into(done: Dataset, audio: Path) -> None:
    sound(audio, "2.wav", 20)
    os.utime(audio / "3.wav", (1, 1))
    executor = Watching()

    assert work(trusting(done, executor)) == (5, 0, 1, 0)
    assert executor.measured == ["2.wav"]


def test_without_the_notes_of_the_last_run_everything_is_compared(done: Dataset, audio: Path) -> None:
    shutil.rmtree(done.root / ".lds" / "cache")
    touched(audio / "2.wav", (audio / "3.wav").read_bytes())

    assert work(trusting(done)) == (5, 0, 1, 0)


# ----------------------------------------------------------------------------------------------------------------------
# Interrupted


@pytest.fixture
def begun(tmp_path: Path, audio: Path) -> Dataset:
    """Return a dataset whose first ingest was interrupted after four recordings."""
    dataset = Dataset.create(tmp_path / "dataset", {"lds.toml": RECIPE.encode()})
    with pytest.raises(KeyboardInterrupt):
        ingest(dataset, Watching(most=4))
    return dataset


def staged(dataset: Dataset) -> list[Path]:
    folder = dataset.root / commit.STAGING
    return sorted(folder.iterdir()) if folder.exists() else []


def test_an_interrupted_run_goes_on(begun: Dataset, audio: Path, tmp_path: Path) -> None:
    assert len(staged(begun)) == 1
    executor = Watching()

    applied = ingest(begun, executor)

    assert executor.measured == ["4.wav", "bad.wav"]
    assert work(applied) == (0, 6, 0, 0)
    assert staged(begun) == []
    fresh = Dataset.create(tmp_path / "fresh", {"lds.toml": RECIPE.encode()})
    ingest(fresh)
    for name in ("manifest.parquet", "rejected.parquet", "findings/ingest.parquet"):
        assert (begun.root / name).read_bytes() == (fresh.root / name).read_bytes(), name


def test_a_file_that_changed_meanwhile_is_measured_again(begun: Dataset, audio: Path) -> None:
    touched(audio / "2.wav", (audio / "3.wav").read_bytes())
    executor = Watching()

    ingest(begun, executor)

    assert executor.measured == ["2.wav", "4.wav", "bad.wav"]


def test_interrupted_again_and_again_it_comes_to_an_end(begun: Dataset) -> None:
    with pytest.raises(KeyboardInterrupt):
        ingest(begun, Watching(most=1))
    executor = Watching()

    ingest(begun, executor)

    assert executor.measured == ["bad.wav"]


def test_what_another_decoder_measured_does_not_count(begun: Dataset) -> None:
    (folder,) = staged(begun)
    text = (folder / "tasks.jsonl").read_text()
    key = text.partition('"key":"')[2].partition('"')[0]
    (folder / "tasks.jsonl").write_text(text.replace(key, "sha256:" + "0" * 64))
    executor = Watching()

    ingest(begun, executor)

    assert len(executor.measured) == 6


def test_force_begins_anew(begun: Dataset) -> None:
    executor = Watching()

    ingest(begun, executor, force=True)

    assert len(executor.measured) == 6
    assert staged(begun) == []


def test_work_is_kept_from_time_to_time(tmp_path: Path) -> None:
    journal = Journal(Disk(), tmp_path, "ingest", "sha256:0")
    now = 0.0
    keeper = collecting.Keeper(journal, clock=lambda: now)
    result = collecting.Result("s", "a.wav")

    def pieces() -> int:
        return len(list(Journal(Disk(), tmp_path, "ingest", "sha256:0").pieces()))

    keeper.add(result)
    assert pieces() == 0

    now = 10.0
    keeper.add(result)
    assert pieces() == 1
    keeper.flush()
    assert pieces() == 1


# ----------------------------------------------------------------------------------------------------------------------
# Labels and tables in folders


def test_the_folder_can_be_the_label(tmp_path: Path) -> None:
    for name in ("dog/1.wav", "cat/a/2.wav", "3.wav"):
        sound(tmp_path / "audio", name, len(name))
    dataset = Dataset.create(
        tmp_path / "dataset", {"lds.toml": (RECIPE + "[ingest]\nlabel-from-folder = true\n").encode()}
    )
    ingest(dataset)

    assert dict(zip(*(dataset.manifest[name].to_pylist() for name in ("path", "label")), strict=True)) == {
        "3.wav": None, "cat/a/2.wav": "a", "dog/1.wav": "dog",
    }  # fmt: skip


def test_every_folder_can_have_its_table(tmp_path: Path) -> None:
    for folder in ("a", "b/c"):
        sound(tmp_path / "audio" / folder, "1.wav", len(folder))
        (tmp_path / "audio" / folder / "metadata.csv").write_text(f"file_name,where\n1.wav,{folder}\n")
    recipe = RECIPE + 'metadata = ["../audio/**/metadata.csv"]\n'
    dataset = Dataset.create(tmp_path / "dataset", {"lds.toml": recipe.encode()})
    applied = ingest(dataset)

    assert dataset.manifest["where"].to_pylist() == ["a", "b/c"]
    assert dataset.manifest["metadata_file"].to_pylist() == ["s/a/metadata.csv", "s/b/c/metadata.csv"]
    assert applied.findings == ()
    assert applied.entry.report["ignored"] == {}
