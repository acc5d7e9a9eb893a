from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets import checksums, huggingface
from listen_datasets.errors import MachineError, NothingError, UsageError
from listen_datasets.executors import Done, Executor, Lost
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.ledger import Entry
from listen_datasets.recipe import Recipe
from listen_datasets.shards import Changed, Shard
from listen_datasets.stage import Outcome
from listen_datasets.stages import shard
from listen_datasets.testing.manifests import FOLDER, RECIPE, manifest, row, workspace
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

Row = dict[str, Any]

SPLITS = ("train", "train", "train", "train", "validation", "test")
RECORDINGS = {f"{name}.wav": encode(noise(number, duration=0.2), 16_000) for number, name in enumerate("fedcba")}

LICENSED: Recipe = msgspec.structs.replace(
    RECIPE, dataset=msgspec.structs.replace(RECIPE.dataset, license="CC0-1.0", label="label")
)


def rows_of(**columns: Any) -> list[Row]:
    """Return a row for each recording; `columns` holds one value for all of them."""
    found = []
    for (path, data), split in zip(RECORDINGS.items(), SPLITS, strict=True):
        found.append(row(path, data, **{"label": "ab"[data[-1] % 2], "split": split, "excluded_by": None, **columns}))
    return found


def applied(
    root: Path,
    rows: Sequence[Row] | None = None,
    recipe: Recipe = LICENSED,
    *,
    executor: Executor | None = None,
    history: dict[str, Entry] | None = None,
    **config: Any,
) -> Outcome:
    """Run the stage over a dataset with the recordings above on disk."""
    (root / FOLDER).mkdir(exist_ok=True, parents=True)
    for path, data in RECORDINGS.items():
        if not (root / FOLDER / path).exists():
            (root / FOLDER / path).write_bytes(data)
    table = manifest(rows_of() if rows is None else rows)
    seen = workspace(root, table, recipe, executor=executor, history=history)
    return shard.run(seen, shard.Config(**config))


def tables_of(outcome: Outcome) -> dict[str, pa.Table]:
    return {
        name.removeprefix("dist/data/"): pq.ParquetFile(file.path).read()
        for name, file in outcome.files.items()
        if name.endswith(".parquet")
    }


class Losing:
    """An executor whose workers die."""

    def map(self, fn: Any, tasks: Sequence[Any]) -> Iterator[Lost]:  # noqa: ARG002 - the signature of an executor
        """Lose every task."""
        return (Lost("worker.crashed", "the worker ended with signal SIGKILL") for _ in tasks)

    def map_batches(self, fn: Any, items: Sequence[Any], batches: Any, seconds: Any = None) -> Iterator[Any]:  # noqa: ARG002
        """Lose every item."""
        return enumerate(self.map(fn, items))


# ----------------------------------------------------------------------------------------------------------------------
# The files


def test_every_split_becomes_its_own_files(tmp_path: Path) -> None:
    outcome = applied(tmp_path)
    assert sorted(outcome.files) == [
        "dist/SHA256SUMS",
        "dist/data/test-00000-of-00001.parquet",
        "dist/data/train-00000-of-00001.parquet",
        "dist/data/validation-00000-of-00001.parquet",
    ]
    found = {name: table.column("path").to_pylist() for name, table in tables_of(outcome).items()}
    assert found == {
        "train-00000-of-00001.parquet": ["f.wav", "e.wav", "d.wav", "c.wav"],
        "validation-00000-of-00001.parquet": ["b.wav"],
        "test-00000-of-00001.parquet": ["a.wav"],
    }


def test_the_recordings_are_in_them_as_they_are(tmp_path: Path) -> None:
    for table in tables_of(applied(tmp_path)).values():
        found = dict(zip(table.column("path").to_pylist(), table.column("audio").to_pylist(), strict=True))
        assert {path: cell["bytes"] for path, cell in found.items()} == {path: RECORDINGS[path] for path in found}


def test_the_footer_says_audio_and_class_label_and_nothing_else(tmp_path: Path) -> None:
    outcome = applied(tmp_path)
    schema = pq.read_schema(outcome.files["dist/data/test-00000-of-00001.parquet"].path)
    assert json.loads(schema.metadata[b"huggingface"])["info"]["features"] == {
        "audio": {"sampling_rate": 16_000, "_type": "Audio"},
        "label": {"names": ["a", "b"], "_type": "ClassLabel"},
    }
    assert schema.field("audio").type == huggingface.AUDIO_TYPE
    assert schema.field("label").type == pa.int64()


def test_all_shards_name_all_classes_though_a_split_lacks_one(tmp_path: Path) -> None:
    rows = [{**cells, "label": "dog" if cells["split"] == "test" else "cat"} for cells in rows_of()]
    outcome = applied(tmp_path, rows)
    assert outcome.report["class_labels"] == {"label": ["cat", "dog"]}
    assert {name[:4]: set(table.column("label").to_pylist()) for name, table in tables_of(outcome).items()} == {
        "trai": {0},
        "vali": {0},
        "test": {1},
    }


