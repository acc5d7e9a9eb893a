"""A dataset whose table names parts of long recordings as clips, through the whole job."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile as sf

from listen_datasets import Dataset, stages, verification
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.executors.serial import Serial
from listen_datasets.progress import Silent
from listen_datasets.testing.small import RATE, SPANS, spanned_dataset

SUFFIXES = {"long0.wav": "flac", "long1.flac": "flac", "long2.wav": "wav", "long3.ogg": "wav"}


def finish(root: Path, executor: Serial | LocalProcesses) -> Path:
    dataset = Dataset.open(root)
    for name in stages.ORDER:
        dataset.apply(stages.find(name), executor=executor)
    return root


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the dataset before its first run; encoders of Ogg draw a number, so that none is the same twice."""
    return spanned_dataset(tmp_path_factory.mktemp("made") / "spanned")


@pytest.fixture(scope="module")
def spanned(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish(shutil.copytree(made, tmp_path_factory.mktemp("spanned") / "spanned"), Serial())


@pytest.fixture(scope="module")
def published(spanned: Path) -> list[dict[str, Any]]:
    files = sorted((spanned / "dist" / "data").glob("*.parquet"))
    return [{**cells, "split": path.name.split("-")[0]} for path in files for cells in pq.read_table(path).to_pylist()]


def test_every_row_of_the_table_is_a_published_clip(published: list[dict[str, Any]]) -> None:
    places = {(cells["path"], cells["start"], cells["start"] + cells["duration"]) for cells in published}
    expected = {
        (path, round(start * RATE) / RATE, round(end * RATE) / RATE) for path in SUFFIXES for start, end in SPANS
    }
    assert places == expected
    assert len(published) == len(expected)


def test_the_sound_of_a_clip_is_its_part_of_the_recording(spanned: Path, published: list[dict[str, Any]]) -> None:
    def differs(cells: dict[str, Any]) -> bool:
        whole, _ = sf.read(spanned / "recordings" / cells["path"], dtype="float32")
        sound, rate = sf.read(io.BytesIO(cells["audio"]["bytes"]), dtype="float32")
        first = round(cells["start"] * RATE)
        return rate != RATE or not np.array_equal(sound, whole[first : first + cells["num_samples"]])

    assert [cells["clip_id"] for cells in published if differs(cells)] == []


def test_files_in_a_shard_are_called_after_the_clip(published: list[dict[str, Any]]) -> None:
    assert [cells["audio"]["path"] for cells in published] == [
        f"{cells['clip_id']}.{SUFFIXES[cells['path']]}" for cells in published
    ]


def test_no_recording_is_in_two_splits(published: list[dict[str, Any]]) -> None:
    assert len({(cells["recording_id"], cells["split"]) for cells in published}) == len(SUFFIXES)
    assert len({cells["split"] for cells in published}) == 2


def test_nothing_is_taken_for_a_duplicate(spanned: Path) -> None:
    assert pq.read_table(spanned / "manifest.parquet").column("duplicate_of").null_count == 12


def test_features_are_those_of_the_clips(spanned: Path) -> None:
    features = pq.read_table(spanned / "features" / "loudness" / "part-00000.parquet")
    manifest = pq.read_table(spanned / "manifest.parquet")
    assert features.column("clip_id").equals(manifest.column("clip_id"))
    assert features.column("loudness_lufs").to_pylist() == pytest.approx(
        manifest.column("loudness_lufs").to_pylist(), abs=0.005
    )


def test_the_card_counts_clips_and_recordings(spanned: Path) -> None:
    assert "12 clips from 4 recordings, 23.0 s of sound" in (spanned / "dist" / "README.md").read_text()


def test_the_dataset_verifies_and_is_up_to_date(spanned: Path) -> None:
    assert verification.verify(spanned, Silent()).damage == ()
    dataset = Dataset.open(spanned)
    done = {name: dataset.apply(stages.find(name), executor=Serial()) for name in stages.ORDER}
    assert [name for name, applied in done.items() if not applied.is_up_to_date] == []


def test_local_processes_publish_the_same_bytes(made: Path, spanned: Path, tmp_path: Path) -> None:
    other = finish(shutil.copytree(made, tmp_path / "spanned"), LocalProcesses(workers=2))
    sums = [(root / "dist" / "SHA256SUMS").read_bytes() for root in (spanned, other)]
    assert sums[0] == sums[1]


def test_the_schema_of_the_shards_is_that_of_whole_recordings(spanned: Path, finished: Path) -> None:
    def types(root: Path) -> dict[str, pa.DataType]:
        schema = pq.read_schema(next((root / "dist" / "data").glob("test-*.parquet")))
        return {name: schema.field(name).type for name in ("clip_id", "audio", "label", "start", "sha256")}

    assert types(spanned) == types(finished)
