from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets import stages
from listen_datasets.dataset import Applied, Dataset
from listen_datasets.executors.serial import Serial
from listen_datasets.huggingface import AUDIO_TYPE, schema_with
from listen_datasets.model import Counts
from listen_datasets.stores import hf_parquet
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

TRAIN = "train-00000-of-00001.parquet"
SOUNDS = [encode(noise(number, duration=0.1, sample_rate=8000), 8000) for number in range(3)]


def write(root: Path, files: Mapping[str, bytes | str]) -> None:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data.encode() if isinstance(data, str) else data)


def ingest(folder: Path, path: str, metadata: Sequence[str] = ()) -> tuple[Dataset, Applied]:
    """Ingest a source that lies beside the dataset."""
    recipe = f'[dataset]\nname = "made"\n[ingest]\nmax-reject = 1.0\n[[source]]\nname = "hub"\npath = "{path}"\n'
    recipe += f"metadata = {json.dumps(list(metadata))}\n"
    dataset = Dataset.create(folder / "dataset", {"lds.toml": recipe.encode()})
    return dataset, dataset.apply(stages.find("ingest"), executor=Serial())


def said(dataset: Dataset, *columns: str) -> dict[str, tuple[object, ...]]:
    """Return some columns of the manifest by the digest of the recording."""
    return {row["sha256"]: tuple(row[name] for name in columns) for row in dataset.manifest.to_pylist()}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("kind", ["hf-parquet:", ""])
def test_every_row_of_a_shard_is_accounted_for_with_what_it_says(tmp_path: Path, kind: str) -> None:
    pairs = [(SOUNDS[0], "a.wav"), (b"no sound", "b.wav"), (SOUNDS[1], "a.wav"), (None, "c.wav"), (SOUNDS[2], None)]
    cells = [*({"bytes": data, "path": name} for data, name in pairs), None]
    table = pa.table({"audio": pa.array(cells, AUDIO_TYPE), "label": [0, 1, 1, 0, -1, 0]})
    (tmp_path / "hub").mkdir()
    pq.write_table(table.cast(schema_with(table.schema, {"label": ["dog", "cat"]}, 8000)), tmp_path / "hub" / TRAIN)

    dataset, applied = ingest(tmp_path, f"{kind}../hub")

    assert said(dataset, "label", "declared_split") == {
        sha256(SOUNDS[0]): ("dog", "train"),
        sha256(SOUNDS[1]): ("cat", "train"),
        sha256(SOUNDS[2]): (None, "train"),
    }
    assert sorted(dataset.rejected["code"].to_pylist()) == ["audio.not_audio", "input.no_sound", "input.no_sound"]
    assert applied.counts == Counts(inputs=6, kept=3, rejected=3)
    assert applied.entry.report["ignored"] == {}


def test_every_file_and_row_of_an_audiofolder_is_accounted_for(tmp_path: Path) -> None:
    write(
        tmp_path / "hub",
        {
            "train/metadata.csv": "file_name,text\nx.wav,007\ngone.wav,a\n",
            "test/metadata.csv": "file_name,text\nx.wav,NA\n../y.wav,b\n",
            "train/x.wav": SOUNDS[0],
            "test/x.wav": SOUNDS[1],
            "test/bad.wav": b"no sound",
        },
    )
    dataset, applied = ingest(tmp_path, "audiofolder:../hub")

    assert said(dataset, "path", "text", "declared_split") == {
        sha256(SOUNDS[0]): ("train/x.wav", "007", "train"),
        sha256(SOUNDS[1]): ("test/x.wav", "NA", "test"),
    }
    assert {row["path"]: row["code"] for row in dataset.rejected.to_pylist()} == {
        "train/gone.wav": "metadata.file_missing",
        "../y.wav": "metadata.unsafe_path",
        "test/bad.wav": "audio.not_audio",
    }
    assert applied.counts == Counts(inputs=5, kept=2, rejected=3)
    assert applied.entry.report["ignored"] == {}


def test_an_audiofolder_is_never_recognised_so_that_its_tables_are_not_read_twice(tmp_path: Path) -> None:
    write(tmp_path / "hub", {"train/metadata.csv": "file_name,text\nx.wav,a\n", "train/x.wav": SOUNDS[0]})

    dataset, applied = ingest(tmp_path, "../hub", ["../hub/train/metadata.csv"])

    assert said(dataset, "text") == {sha256(SOUNDS[0]): ("a",)}
    assert [item.code for item in applied.findings] == []


def test_a_column_whose_name_is_no_text_keeps_no_folder_from_being_looked_at(tmp_path: Path) -> None:
    path = tmp_path / TRAIN
    pq.write_table(pa.table({"audio": pa.array([{"bytes": b"", "path": "a.wav"}], AUDIO_TYPE), "word": ["x"]}), path)
    path.write_bytes(path.read_bytes().replace(b"word", b"wo\xffd"))

    assert not hf_parquet.recognises(tmp_path)