def test_rates_that_differ_in_any_split_are_not_claimed(tmp_path: Path) -> None:
    rows = rows_of()
    rows[-1]["sample_rate"] = 8_000
    outcome = applied(tmp_path, rows)
    schema = pq.read_schema(outcome.files["dist/data/train-00000-of-00001.parquet"].path)
    assert json.loads(schema.metadata[b"huggingface"])["info"]["features"]["audio"] == {"_type": "Audio"}
    assert outcome.report["sampling_rate"] is None


def test_clips_that_are_marked_stay_out(tmp_path: Path) -> None:
    rows = rows_of(duplicate_of=None)
    rows[0].update(excluded_by="audio.clipped", split=None)
    rows[1].update(duplicate_of="0" * 20, split=None)
    assert tables_of(applied(tmp_path, rows))["train-00000-of-00001.parquet"].column("path").to_pylist() == [
        "d.wav",
        "c.wav",
    ]


def test_checksums_are_those_of_the_files(tmp_path: Path) -> None:
    outcome = applied(tmp_path)
    sums = checksums.parse(outcome.files["dist/SHA256SUMS"].path.read_bytes())
    assert sums == {
        name.removeprefix("dist/"): hashlib.sha256(file.path.read_bytes()).hexdigest()
        for name, file in outcome.files.items()
        if name != "dist/SHA256SUMS"
    }


def test_shards_are_cut_at_the_size_asked_for(tmp_path: Path) -> None:
    data = bytes(600_000)
    rows = []
    (tmp_path / FOLDER).mkdir()
    for number in range(5):
        (tmp_path / FOLDER / f"{number}.wav").write_bytes(data)
        rows.append(row(f"{number}.wav", data, split="train", label="x"))
    recipe = msgspec.structs.replace(LICENSED, split=msgspec.structs.replace(RECIPE.split, ratios={"train": 1.0}))
    found = tables_of(applied(tmp_path, rows, recipe, max_shard_size=1_300_000))
    assert {name: table.column("path").to_pylist() for name, table in found.items()} == {
        "train-00000-of-00003.parquet": ["0.wav", "1.wav"],
        "train-00001-of-00003.parquet": ["2.wav", "3.wav"],
        "train-00002-of-00003.parquet": ["4.wav"],
    }


def test_a_thousand_rows_are_a_row_group(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "one.wav").write_bytes(b"RIFF")
    rows = [row("one.wav", b"RIFF", clip_id=f"{n:020x}", split="train", label="x") for n in range(1001)]
    recipe = msgspec.structs.replace(LICENSED, split=msgspec.structs.replace(RECIPE.split, ratios={"train": 1.0}))
    outcome = applied(tmp_path, rows, recipe)
    metadata = pq.read_metadata(outcome.files["dist/data/train-00000-of-00001.parquet"].path)
    assert [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)] == [1000, 1]


def test_text_counts_for_the_size_of_a_row_group() -> None:
    rows = pa.table({"lyrics": ["a" * 1000, None, "é"], "notes": [[1, 2], [], [3]], "n": [1, 2, 3]})
    found = shard._row_bytes(rows).tolist()
    assert found[0] - found[1] == 1000
    assert found[2] - found[1] == 2


def test_local_processes_give_the_same_bytes(tmp_path: Path) -> None:
    serial = applied(tmp_path / "one")
    parallel = applied(tmp_path / "two", executor=LocalProcesses(workers=2))
    assert {name: file.sha256 for name, file in parallel.files.items()} == {
        name: file.sha256 for name, file in serial.files.items()
    }
    assert parallel.report == serial.report


def test_the_report_counts_what_was_written(tmp_path: Path) -> None:
    outcome = applied(tmp_path)
    file = outcome.files["dist/data/train-00000-of-00001.parquet"]
    assert outcome.report["splits"]["train"] == {
        "clips": 4,
        "shards": 1,
        "bytes": file.bytes,
        "audio_bytes": sum(len(RECORDINGS[f"{name}.wav"]) for name in "fedc"),
        "seconds": 4.0,
    }
    assert outcome.report["columns"][:4] == ["clip_id", "audio", "label", "license"]
    assert (outcome.report["sampling_rate"], outcome.report["unlicensed"]) == (16_000, 0)


# ----------------------------------------------------------------------------------------------------------------------
# Licences


def test_clips_without_a_licence_stay_out_and_are_findings(tmp_path: Path) -> None:
    rows = [{**cells, "license": None if cells["path"] == "f.wav" else "CC0-1.0"} for cells in rows_of()]
    outcome = applied(tmp_path, rows, msgspec.structs.replace(LICENSED, dataset=RECIPE.dataset))
    assert [(finding.code, finding.path) for finding in outcome.findings] == [("license.missing", "f.wav")]
    assert outcome.report["splits"]["train"]["clips"] == 3
    assert outcome.report["unlicensed"] == 1


def test_only_an_explicit_word_publishes_them(tmp_path: Path) -> None:
    outcome = applied(tmp_path, recipe=RECIPE, allow_unlicensed=True)
    assert outcome.findings == ()
    assert tables_of(outcome)["test-00000-of-00001.parquet"].column("license").to_pylist() == [None]


