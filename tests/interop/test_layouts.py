"""Published layouts as sources, written by the libraries that people write them with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from listen_datasets.executors.serial import Serial
from listen_datasets.stores import Store
from listen_datasets.stores.audiofolder import AudioFolder
from listen_datasets.stores.hf_parquet import HfParquet, recognises
from listen_datasets.stores.lhotse import Lhotse
from listen_datasets.stores.lhotse import recognises as is_lhotse
from listen_datasets.stores.webdataset import WebDataset
from listen_datasets.stores.webdataset import recognises as is_webdataset
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import tone

# Warnings of these libraries about themselves are not ours to mend.
pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("default")]

RATE = 8000
SOUNDS = [encode(tone(-12.0, 200.0 + 50 * number, duration=0.25, sample_rate=RATE), RATE) for number in range(12)]
LABELS = ["cat", "dog", "cow"]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")


def digests(store: Store) -> list[str]:
    """Return the digest of each recording, in the order of the rows."""
    found = []
    for table in store.tables():
        for path in table.columns["file_name"].to_pylist():
            with store.opened(path) as file:
                found.append(file.sha256())
    return found


EXPECTED = [hashlib.sha256(data).hexdigest() for data in SOUNDS]


def test_parquet_of_datasets_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {
            "sound": datasets.Audio(sampling_rate=RATE),
            "label": datasets.ClassLabel(names=LABELS),
            "id": datasets.Value("string"),
        }
    )
    rows = {
        "sound": [{"bytes": data, "path": f"{number}.wav"} for number, data in enumerate(SOUNDS)],
        "label": [number % 3 for number in range(12)],
        "id": [f"{number:03d}" for number in range(12)],
    }
    arrow = datasets.table.InMemoryTable(pa.table(rows, schema=features.arrow_schema))
    made = datasets.Dataset(arrow)
    (tmp_path / "data").mkdir()
    made.select(range(8)).to_parquet(tmp_path / "data" / "train-00000-of-00001.parquet")
    made.select(range(8, 12)).to_parquet(tmp_path / "data" / "validation-00000-of-00001.parquet")
    store = HfParquet(tmp_path, executor=Serial())

    assert recognises(tmp_path)
    assert digests(store) == EXPECTED
    said = [row for table in store.tables() for row in table.columns.to_pylist()]
    assert [(row["label"], row["id"]) for row in said] == [
        (LABELS[number % 3], f"{number:03d}") for number in range(12)
    ]
    assert [row["split"] for row in said] == ["train"] * 8 + ["validation"] * 4


@pytest.mark.parametrize(
    "file", ["train/dog/a.wav", "training/b.wav", "dev/c.wav", "evaluation/cat/d.wav", "valid/e.wav", "x/test/f.wav"]
)
def test_folders_are_the_splits_that_datasets_takes_them_for(tmp_path: Path, file: str) -> None:
    data_files = pytest.importorskip("datasets.data_files")
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_bytes(SOUNDS[0])
    (split,) = data_files.get_data_patterns(str(tmp_path))
    (table,) = AudioFolder(tmp_path).tables()

    assert table.columns["split"].to_pylist() == [str(split)]


def test_shards_of_webdataset_are_read(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    with webdataset.ShardWriter(str(tmp_path / "train-%06d.tar"), maxcount=5, verbose=0) as writer:
        for number, data in enumerate(SOUNDS):
            writer.write(
                {"__key__": f"{number:03d}", "wav": data, "json": {"label": LABELS[number % 3]}, "txt": f"{number}"}
            )
    store = WebDataset(tmp_path)
    (table,) = store.tables()

    assert is_webdataset(tmp_path)
    assert digests(store) == EXPECTED
    rows: list[dict[str, Any]] = table.columns.to_pylist()
    assert [(row["__key__"], row["label"], row["txt"]) for row in rows] == [
        (f"{number:03d}", LABELS[number % 3], f"{number}") for number in range(12)
    ]
    assert table.findings == ()


def test_manifests_of_lhotse_are_read(tmp_path: Path) -> None:
    lhotse = pytest.importorskip("lhotse")
    for number, data in enumerate(SOUNDS):
        (tmp_path / f"{number:03d}.wav").write_bytes(data)
    recordings = lhotse.RecordingSet.from_recordings(
        lhotse.Recording.from_file(tmp_path / f"{number:03d}.wav") for number in range(12)
    )
    supervisions = lhotse.SupervisionSet.from_segments(
        lhotse.SupervisionSegment(
            id=item.id, recording_id=item.id, start=0.05, duration=0.1, text=item.id, custom={"take": 1}
        )
        for item in recordings
    )
    recordings.to_file(tmp_path / "made_recordings_train.jsonl.gz")
    supervisions.to_file(tmp_path / "made_supervisions_train.jsonl.gz")
    store = Lhotse(tmp_path)
    (table,) = store.tables()

    assert is_lhotse(tmp_path)
    assert digests(store) == EXPECTED
    rows: list[dict[str, Any]] = table.columns.to_pylist()
    assert [(row["text"], row["start"], row["duration"], row["take"]) for row in rows] == [
        (f"{number:03d}", 0.05, 0.1, 1) for number in range(12)
    ]
