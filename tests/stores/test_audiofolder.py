from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets.errors import MetadataError, RecipeError
from listen_datasets.executors.serial import Serial
from listen_datasets.metadata.join import match
from listen_datasets.metadata.recordings import Recordings
from listen_datasets.stores.audiofolder import AudioFolder, recognises


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())


def table(root: Path, name: str, rows: list[dict[str, Any]]) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
        path.write_text("\n".join(lines) + "\n")


def store(root: Path) -> AudioFolder:
    return AudioFolder(root, Serial())


def rows(found: AudioFolder) -> dict[str, list[dict[str, Any]]]:
    return {table.name: table.columns.to_pylist() for table in found.tables()}


def unused(found: AudioFolder) -> list[str]:
    paths = [item.path for item in found.walk()]
    return [code for table in found.tables() for code in match(table, "file_name", Recordings(paths)).unused.values()]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_tables_of_folders_name_files_from_the_root(tmp_path: Path, form: str) -> None:
    put(tmp_path, "train/a.wav", "train/x/b.wav", "test/a.wav")
    table(
        tmp_path, f"train/metadata.{form}", [{"file_name": "a.wav", "id": "007"}, {"file_name": "x/b.wav", "id": "1"}]
    )
    table(tmp_path, f"test/metadata.{form}", [{"file_name": "a.wav", "id": "NA"}])
    found = store(tmp_path)

    assert rows(found) == {
        f"test/metadata.{form}": [{"file_name": "test/a.wav", "split": "test", "id": "NA"}],
        f"train/metadata.{form}": [
            {"file_name": "train/a.wav", "split": "train", "id": "007"},
            {"file_name": "train/x/b.wav", "split": "train", "id": "1"},
        ],
    }
    assert unused(found) == []
    assert [item.path for item in found.walk()] == ["test/a.wav", "train/a.wav", "train/x/b.wav"]
    with found.opened("test/a.wav") as file:
        assert file.read(0, 99) == b"test/a.wav"


def test_table_at_the_root_has_the_splits_of_the_files(tmp_path: Path) -> None:
    put(tmp_path, "Valid/a.wav", "eval/b.wav", "c.wav")
    table(tmp_path, "metadata.csv", [{"file_name": name} for name in ("Valid/a.wav", "eval/b.wav", "c.wav")])

    assert [row["split"] for row in rows(store(tmp_path))["metadata.csv"]] == ["validation", "test", None]


def test_folders_that_are_no_splits_make_none(tmp_path: Path) -> None:
    put(tmp_path, "trains/a.wav")
    table(tmp_path, "metadata.csv", [{"file_name": "trains/a.wav", "split": "mine"}])

    assert rows(store(tmp_path)) == {"metadata.csv": [{"file_name": "trains/a.wav", "split": "mine"}]}


def test_a_column_of_the_publisher_gives_way(tmp_path: Path) -> None:
    put(tmp_path, "train/a.wav")
    table(tmp_path, "train/metadata.csv", [{"file_name": "a.wav", "split": "mine"}])

    assert rows(store(tmp_path))["train/metadata.csv"] == [
        {"file_name": "train/a.wav", "split": "train", "original_split": "mine"}
    ]


def test_without_tables_folders_are_labels(tmp_path: Path) -> None:
    put(tmp_path, "train/dog/a.wav", "test/cat/b.wav", "test/c.wav", "notes.txt")

    assert rows(store(tmp_path)) == {
        "folders": [
            {"file_name": "test/c.wav", "split": "test", "label": None},
            {"file_name": "test/cat/b.wav", "split": "test", "label": "cat"},
            {"file_name": "train/dog/a.wav", "split": "train", "label": "dog"},
        ]
    }


def test_recordings_that_no_table_covers_keep_their_split_and_get_no_label(tmp_path: Path) -> None:
    put(tmp_path, "train/a.wav", "test/dog/b.wav")
    table(tmp_path, "train/metadata.csv", [{"file_name": "a.wav", "label": "x"}])

    assert rows(store(tmp_path))["folders"] == [{"file_name": "test/dog/b.wav", "split": "test"}]


def test_folders_that_say_nothing_make_no_table(tmp_path: Path) -> None:
    put(tmp_path, "a.wav", "b.wav")
    assert list(store(tmp_path).tables()) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../test/a.wav", "metadata.unsafe_path"),
        ("/etc/passwd", "metadata.unsafe_path"),
        ("", "metadata.unsafe_path"),
        ("https://example.org/a.wav", "metadata.unsafe_path"),
        ("b.wav", "metadata.file_missing"),
    ],
)
def test_rows_that_name_no_file_below_are_reported(tmp_path: Path, name: str, code: str) -> None:
    put(tmp_path, "train/a.wav", "test/a.wav")
    table(tmp_path, "train/metadata.csv", [{"file_name": name, "n": 1}])
    assert unused(store(tmp_path)) == [code]


@pytest.mark.parametrize("row", [{"path": "a.wav"}, {"file_name": 3}])
def test_table_without_paths_is_refused(tmp_path: Path, row: dict[str, Any]) -> None:
    put(tmp_path, "a.wav")
    table(tmp_path, "metadata.jsonl", [row])
    with pytest.raises(MetadataError, match="no column `file_name` of text"):
        store(tmp_path).tables()


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="there is no such folder"):
        AudioFolder.at(tmp_path / "none")
    assert AudioFolder.at(tmp_path) == store(tmp_path)


def test_folders_of_splits_with_tables_are_recognised(tmp_path: Path) -> None:
    put(tmp_path, "README.md", "train/a.wav", "dev/a.wav")
    table(tmp_path, "train/metadata.csv", [{"file_name": "a.wav", "n": 1}])
    table(tmp_path, "dev/metadata.jsonl", [{"file_name": "a.wav", "n": 1}])
    assert recognises(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ["metadata.csv", "train/metadata.csv"],
        ["a.wav", "train/metadata.csv"],
        ["other/a.wav", "train/metadata.csv"],
        ["test/a.wav", "train/metadata.csv"],
        ["metadata.csv"],
        [],
    ],
    ids=str,
)
def test_what_any_folder_may_look_like_is_not_recognised(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        put(tmp_path, name) if name.endswith(".wav") else table(tmp_path, name, [{"file_name": "a.wav", "n": 1}])
    assert not recognises(tmp_path)


def test_a_table_without_paths_is_not_recognised(tmp_path: Path) -> None:
    table(tmp_path, "train/metadata.csv", [{"name": "a.wav", "n": 1}])
    assert not recognises(tmp_path)