def test_without_any_licence_nothing_is_published(tmp_path: Path) -> None:
    with pytest.raises(NothingError, match="the licence of none of the 6 clips is known") as caught:
        applied(tmp_path, recipe=RECIPE)
    assert 'license = "CC-BY-4.0"' in str(caught.value.hint)
    assert not (tmp_path / ".lds").exists()


# ----------------------------------------------------------------------------------------------------------------------
# What stops it


def test_nothing_to_publish_is_not_green(tmp_path: Path) -> None:
    with pytest.raises(NothingError, match="none of the 6 clips"):
        applied(tmp_path, rows_of(excluded_by="audio.silent", split=None))


def test_a_split_without_a_clip_is_refused(tmp_path: Path) -> None:
    rows = rows_of()
    rows[-1]["split"] = "train"
    with pytest.raises(UsageError, match="the split test would have no clip"):
        applied(tmp_path, rows)


def test_the_splits_are_those_that_split_was_asked_for(tmp_path: Path) -> None:
    ratios = {"train": 0.8, "validation": 0.1, "test": 0.1, "extra": 0.0, "more": 0.1}
    entry = Entry(n=1, run="", stage="split", version="1", started="", seconds=0, config={"ratios": ratios})
    with pytest.raises(UsageError, match="the split more would have no clip"):
        applied(tmp_path, history={"split": entry})


def test_a_split_that_was_to_get_nothing_is_not_missed(tmp_path: Path) -> None:
    ratios = {"train": 0.8, "validation": 0.1, "test": 0.1, "extra": 0.0}
    recipe = msgspec.structs.replace(LICENSED, split=msgspec.structs.replace(RECIPE.split, ratios=ratios))
    assert list(applied(tmp_path, recipe=recipe).report["splits"]) == ["train", "validation", "test"]


def test_a_clip_in_a_split_that_nobody_asked_for_is_not_lost(tmp_path: Path) -> None:
    rows = rows_of()
    rows[0]["split"] = "other"
    with pytest.raises(UsageError, match=r"lds\.toml has no split 'other'"):
        applied(tmp_path, rows)


def test_a_clip_without_a_split_is_not_lost(tmp_path: Path) -> None:
    rows = rows_of()
    rows[0]["split"] = None
    with pytest.raises(UsageError, match="some clips have no split yet"):
        applied(tmp_path, rows)


@pytest.mark.parametrize("data", [b"another", None], ids=["changed", "missing"])
def test_a_recording_that_is_not_what_was_ingested_is_refused(tmp_path: Path, data: bytes | None) -> None:
    rows = rows_of()
    applied(tmp_path / "sound", rows)
    path = tmp_path / FOLDER / "c.wav"
    path.parent.mkdir()
    if data is None:
        rows[3]["path"] = "gone.wav"
    else:
        path.write_bytes(data)
    with pytest.raises(UsageError, match="a recording has changed since ingest") as caught:
        applied(tmp_path, rows)
    assert caught.value.where in {"main:c.wav", "main:gone.wav"}
    assert "lds ingest" in str(caught.value.hint)


def test_a_recording_that_cannot_be_read_is_the_machines_trouble() -> None:
    task = Shard("dist/data/x.parquet", pa.table({}), pa.table({}), ())
    changed = Changed("main", "a.wav", "input.unreadable", "a.wav cannot be read: Input/output error")
    with pytest.raises(MachineError, match="Input/output error"):
        shard._kept(task, Done(changed))


def test_a_lost_worker_is_the_machines_trouble(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="signal SIGKILL") as caught:
        applied(tmp_path, executor=Losing())
    assert caught.value.where == "dist/data/train-00000-of-00001.parquet"


def test_a_recording_that_parquet_cannot_hold_is_refused_before_it_is_read(tmp_path: Path) -> None:
    rows = rows_of()
    rows[2]["bytes"] = 2**31
    with pytest.raises(UsageError, match="2,147,483,648 bytes is too large") as caught:
        applied(tmp_path, rows)
    assert caught.value.where == "d.wav"


# ----------------------------------------------------------------------------------------------------------------------
# What it depends on


@pytest.mark.parametrize(
    ("change", "matters"),
    [
        ({"dataset": msgspec.structs.replace(LICENSED.dataset, license="MIT")}, True),
        ({"dataset": msgspec.structs.replace(LICENSED.dataset, label=None)}, True),
        ({"dataset": msgspec.structs.replace(LICENSED.dataset, title="Another")}, False),
        ({"source": (msgspec.structs.replace(LICENSED.source[0], license="MIT"),)}, True),
        ({"source": (msgspec.structs.replace(LICENSED.source[0], path="moved"),)}, False),
    ],
    ids=["license", "label", "title", "source license", "source path"],
)
def test_inputs_are_what_other_sections_say_about_the_shards(tmp_path: Path, change: Row, matters: bool) -> None:  # noqa: FBT001
    table = manifest(rows_of())
    one = shard.inputs(workspace(tmp_path, table, LICENSED), shard.Config())
    other = shard.inputs(workspace(tmp_path, table, msgspec.structs.replace(LICENSED, **change)), shard.Config())
    assert (one != other) == matters
