"""The fingerprints of an ingest: one for each content, whatever happened before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
import soundfile as sf

from listen_datasets import journal, stages
from listen_datasets.dataset import Applied, Dataset
from listen_datasets.executors import Done, Executor, Lost
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.executors.serial import Serial
from listen_datasets.fingerprints.keeping import read
from listen_datasets.intake.measuring import Measure, Task
from listen_datasets.testing.sounds import heard, melody

T = TypeVar("T")
R = TypeVar("R")

INGEST = stages.find("ingest")
RECIPE = '[dataset]\nname = "test"\n\n[[source]]\nname = "s"\npath = "../audio"\n'
PART = "fingerprints/part-00000.parquet"


class Interrupted:
    """Runs serially until some recordings are measured."""

    def __init__(self, most: int) -> None:
        self.measured: list[str] = []
        self._most = most

    def map(self, fn: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Lost]:
        return Serial().map(fn, tasks)

    def map_batches(
        self, fn: Callable[[T], R], items: Sequence[T], batches: Sequence[range], seconds: Sequence[float] | None = None
    ) -> Iterator[tuple[int, Done[R] | Lost]]:
        for position, result in Serial().map_batches(fn, items, batches, seconds):
            if isinstance(fn, Measure):
                if len(self.measured) >= self._most:
                    raise KeyboardInterrupt
                self.measured.append(cast("Task", items[position])[0][1])
            yield position, result


def sound(folder: Path, name: str, seed: int, seconds: float = 0.5) -> str:
    """Write a recording and return the sha256 of its bytes."""
    folder.mkdir(exist_ok=True)
    sf.write(folder / name, melody(seed, seconds), 8000, subtype="PCM_16", format="WAV")
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()


def ingest(dataset: Dataset, executor: Executor | None = None, **options: Any) -> Applied:
    return Dataset.open(dataset.root).apply(INGEST, executor=executor or Serial(), **options)


def kept(dataset: Dataset) -> list[str]:
    return [row.sha256 for row in read(dataset.root / PART)]


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    for number in range(5):
        sound(tmp_path / "audio", f"{number}.wav", number)
    (tmp_path / "audio" / "bad.wav").write_bytes(b"no sound at all")
    return tmp_path / "audio"


@pytest.fixture
def empty(tmp_path: Path, audio: Path) -> Dataset:
    return Dataset.create(tmp_path / "dataset", {"lds.toml": RECIPE.encode()})


@pytest.fixture
def done(empty: Dataset) -> Dataset:
    ingest(empty)
    return empty


def test_every_recording_has_the_fingerprint_of_its_samples(done: Dataset, audio: Path) -> None:
    rows = {row.sha256: row.fingerprint for row in read(done.root / PART)}
    assert set(rows) == set(done.manifest["sha256"].to_pylist())
    samples, _ = sf.read(audio / "3.wav", dtype="float32")
    found, expected = rows[hashlib.sha256((audio / "3.wav").read_bytes()).hexdigest()], heard(samples)
    assert found.codes.tolist() == expected.codes.tolist()
    assert found.signs.tolist() == expected.signs.tolist()


def test_a_copy_of_the_bytes_has_no_fingerprint_of_its_own(done: Dataset, audio: Path) -> None:
    (audio / "copy.wav").write_bytes((audio / "0.wav").read_bytes())
    ingest(done)
    assert len(kept(done)) == len(set(kept(done))) == 5


def test_a_recording_that_comes_or_goes_takes_its_fingerprint_with_it(done: Dataset, audio: Path) -> None:
    new = sound(audio, "new.wav", 77)
    gone = hashlib.sha256((audio / "1.wav").read_bytes()).hexdigest()
    (audio / "1.wav").unlink()
    before = set(kept(done))
    watching = Interrupted(100)
    ingest(done, watching)
    assert watching.measured == ["new.wav"]
    assert set(kept(done)) == before - {gone} | {new}


@pytest.mark.parametrize("options", [{"force": True}, {}], ids=["forced", "grown and shrunk"])
def test_the_bytes_are_those_of_a_first_run(done: Dataset, audio: Path, options: dict[str, Any]) -> None:
    before = (done.root / PART).read_bytes()
    if not options:
        sound(audio, "new.wav", 77)
        ingest(done)
        (audio / "new.wav").unlink()
    ingest(done, **options)
    assert (done.root / PART).read_bytes() == before


def test_an_interrupted_run_keeps_what_it_has_heard(empty: Dataset, done: Dataset, tmp_path: Path) -> None:
    other = Dataset.create(tmp_path / "other", {"lds.toml": RECIPE.encode()})
    with pytest.raises(KeyboardInterrupt):
        ingest(other, Interrupted(3))
    (run,) = (other.root / ".lds" / "stage").iterdir()
    lines = (run / journal.NAME).read_text().splitlines()
    assert ['"kind":"fingerprints"' in line for line in lines] == [True, False]
    rest = Interrupted(100)
    ingest(other, rest)
    assert len(rest.measured) < 5
    assert (other.root / PART).read_bytes() == (done.root / PART).read_bytes()


def test_a_fingerprint_that_is_lost_is_measured_again(done: Dataset) -> None:
    before = (done.root / PART).read_bytes()
    (done.root / PART).unlink()
    watching = Interrupted(100)
    ingest(done, watching)
    assert len(watching.measured) == 5
    assert (done.root / PART).read_bytes() == before


def test_the_bytes_do_not_depend_on_the_number_of_workers(done: Dataset, tmp_path: Path) -> None:
    other = Dataset.create(tmp_path / "other", {"lds.toml": RECIPE.encode()})
    ingest(other, LocalProcesses(2))
    assert (other.root / PART).read_bytes() == (done.root / PART).read_bytes()
