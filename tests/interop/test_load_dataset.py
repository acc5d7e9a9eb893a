"""What ``datasets.load_dataset`` makes of our shards: the library itself is asked, without a network or a decoder."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile as sf

from listen_datasets.stages import shard
from listen_datasets.testing.manifests import FOLDER, RECIPE, manifest, row, workspace
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore")]  # the warnings of other people's libraries

RATE = 16_000
SPLITS = ("train", "train", "train", "validation", "test")
RECORDINGS = {
    f"{number}.{kind.lower()}": encode(noise(number, duration=0.3), RATE, container=kind)
    for number, kind in enumerate(("WAV", "FLAC", "WAV", "FLAC", "AIFF"))
}
USERS: dict[str, list[Any]] = {
    "label": ["10", "9", None, "9", "10"],
    "take": ["007", "NA", "null", None, ""],
    "words": [["a", "b"], [], None, ["c"], ["d"]],
    "events": [[{"onset": 0.5, "what": "x"}], [], None, [{"onset": 1.0, "what": None}], []],
    "place": [{"lat": 1.5, "name": "a"}, None, {"lat": None, "name": "b"}, {"lat": 2.0, "name": "c"}, None],
    "score": [1, 2, None, 4, 5],
}

EVERY_SPLIT = pytest.mark.parametrize("split", ["train", "validation", "test"])


@pytest.fixture(scope="module")
def datasets() -> Iterator[Any]:
    """Return the library, imported so that it never reaches out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
        yield pytest.importorskip("datasets")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that `shard` made of the recordings above."""
    root = tmp_path_factory.mktemp("dataset")
    (root / FOLDER).mkdir()
    rows = []
    for number, (path, data) in enumerate(RECORDINGS.items()):
        (root / FOLDER / path).write_bytes(data)
        cells = {name: values[number] for name, values in USERS.items()}
        container = path.split(".")[1]
        rows.append(row(path, data, split=SPLITS[number], sample_rate=RATE, container=container, **cells))
    about = msgspec.structs.replace(RECIPE.dataset, license="CC0-1.0", label="label")
    recipe = msgspec.structs.replace(RECIPE, dataset=about)
    shard.run(workspace(root, manifest(rows), recipe), shard.Config())
    return root / ".lds" / "stage" / "test" / "dist"


@pytest.fixture(scope="module")
def loaded(datasets: Any, dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the whole dataset as the library loads it."""
    return datasets.load_dataset(str(dist), cache_dir=str(tmp_path_factory.mktemp("cache")))


def test_the_three_splits_have_their_rows(loaded: Any) -> None:
    assert {name: rows.num_rows for name, rows in loaded.items()} == {"train": 3, "validation": 1, "test": 1}


@EVERY_SPLIT
def test_the_recordings_are_audio_and_not_a_struct(datasets: Any, loaded: Any, split: str) -> None:
    assert loaded[split].features["audio"] == datasets.Audio(sampling_rate=RATE)


@EVERY_SPLIT
def test_the_label_is_a_class_label(datasets: Any, loaded: Any, split: str) -> None:
    assert loaded[split].features["label"] == datasets.ClassLabel(names=["9", "10"])


def test_labels_are_positions_of_their_names(loaded: Any) -> None:
    assert loaded["train"]["label"][:] == [1, 0, None]


@pytest.mark.parametrize("name", [name for name in USERS if name != "label"])
def test_the_columns_of_the_user_come_back(loaded: Any, name: str) -> None:
    found = [cell for split in ("train", "validation", "test") for cell in loaded[split][name][:]]
    assert found == USERS[name]


@EVERY_SPLIT
def test_the_recordings_are_those_that_went_in(datasets: Any, loaded: Any, split: str) -> None:
    rows = loaded[split].cast_column("audio", datasets.Audio(decode=False))
    assert [cells["audio"]["bytes"] for cells in rows] == [RECORDINGS[cells["path"]] for cells in rows]
    assert [cells["audio"]["path"] for cells in rows] == [f"{cells['clip_id']}.{cells['container']}" for cells in rows]


def test_a_reader_without_a_decoder_gets_the_samples(datasets: Any, loaded: Any) -> None:
    (cells,) = loaded["test"].cast_column("audio", datasets.Audio(decode=False))
    samples, rate = sf.read(io.BytesIO(cells["audio"]["bytes"]))
    assert rate == RATE
    assert np.array_equal(samples, sf.read(io.BytesIO(RECORDINGS["4.aiff"]))[0])


def test_single_files_load_as_audio_too(datasets: Any, dist: Path, tmp_path: Path) -> None:
    files = {"train": str(dist / "data" / "train-*.parquet")}
    rows = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path))["train"]
    assert rows.features["audio"] == datasets.Audio(sampling_rate=RATE)


def test_streaming_gives_audio(datasets: Any, dist: Path) -> None:
    rows = datasets.load_dataset(str(dist), streaming=True)["test"]
    assert rows.features["audio"] == datasets.Audio(sampling_rate=RATE)
    (cells,) = rows.cast_column("audio", datasets.Audio(decode=False))
    assert cells["audio"]["bytes"] == RECORDINGS["4.aiff"]


def test_our_footer_is_that_of_the_library(datasets: Any, loaded: Any, dist: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - after the environment is set

    loaded["train"].cast_column("audio", datasets.Audio(sampling_rate=RATE)).to_parquet(str(tmp_path / "x.parquet"))
    theirs, ours = (
        pq.ParquetFile(path).metadata for path in (tmp_path / "x.parquet", *(dist / "data").glob("train-*.parquet"))
    )
    assert set(ours.metadata) == set(theirs.metadata)
    assert ours.metadata[b"content_defined_chunking"] == theirs.metadata[b"content_defined_chunking"]
    layout = [
        [
            (chunk.path_in_schema, chunk.compression, set(chunk.encodings), chunk.has_offset_index)
            for chunk in map(metadata.row_group(0).column, range(metadata.num_columns))
        ]
        for metadata in (theirs, ours)
    ]
    assert layout[0] == layout[1]
