from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets.documents import published
from listen_datasets.errors import CorruptError, UsageError
from listen_datasets.ledger import FileRecord
from listen_datasets.recipe import Shard
from listen_datasets.stage import Workspace
from listen_datasets.testing.manifests import manifest
from listen_datasets.testing.publications import WHOLE, rows, sharded

NESTED = {
    "words": [["a"], [], None, ["b", None], ["c"], []],
    "place": [{"lat": 1.5}, None, {"lat": None}, {"lat": float("nan")}, None, {"lat": 0.0}],
    "score": [1.5, float("nan"), None, 0.0, -0.0, 2.0],
}


def records(workspace: Workspace) -> Mapping[str, FileRecord]:
    entry = workspace.history["shard"]
    return {
        path: FileRecord(made.sha256, made.bytes, "shard", entry.n)
        for path, made in entry.generated.items()
        if path.startswith("dist/data/")
    }


def audio_bytes(workspace: Workspace) -> dict[str, int]:
    return {name: part["audio_bytes"] for name, part in workspace.history["shard"].report["splits"].items()}


def read(workspace: Workspace) -> published.Published:
    return published.read(workspace.root, records(workspace), audio_bytes(workspace))


def test_all_clips_are_there_with_their_splits(workspace: Workspace) -> None:
    found = read(workspace)
    assert [(split.name, split.clips) for split in found.splits] == [("train", 4), ("validation", 1), ("test", 1)]
    assert found.rows.column("split").to_pylist() == ["train"] * 4 + ["validation", "test"]
    assert found.rows.column("path").to_pylist() == [f"{name}.wav" for name in "abcdef"]


def test_the_recordings_are_not_read(workspace: Workspace) -> None:
    found = read(workspace)
    assert "audio" in found.schema.names
    assert "audio" not in found.rows.column_names


@pytest.mark.parametrize("limit", [10**6, 10**9])
def test_num_bytes_is_what_arrow_says_of_the_whole_table(tmp_path: Path, limit: int) -> None:
    workspace = sharded(tmp_path / "dataset", rows(**NESTED), config=Shard(max_shard_size=limit))
    for split in read(workspace).splits:
        whole = sum(pq.read_table(workspace.root / "dist" / shard.path).nbytes for shard in split.shards)
        assert split.num_bytes == whole


def test_labels_are_read_as_people_read_them(workspace: Workspace) -> None:
    found = read(workspace)
    assert found.class_labels == {"label": ("dog", "siren")}
    assert found.text_of("label").to_pylist() == ["dog", "siren"] * 3
    assert found.text_of("speaker").to_pylist() == [f"speaker {number}" for number in range(6)]


def test_a_split_of_another_name_comes_after_the_usual_ones(tmp_path: Path) -> None:
    split = msgspec.structs.replace(WHOLE.split, ratios={"a.b": 0.5, "train": 0.5})
    recipe = msgspec.structs.replace(WHOLE, split=split)
    clips = rows(split=["train", "a.b", "a.b", "a.b", "train", "train"])
    workspace = sharded(tmp_path / "dataset", clips, recipe)
    assert [split.name for split in read(workspace).splits] == ["train", "a.b"]


def test_a_missing_shard_is_reported(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset")
    (workspace.root / "dist/data/test-00000-of-00001.parquet").unlink()
    with pytest.raises(CorruptError, match="cannot be read"):
        read(workspace)


def test_a_shard_of_another_length_is_reported(workspace: Workspace) -> None:
    found = dict(records(workspace))
    path = "dist/data/test-00000-of-00001.parquet"
    found[path] = replace(found[path], bytes=found[path].bytes + 1)
    with pytest.raises(CorruptError, match="were written"):
        published.read(workspace.root, found, audio_bytes(workspace))


def test_shards_with_other_columns_are_reported(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset")
    path = workspace.root / "dist/data/test-00000-of-00001.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["speaker"]), path)
    found = dict(records(workspace))
    name = "dist/data/test-00000-of-00001.parquet"
    found[name] = replace(found[name], bytes=path.stat().st_size)
    with pytest.raises(CorruptError, match="the same columns"):
        published.read(workspace.root, found, audio_bytes(workspace))


def test_no_shard_at_all_is_reported(workspace: Workspace) -> None:
    with pytest.raises(CorruptError, match="the same columns"):
        published.read(workspace.root, {}, {})


# ----------------------------------------------------------------------------------------------------------------------
# Whether the manifest still says so


def test_shards_that_are_what_the_manifest_says_pass(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset", rows(**NESTED))
    published.check_current(read(workspace), workspace.manifest, 0)


def test_the_order_of_the_manifest_does_not_matter(workspace: Workspace) -> None:
    published.check_current(read(workspace), workspace.manifest.take([5, 3, 1, 0, 2, 4]), 0)


def test_clips_left_out_for_want_of_a_licence_are_accounted_for(workspace: Workspace) -> None:
    more = pa.concat_tables([workspace.manifest, workspace.manifest.slice(0, 1)])
    published.check_current(read(workspace), more, 1)


@pytest.mark.parametrize(
    "columns",
    [
        {"label": ["siren", "siren", "dog", "siren", "dog", "siren"]},
        {"speaker": ["someone else", *(f"speaker {number}" for number in range(1, 6))]},
        {"split": ["test", "train", "train", "train", "validation", "test"]},
        {"peak_dbfs": [-3.0] * 6},
    ],
)
def test_a_manifest_that_has_changed_since_is_noticed(workspace: Workspace, columns: dict[str, list[Any]]) -> None:
    with pytest.raises(UsageError, match="not what the manifest says") as caught:
        published.check_current(read(workspace), manifest(rows(**columns)), 0)
    assert caught.value.hint == "run `lds shard` again"


def test_a_clip_more_or_less_is_noticed(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="not what the manifest says"):
        published.check_current(read(workspace), workspace.manifest.slice(1), 0)


def test_another_clip_in_the_place_of_one_is_noticed(workspace: Workspace) -> None:
    clips = rows()
    clips[0] |= {"clip_id": "other", "recording_id": "other"}
    with pytest.raises(UsageError, match="not what the manifest says"):
        published.check_current(read(workspace), manifest(clips), 0)
