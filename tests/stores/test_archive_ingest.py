from __future__ import annotations

import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets import stages
from listen_datasets.dataset import Dataset
from listen_datasets.errors import MetadataError
from listen_datasets.executors import Done, Lost
from listen_datasets.executors.serial import Serial
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

A, B, C = (encode(noise(number, duration=0.1, sample_rate=8000), 8000) for number in range(3))
FILES = {
    "a.wav": A,
    "x/b.wav": B,
    "x/y/c.wav": C,
    "metadata.csv": b"file_name,label\na.wav,quay\ngone.wav,none\n",
    "x/metadata.jsonl": b'{"file_name": "b.wav", "label": "mole"}\n',
    "x/y/metadata.csv": b"file_name,label\nc.wav,007\n",
    "x/.hidden/metadata.csv": b"file_name,label\nc.wav,hidden\n",
}


def as_folder(path: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)


def as_tar(path: Path, files: Mapping[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def as_zip(path: Path, files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


Pack = Callable[[Path, Mapping[str, bytes]], None]
PACKS = pytest.mark.parametrize("pack", [as_folder, as_tar, as_zip])


def ingest(folder: Path, metadata: Sequence[str], executor: Serial | None = None) -> Dataset:
    recipe = '[dataset]\nname = "made"\n[ingest]\nmax-reject = 1.0\n[[source]]\nname = "takes"\npath = "../takes"\n'
    recipe += f"metadata = {json.dumps(list(metadata))}\n"
    dataset = Dataset.create(folder / "dataset", {"lds.toml": recipe.encode()})
    dataset.apply(stages.find("ingest"), executor=executor or Serial())
    return dataset


def labels(dataset: Dataset) -> dict[str, Any]:
    return {row["path"]: row.get("label") for row in dataset.manifest.to_pylist()}


def said(dataset: Dataset) -> list[tuple[str, str | None, int | None]]:
    return [(item.code, item.path, item.line) for item in dataset.findings("ingest")]


@PACKS
def test_a_table_among_the_recordings_is_read(tmp_path: Path, pack: Pack) -> None:
    pack(tmp_path / "takes", FILES)
    dataset = ingest(tmp_path, ["../takes/metadata.csv"])

    assert labels(dataset) == {"a.wav": "quay", "x/b.wav": None, "x/y/c.wav": None}
    assert sorted(code for code, _, _ in said(dataset)) == [
        "metadata.file_missing", "metadata.row_missing", "metadata.row_missing",
    ]  # fmt: skip


@PACKS
def test_a_table_in_each_folder_is_read(tmp_path: Path, pack: Pack) -> None:
    pack(tmp_path / "takes", FILES)
    dataset = ingest(tmp_path, ["../takes/**/metadata.csv", "../takes/x/metadata.jsonl"])

    assert labels(dataset) == {"a.wav": "quay", "x/b.wav": "mole", "x/y/c.wav": "007"}
    assert said(dataset) == [("metadata.file_missing", "takes/metadata.csv", 3)]


@PACKS
def test_a_table_in_parquet_is_read(tmp_path: Path, pack: Pack) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"file_name": ["a.wav"], "label": ["quay"]}), buffer)
    pack(tmp_path / "takes", {"a.wav": A, "notes/table.parquet": buffer.getvalue()})

    assert labels(ingest(tmp_path, ["../takes/notes/*.parquet"])) == {"a.wav": "quay"}


@PACKS
@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("../takes/other.csv", "there is no"),
        ("../takes/*/*/*/metadata.csv", "no table fits the pattern"),
        ("../takes/a.wav", "suffix names no format|not a table|not UTF-8|NUL"),
    ],
)
def test_a_table_that_cannot_be_read_ends_the_run(tmp_path: Path, pack: Pack, name: str, match: str) -> None:
    pack(tmp_path / "takes", FILES)
    with pytest.raises(MetadataError, match=match):
        ingest(tmp_path, [name])


def test_a_table_that_must_not_be_opened_says_why(tmp_path: Path) -> None:
    as_zip(tmp_path / "takes", {"a.wav": A, "metadata.csv": FILES["metadata.csv"], "METADATA.csv": b"file_name\n"})
    with pytest.raises(MetadataError, match="another member of the archive has this name"):
        ingest(tmp_path, ["../takes/metadata.csv"])


class Spying(Serial):
    """Runs everything in this process, and keeps what would be sent to others."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def map_batches(
        self, fn: Callable[[Any], Any], items: Sequence[Any], *rest: Any
    ) -> Iterator[tuple[int, Done[Any] | Lost]]:
        self.sent.append(pickle.dumps(fn))
        return super().map_batches(fn, items, *rest)


def test_workers_get_the_copy_of_a_compressed_archive(tmp_path: Path) -> None:
    as_tar(tmp_path / "takes", FILES)
    spying = Spying()
    ingest(tmp_path, [], spying)

    assert spying.sent
    assert all(b"listen_datasets.stores.spool" in sent for sent in spying.sent)
