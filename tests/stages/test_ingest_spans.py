"""Rows with times are clips cut out of their recordings."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import pytest
import soundfile as sf

from listen_datasets import stages
from listen_datasets.dataset import Applied, Dataset
from listen_datasets.decoding import blocks
from listen_datasets.errors import InternalError
from listen_datasets.executors import Done, Lost
from listen_datasets.executors.serial import Serial
from listen_datasets.meters import Meters
from listen_datasets.model import Counts
from listen_datasets.spans import Span
from listen_datasets.testing.signals import noise

RATE = 8_000

T = TypeVar("T")
R = TypeVar("R")


def dataset(tmp_path: Path, *rows: str, sections: str = "") -> Dataset:
    """Return a dataset of two recordings of 2 s, in the folder `audio`, with a table."""
    (tmp_path / "audio").mkdir(exist_ok=True)
    for number, name in enumerate(("a.wav", "b.flac")):
        sf.write(tmp_path / "audio" / name, noise(number, duration=2, sample_rate=RATE), RATE, subtype="PCM_16")
    text = f'[dataset]\nname = "test"\n\n[[source]]\nname = "s"\npath = "../audio"\nmetadata = ["../clips.csv"]\n{sections}'
    (tmp_path / "clips.csv").write_text("\n".join(rows) + "\n")
    root = tmp_path / "dataset"
    if root.exists():
        return Dataset.open(root)
    return Dataset.create(root, {"lds.toml": text.encode()})


def ingest(opened: Dataset) -> Applied:
    return opened.apply(stages.find("ingest"), executor=Serial())


def rows(opened: Dataset, *names: str) -> list[tuple[Any, ...]]:
    return list(zip(*(opened.manifest[name].to_pylist() for name in names), strict=True))


def md5(path: Path, first: int, count: int) -> str:
    samples, _ = sf.read(path, dtype="int16", start=first, frames=count)
    return hashlib.md5(samples.astype("<i2").tobytes(), usedforsecurity=False).hexdigest()


def test_each_row_is_a_clip_of_its_own_samples(tmp_path: Path) -> None:
    made = dataset(tmp_path, "file_name,start,end,label", "b.flac,0.5,1.0,y", "a.wav,0,0.25,x", "b.flac,0,0.5,z")

    applied = ingest(made)

    assert applied.counts == Counts(inputs=3, kept=3)
    assert rows(made, "path", "start", "duration", "num_samples", "recording_num_samples", "label") == [
        ("a.wav", 0.0, 0.25, 2000, 16000, "x"),
        ("b.flac", 0.0, 0.5, 4000, 16000, "z"),
        ("b.flac", 0.5, 0.5, 4000, 16000, "y"),
    ]
    assert made.manifest["pcm_md5"].to_pylist() == [
        md5(tmp_path / "audio" / "a.wav", 0, 2000),
        md5(tmp_path / "audio" / "b.flac", 0, 4000),
        md5(tmp_path / "audio" / "b.flac", 4000, 4000),
    ]
    recording = made.manifest["recording_id"][1].as_py()
    assert made.manifest["clip_id"].to_pylist()[1:] == [f"{recording}_0_4000", f"{recording}_4000_4000"]
    assert made.manifest["metadata_line"].to_pylist() == [3, 4, 2]


def test_facts_are_those_of_the_clip(tmp_path: Path) -> None:
    made = dataset(tmp_path, "file_name,start,end", "a.wav,0,1", "a.wav,1,2")
    samples = np.concatenate([noise(1, sample_rate=RATE), np.zeros((RATE, 1), np.float32)])
    sf.write(tmp_path / "audio" / "a.wav", samples, RATE, subtype="PCM_16")
    (tmp_path / "audio" / "b.flac").unlink()

    ingest(made)

    assert made.manifest["silent_fraction"].to_pylist() == [0.0, 1.0]


def test_clips_may_overlap(tmp_path: Path) -> None:
    made = dataset(tmp_path, "file_name,start,end", "a.wav,0,1.5", "a.wav,0.5,1", "a.wav,0.5,", "b.flac,,")

    ingest(made)

    assert rows(made, "path", "start", "duration") == [
        ("a.wav", 0.0, 1.5), ("a.wav", 0.5, 0.5), ("a.wav", 0.5, 1.5), ("b.flac", 0.0, 2.0),
    ]  # fmt: skip


def test_a_row_without_times_is_the_whole_recording(tmp_path: Path) -> None:
    made = dataset(tmp_path, "file_name,start,end", "a.wav,,", "b.flac,,")

    ingest(made)

    assert made.manifest["clip_id"].to_pylist() == made.manifest["recording_id"].to_pylist()


def test_a_recording_that_no_row_names_is_one_clip_and_said_so(tmp_path: Path) -> None:
    made = dataset(tmp_path, "file_name,start,end", "a.wav,0,1")

    applied = ingest(made)

    assert rows(made, "path", "duration") == [("a.wav", 1.0), ("b.flac", 2.0)]
    assert [finding.code for finding in applied.findings] == ["metadata.row_missing"]


def test_rows_that_are_about_no_clip_are_rejected_inputs(tmp_path: Path) -> None:
    made = dataset(
        tmp_path, "file_name,start,end", "a.wav,0,1", "a.wav,1,3", "a.wav,5,6", "b.flac,1,0", "b.flac,0,2.004"
    )

    applied = ingest(made)

    assert applied.counts == Counts(inputs=5, kept=2, rejected=3)
    assert [(item.code, item.line) for item in applied.findings] == [
        ("metadata.span", 5),
        ("metadata.span_cut", 6),
        ("metadata.span_outside", 3),
        ("metadata.span_outside", 4),
    ]
    assert made.rejected["path"].to_pylist() == ["clips.csv:3", "clips.csv:4", "clips.csv:5"]


@pytest.mark.parametrize("times", ["1,0", "5,6", "5,", "0.1,0.10001", "1e308,", "0,1e308"])
def test_a_recording_that_no_row_cuts_a_clip_of_is_rejected_and_so_is_its_row(tmp_path: Path, times: str) -> None:
    made = dataset(tmp_path, "file_name,start,end", "a.wav,0,1", f"b.flac,{times}")

    applied = ingest(made)

    code = "metadata.span" if times == "1,0" else "metadata.span_outside"
    assert rows(made, "path") == [("a.wav",)]
    assert applied.counts == Counts(inputs=3, kept=1, rejected=2)
    assert sorted((item.code, item.path) for item in applied.findings) == [
        ("metadata.no_clip", "b.flac"),
        (code, "clips.csv"),
    ]
    assert made.rejected["path"].to_pylist() == ["b.flac", "clips.csv:3"]
    assert ingest(made).is_up_to_date


def test_a_dataset_of_which_nothing_is_cut_says_so(tmp_path: Path) -> None:
    made = dataset(tmp_path, "file_name,start,end", "a.wav,5,6", "b.flac,5,6")

    assert ingest(made).counts == Counts(inputs=4, rejected=4)


def test_a_recording_is_cut_when_its_row_has_been_corrected(tmp_path: Path) -> None:
    ingest(dataset(tmp_path, "file_name,start,end", "a.wav,0,1", "b.flac,5,6"))

    made = dataset(tmp_path, "file_name,start,end", "a.wav,0,1", "b.flac,1,2")

    assert ingest(made).counts == Counts(inputs=2, kept=2)


def test_the_same_clip_twice_is_a_duplicate_row(tmp_path: Path) -> None:
    made = dataset(tmp_path, "file_name,start,end,label", "a.wav,0,1,x", "a.wav,0.0,1.00001,y", "b.flac,,,z")

    applied = ingest(made)

    assert rows(made, "path", "label") == [("a.wav", "x"), ("b.flac", "z")]
    assert [(item.code, item.line) for item in applied.findings] == [("metadata.duplicate_row", 3)]


def test_clips_can_be_switched_off(tmp_path: Path) -> None:
    made = dataset(tmp_path, "file_name,start,end", "a.wav,0,1", "b.flac,0,1", sections="[ingest]\nspans = false\n")

    ingest(made)

    assert rows(made, "start", "duration", "declared_start", "end") == [(0.0, 2.0, "0", "1")] * 2


def cells(count: int) -> Sequence[str]:
    return [f"a.wav,{number / 100},{(number + 1) / 100}" for number in range(count)]


def test_a_clip_more_reads_the_recording_again_and_moves_no_id(tmp_path: Path) -> None:
    first = dataset(tmp_path, "file_name,start,end", "b.flac,,", *cells(10))
    ingest(first)
    before = dict(rows(first, "clip_id", "pcm_md5"))

    again = ingest(dataset(tmp_path, "file_name,start,end", "b.flac,,", *cells(11)))

    after = dict(rows(first, "clip_id", "pcm_md5"))
    assert again.entry.report["work"] == {"reused": 1, "new": 0, "changed": 1, "gone": 0}
    assert len(after) == len(before) + 1
    assert before.items() <= after.items()


def test_a_clip_less_reads_nothing_again(tmp_path: Path) -> None:
    first = dataset(tmp_path, "file_name,start,end", "b.flac,,", *cells(10))
    ingest(first)

    again = ingest(dataset(tmp_path, "file_name,start,end", "b.flac,,", *cells(9)))

    assert again.entry.report["work"] == {"reused": 2, "new": 0, "changed": 0, "gone": 0}
    assert first.manifest.num_rows == 10


def test_many_clips_of_one_recording_equal_what_each_is_alone(tmp_path: Path) -> None:
    made = dataset(tmp_path, "file_name,start,end", "b.flac,,", *cells(200))
    ingest(made)
    measured = made.manifest.filter([path == "a.wav" for path in made.manifest["path"].to_pylist()])

    alone = Dataset.create(
        tmp_path / "alone", {"lds.toml": b'[dataset]\nname = "x"\n\n[[source]]\nname = "s"\npath = "../cut"\n'}
    )
    (tmp_path / "cut").mkdir()
    samples, _ = sf.read(tmp_path / "audio" / "a.wav", dtype="int16")
    for number in range(200):
        piece = io.BytesIO()
        sf.write(piece, samples[number * 80 : (number + 1) * 80], RATE, format="WAV", subtype="PCM_16")
        (tmp_path / "cut" / f"{number:03}.wav").write_bytes(piece.getvalue())
    ingest(alone)

    same = ("pcm_md5", "num_samples", "duration", "peak_dbfs", "rms_dbfs", "dc_offset", "bandwidth_hz", "loudness_lufs")
    assert rows(made, "pcm_md5")[0] == (md5(tmp_path / "audio" / "a.wav", 0, 80),)
    for name in same:
        assert measured[name].to_pylist() == alone.manifest[name].to_pylist(), name


@pytest.mark.parametrize("block", [1, 7, 80, 1 << 16])
def test_where_blocks_are_cut_changes_nothing(tmp_path: Path, block: int) -> None:
    path = tmp_path / "a.wav"
    sf.write(path, noise(3, duration=0.125, sample_rate=RATE), RATE, subtype="PCM_16")
    with path.open("rb") as file:
        pieces = blocks(file.fileno(), block)
        meters = Meters(pieces, [Span(0.01, 0.02), Span(0.015, 0.1), Span(0.1)], ("waveform",))
        for piece in pieces:
            meters.update(piece, pieces.num_samples - len(piece.floats))
        facts = list(meters.finish())

    assert [(one["start"], one["num_samples"]) for one in facts] == [(0.01, 80), (0.015, 680), (0.1, 200)]
    assert [one["pcm_md5"] for one in facts] == [md5(path, 80, 80), md5(path, 120, 680), md5(path, 800, 200)]


class Timed(Serial):
    """Works in this process, and notes how long recordings may take."""

    allowed: ClassVar[list[float]] = []

    def map_batches(
        self, fn: Callable[[T], R], items: Sequence[T], batches: Sequence[range], seconds: Sequence[float] | None = None
    ) -> Iterator[tuple[int, Done[R] | Lost]]:
        self.allowed[:] = seconds or []
        return super().map_batches(fn, items, batches, seconds)


def test_a_recording_of_many_long_clips_may_take_longer(tmp_path: Path) -> None:
    made = dataset(tmp_path, "file_name,start,end", *(f"a.wav,{number / 1000},2" for number in range(1000)), "b.flac,,")

    made.apply(stages.find("ingest"), executor=Timed())

    first, second = Timed.allowed
    assert 20 < second < 21
    assert first > second + 1000 * 1.0 / 50


def test_a_recording_that_gets_lost_is_a_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listen_datasets.intake.placing.Placing.reject", lambda *_: None)

    with pytest.raises(InternalError, match="neither a row of the manifest nor a rejected input"):
        ingest(dataset(tmp_path, "file_name,start,end", "a.wav,0,1", "b.flac,5,6"))
