from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets import stages
from listen_datasets.dataset import Dataset
from listen_datasets.errors import MetadataError, RecipeError
from listen_datasets.executors.serial import Serial
from listen_datasets.huggingface import AUDIO_TYPE, shard_name
from listen_datasets.inputs import InputProblem, safe_relative
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.stores.hf_parquet import HfParquet, recognises
from listen_datasets.testing import publications
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

TRAIN = "data/train-00000-of-00001.parquet"

Cell = Mapping[str, Any] | None


def cell(data: bytes | None, path: str | None = None) -> Cell:
    return {"bytes": data, "path": path}


def footer(**features: Any) -> dict[str, str]:
    return {"huggingface": json.dumps({"info": {"features": features}})}


def shard(
    path: Path,
    cells: Sequence[Cell],
    features: Mapping[str, Any] | None = None,
    kinds: Mapping[str, pa.DataType] | None = None,
    options: Mapping[str, Any] | None = None,
    **columns: Sequence[Any],
) -> Path:
    """Write a shard with the recordings in a column ``audio``, and return its path."""
    arrays = {"audio": pa.array(cells, AUDIO_TYPE)}
    arrays |= {name: pa.array(values, (kinds or {}).get(name)) for name, values in columns.items()}
    table = pa.table(arrays).replace_schema_metadata(None if features is None else footer(**features))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **(options or {}))
    return path


def store(root: Path, column: str | None = None) -> HfParquet:
    return HfParquet(root, column, Serial())


def paths(made: HfParquet) -> list[str]:
    """Return the paths of the rows in the order of the shards."""
    return [found.path for found in sorted(made.walk(), key=lambda found: found.position) if found.kind == "file"]


def content(made: HfParquet, path: str) -> bytes:
    with made.opened(path) as file:
        return file.read(0, file.size + 1)


def contents(made: HfParquet) -> dict[str, bytes]:
    return {path: content(made, path) for path in paths(made)}


def problem(made: HfParquet, path: str) -> str:
    with pytest.raises(InputProblem) as caught, made.opened(path):
        pass
    return caught.value.code


def only(tables: Sequence[MetadataTable]) -> dict[str, list[Any]]:
    (table,) = tables
    return dict(table.columns.to_pydict())


# ----------------------------------------------------------------------------------------------------------------------
# Rows as recordings


def test_each_row_is_a_recording_with_the_bytes_that_were_published(tmp_path: Path) -> None:
    shard(tmp_path / TRAIN, [cell(b"one", "a.wav"), cell(b"two", "b.flac")])

    assert contents(store(tmp_path)) == {f"{TRAIN}/a.wav": b"one", f"{TRAIN}/b.flac": b"two"}


def test_shards_of_a_split_follow_each_other_and_splits_stay_apart(tmp_path: Path) -> None:
    for index in range(2):
        shard(tmp_path / "data" / shard_name("train", index, 2), [cell(b"train %d" % index, f"{index}.wav")])
    shard(tmp_path / "data" / shard_name("test", 0, 1), [cell(b"test", "0.wav")])

    assert contents(store(tmp_path)) == {
        "data/test-00000-of-00001.parquet/0.wav": b"test",
        "data/train-00000-of-00002.parquet/0.wav": b"train 0",
        "data/train-00001-of-00002.parquet/1.wav": b"train 1",
    }


def test_configurations_are_folders_and_said_in_a_column(tmp_path: Path) -> None:
    for config in ("ar", "de"):
        shard(tmp_path / config / "train-00000-of-00001.parquet", [cell(config.encode(), "0.wav")])
    made = store(tmp_path)

    assert contents(made) == {
        f"{config}/train-00000-of-00001.parquet/0.wav": config.encode() for config in ("ar", "de")
    }
    assert [table.columns.to_pylist() for table in made.tables()] == [
        [{"file_name": f"{config}/train-00000-of-00001.parquet/0.wav", "config": config, "split": "train"}]
        for config in ("ar", "de")
    ]


@pytest.mark.parametrize(
    "said",
    ["/etc/passwd", "../../up.wav", "C:\\music\\x.wav", "https://host/x.wav", "~/x.wav", "-", "", ".", "a\nb.wav",
     "\x00", "folder/", "x" * 5000, "a/" * 600 + "x.wav", "\u202ewav.x", "..", None],
)  # fmt: skip
def test_whatever_a_row_is_called_its_path_is_safe_and_its_bytes_are_found(tmp_path: Path, said: str | None) -> None:
    shard(tmp_path / TRAIN, [cell(b"before", "x.wav"), cell(b"sound", said)])
    made = store(tmp_path)
    path = paths(made)[1]

    assert safe_relative(path) == path
    assert all(len(part.encode()) <= 255 for part in path.split("/"))
    assert content(made, path) == b"sound"


def test_rows_of_one_name_get_paths_of_their_own(tmp_path: Path) -> None:
    names = ["x.wav", "x.wav", "x~2.wav", "/a/x.wav", "x.wav", None, None, "000005"]
    shard(tmp_path / TRAIN, [cell(b"%d" % row, name) for row, name in enumerate(names)])
    found = contents(store(tmp_path))

    assert list(found.values()) == [b"%d" % row for row in range(len(names))]
    assert next(iter(found)) == f"{TRAIN}/x.wav"


def test_a_row_keeps_its_path_whatever_befalls_other_shards(tmp_path: Path) -> None:
    for index in range(2):
        shard(tmp_path / shard_name("train", index, 2), [cell(b"%d" % index, "a.wav"), cell(b"%d" % index)])
    (tmp_path / shard_name("train", 0, 2)).write_bytes(b"lost")

    assert contents(store(tmp_path)) == {
        "train-00001-of-00002.parquet/a.wav": b"1",
        "train-00001-of-00002.parquet/000001": b"1",
    }


def test_rows_of_a_shard_that_was_refused_are_never_taken_for_those_of_another(tmp_path: Path) -> None:
    bad = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())
    shard(tmp_path / shard_name("train", 0, 2), [cell(b"wrong", "a.wav")], text=bad)
    shard(tmp_path / shard_name("train", 1, 2), [cell(b"right", "a.wav")], text=["x"])
    made = store(tmp_path)

    (path,) = only(made.tables())["file_name"]
    assert content(made, path) == b"right"


def test_a_folder_called_like_a_shard_is_gone_into(tmp_path: Path) -> None:
    shard(tmp_path / "train.parquet/part-00000.parquet", [cell(b"one", "a.wav")])

    assert contents(store(tmp_path)) == {"train.parquet/part-00000.parquet/a.wav": b"one"}


def test_rows_may_be_opened_in_any_order_across_row_groups(tmp_path: Path) -> None:
    cells = [cell(os.urandom(100 * row), f"{row}.wav") for row in range(20)]
    shard(tmp_path / TRAIN, cells, options={"row_group_size": 3})
    made = store(tmp_path)
    order = [7, 19, 0, 18, 1, 1, 8, 2]

    assert [content(made, f"{TRAIN}/{row}.wav") for row in order] == [cells[row]["bytes"] for row in order]  # type: ignore[index]


@pytest.mark.parametrize("codec", ["none", "snappy", "zstd", "gzip"])
@pytest.mark.parametrize("use_dictionary", [False, True])
def test_every_packing_of_a_column_is_read(tmp_path: Path, codec: str, *, use_dictionary: bool) -> None:
    cells = [cell(b"again" * 10, f"{row}.wav") for row in range(5)]
    options = {"compression": codec, "use_dictionary": use_dictionary}
    shard(tmp_path / TRAIN, cells, options=options)

    assert set(contents(store(tmp_path)).values()) == {b"again" * 10}


def test_paths_come_sorted_with_stamps_that_change_with_the_shard(tmp_path: Path) -> None:
    path = shard(tmp_path / TRAIN, [cell(b"1", "b.wav"), cell(b"2", "a.wav")])
    before = list(store(tmp_path).walk())
    os.utime(path, ns=(1, 1))
    after = list(store(tmp_path).walk())

    assert [found.path for found in before] == [f"{TRAIN}/a.wav", f"{TRAIN}/b.wav"]
    assert [found.position for found in before] == [1, 0]
    assert len({found.stamp for found in (*before, *after)}) == 4


def test_a_shard_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    made = store(tmp_path)
    for data in (b"first", b"second one"):
        shard(tmp_path / TRAIN, [cell(data, "x.wav")])
        assert content(made, f"{TRAIN}/x.wav") == data


def test_a_store_can_be_sent_to_a_worker(tmp_path: Path) -> None:
    shard(tmp_path / TRAIN, [cell(b"one", "a.wav")])
    made = store(tmp_path)
    list(made.walk())

    assert contents(pickle.loads(pickle.dumps(made))) == {f"{TRAIN}/a.wav": b"one"}  # noqa: S301 - our own


def test_what_lies_beside_the_shards_is_reported_as_it_is(tmp_path: Path) -> None:
    shard(tmp_path / TRAIN, [cell(b"one", "a.wav")])
    (tmp_path / "README.md").write_text("a card")
    (tmp_path / "link.wav").symlink_to("README.md")

    (tmp_path / "data/._train-00000-of-00001.parquet").write_bytes(b"left behind by a file system")

    assert {found.path: "junk" if found.junk else found.kind for found in store(tmp_path).walk()} == {
        "data/._train-00000-of-00001.parquet": "junk",
        "README.md": "file",
        "link.wav": "link",
        f"{TRAIN}/a.wav": "file",
    }


# ----------------------------------------------------------------------------------------------------------------------
# What is no recording


def test_a_row_without_sound_is_refused(tmp_path: Path) -> None:
    shard(tmp_path / TRAIN, [None, cell(b"one", "a.wav"), cell(None, "b.wav")])
    made = store(tmp_path)
    refused = [found for found in made.walk() if found.kind == "refused"]

    assert [(found.path, found.problem and found.problem.code) for found in refused] == [
        (f"{TRAIN}/000000", "input.no_sound")
    ]
    assert problem(made, f"{TRAIN}/b.wav") == "input.no_sound"
    assert content(made, f"{TRAIN}/a.wav") == b"one"


def test_an_empty_recording_is_a_recording(tmp_path: Path) -> None:
    shard(tmp_path / TRAIN, [cell(b"", "a.wav")])

    assert contents(store(tmp_path)) == {f"{TRAIN}/a.wav": b""}


def test_a_damaged_shard_is_reported_and_costs_no_other(tmp_path: Path) -> None:
    shard(tmp_path / "test-00000-of-00001.parquet", [cell(b"one", "a.wav")])
    cut = shard(tmp_path / TRAIN, [cell(b"two", "b.wav")])
    cut.write_bytes(cut.read_bytes()[:-20])

    assert {found.path: found.problem and found.problem.code for found in store(tmp_path).walk()} == {
        "test-00000-of-00001.parquet/a.wav": None,
        TRAIN: "input.archive_damaged",
    }


def test_a_damaged_page_costs_its_row_alone(tmp_path: Path) -> None:
    cells = [cell(bytes([65 + row]) * 200, f"{row}.wav") for row in range(4)]
    options = {"write_page_checksum": True, "use_dictionary": False, "compression": "none",
               "data_page_size": 1, "write_batch_size": 1, "write_statistics": False}  # fmt: skip
    path = shard(tmp_path / TRAIN, cells, options=options)
    data = path.read_bytes()
    assert data.count(b"C" * 200) == 1
    path.write_bytes(data.replace(b"C" * 200, b"C" * 100 + b"X" + b"C" * 99))
    made = store(tmp_path)

    assert problem(made, f"{TRAIN}/2.wav") == "input.member_damaged"
    assert [content(made, f"{TRAIN}/{row}.wav")[:1] for row in (0, 1)] == [b"A", b"B"]


def test_a_row_group_that_unpacks_to_far_more_than_it_is_is_refused(tmp_path: Path) -> None:
    cells = [cell(bytes(30 << 20), "zeros.wav")]
    shard(tmp_path / TRAIN, cells, options={"compression": "zstd", "use_dictionary": False})

    assert problem(store(tmp_path), f"{TRAIN}/zeros.wav") == "input.archive_limit"


def test_a_path_that_no_row_has_is_missing(tmp_path: Path) -> None:
    shard(tmp_path / TRAIN, [cell(b"one", "a.wav")])

    assert problem(store(tmp_path), f"{TRAIN}/b.wav") == "input.missing"


# ----------------------------------------------------------------------------------------------------------------------
# Which column holds the sound


@pytest.mark.parametrize("features", [None, {"audio": {"_type": "Audio"}}])
def test_the_column_is_known_by_what_the_footer_says_or_by_its_type(
    tmp_path: Path, features: dict[str, Any] | None
) -> None:
    shard(tmp_path / TRAIN, [cell(b"one", "a.wav")], features)

    assert contents(store(tmp_path)) == {f"{TRAIN}/a.wav": b"one"}


def test_pictures_are_no_sound(tmp_path: Path) -> None:
    shard(tmp_path / TRAIN, [cell(b"one", "a.png")], {"audio": {"_type": "Image"}})

    with pytest.raises(RecipeError, match="no Parquet file in the folder has a column with sound"):
        list(store(tmp_path).walk())


def test_of_several_columns_with_sound_one_must_be_said(tmp_path: Path) -> None:
    other = pa.array([cell(b"noisy", "a.wav")], AUDIO_TYPE)
    shard(tmp_path / TRAIN, [cell(b"clean", "a.wav")], noisy=other)

    with pytest.raises(RecipeError, match="several columns hold sound: audio, noisy"):
        list(store(tmp_path).walk())
    assert contents(store(tmp_path, "noisy")) == {f"{TRAIN}/a.wav": b"noisy"}


# ----------------------------------------------------------------------------------------------------------------------
# Metadata


def test_numbers_of_classes_become_names_and_minus_one_null(tmp_path: Path) -> None:
    features = {"audio": {"_type": "Audio"}, "label": {"names": ["dog", "cat"], "_type": "ClassLabel"}}
    cells = [cell(b"%d" % row, f"{row}.wav") for row in range(4)]
    shard(tmp_path / TRAIN, cells, features, label=[1, 0, -1, None])

    assert only(store(tmp_path).tables())["label"] == ["cat", "dog", None, None]


def test_a_number_that_names_no_class_is_kept_and_found(tmp_path: Path) -> None:
    features = {"audio": {"_type": "Audio"}, "label": {"names": ["dog", "cat"], "_type": "ClassLabel"}}
    shard(tmp_path / TRAIN, [cell(b"1", "a.wav"), cell(b"2", "b.wav")], features, label=[1, 2])
    (table,) = store(tmp_path).tables()

    assert table.columns["label"].to_pylist() == ["cat", "2"]
    assert [(item.code, item.line, item.value) for item in table.findings] == [("metadata.unknown_class", 2, "2")]


def test_numbers_that_are_no_classes_stay_numbers(tmp_path: Path) -> None:
    shard(tmp_path / TRAIN, [cell(b"1", "a.wav")], {"audio": {"_type": "Audio"}}, age=[-1])
    (table,) = store(tmp_path).tables()

    assert table.columns["age"].to_pylist() == [-1]
    assert table.findings == ()


def test_columns_arrive_in_the_types_of_metadata(tmp_path: Path) -> None:
    values: dict[str, Any] = {
        "text": ["007"],
        "day": [date(2024, 2, 29)],
        "words": [["a", "b"]],
        "gain": [0.5],
        "ok": [True],
    }
    shard(tmp_path / TRAIN, [cell(b"1", "a.wav")], **values)

    assert only(store(tmp_path).tables()) == {
        "file_name": [f"{TRAIN}/a.wav"],
        "split": ["train"],
        **values,
        "day": ["2024-02-29"],
    }


def test_a_column_that_cannot_be_metadata_is_left_out_and_found(tmp_path: Path) -> None:
    shard(tmp_path / TRAIN, [cell(b"1", "a.wav")], raw=[b"\xff"], text=["x"])
    (table,) = store(tmp_path).tables()

    assert table.columns.column_names == ["file_name", "split", "text"]
    assert [(item.code, item.field) for item in table.findings] == [("metadata.column_left_out", "/raw")]


def test_columns_that_the_layout_adds_do_not_hide_those_of_the_publisher(tmp_path: Path) -> None:
    columns: dict[str, Any] = {"file_name": ["mine"], "split": ["fold-3"]}
    shard(tmp_path / TRAIN, [cell(b"1", "a.wav")], **columns)

    assert only(store(tmp_path).tables()) == {
        "file_name": [f"{TRAIN}/a.wav"],
        "split": ["train"],
        "original_file_name": ["mine"],
        "original_split": ["fold-3"],
    }


def test_shards_that_disagree_on_a_type_are_no_table(tmp_path: Path) -> None:
    shard(tmp_path / "train-00000-of-00002.parquet", [cell(b"1", "a.wav")], n=[1])
    shard(tmp_path / "train-00001-of-00002.parquet", [cell(b"2", "b.wav")], n=["1"])

    with pytest.raises(MetadataError, match="different types in different shards"):
        store(tmp_path).tables()


# ----------------------------------------------------------------------------------------------------------------------
# Recognition


def test_a_folder_of_shards_is_recognised(tmp_path: Path) -> None:
    shard(tmp_path / TRAIN, [cell(b"1", "a.wav")])
    (tmp_path / "README.md").write_text("a card")

    assert recognises(tmp_path)


def test_a_name_of_a_column_that_is_no_text_is_not_recognised(tmp_path: Path) -> None:
    path = shard(tmp_path / TRAIN, [cell(b"1", "a.wav")], word=["x"])
    path.write_bytes(path.read_bytes().replace(b"word", b"wo\xffd"))

    assert not recognises(tmp_path)


def test_recordings_with_a_table_in_parquet_are_no_shards(tmp_path: Path) -> None:
    pq.write_table(pa.table({"file_name": ["a.wav"]}), tmp_path / "metadata.parquet")
    (tmp_path / "a.wav").write_bytes(b"")

    assert not recognises(tmp_path)


def test_recordings_beside_shards_are_not_passed_over(tmp_path: Path) -> None:
    shard(tmp_path / TRAIN, [cell(b"1", "a.wav")])
    (tmp_path / "b.wav").write_bytes(b"")

    assert not recognises(tmp_path)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1"])
def test_damaged_files_are_not_recognised(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "train.parquet").write_bytes(data)

    assert not recognises(tmp_path)


# ----------------------------------------------------------------------------------------------------------------------
# Round trips


def test_what_was_published_comes_back_byte_for_byte_with_labels_and_splits(tmp_path: Path) -> None:
    published = publications.sharded(tmp_path / "made").manifest.to_pylist()
    made = store(tmp_path / "made/dist")
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in contents(made).items() if ".parquet/" in path}
    names = ("file_name", "label", "split")
    said = {name: [value for table in made.tables() for value in table.columns[name].to_pylist()] for name in names}

    assert sorted(digests.values()) == sorted(row["sha256"] for row in published)
    assert {digests[path]: pair for path, *pair in zip(*said.values(), strict=True)} == {
        row["sha256"]: [row["label"], row["split"]] for row in published
    }


def test_an_ingest_accounts_for_every_row(tmp_path: Path) -> None:
    sounds = [encode(noise(row, duration=0.1, sample_rate=8000), 8000) for row in range(3)]
    cells = [cell(sounds[0], "a.wav"), cell(b"no sound at all", "b.wav"), None, cell(sounds[1], "a.wav"),
             cell(None, "c.wav"), cell(sounds[2])]  # fmt: skip
    features = {"audio": {"_type": "Audio"}, "label": {"names": ["dog", "cat"], "_type": "ClassLabel"}}
    shard(tmp_path / "hub/data/train-00000-of-00001.parquet", cells, features, label=[0, 1, 0, 1, 0, 0])
    recipe = '[dataset]\nname = "made"\n[ingest]\nmax-reject = 1.0\n'
    recipe += '[[source]]\nname = "hub"\npath = "hf-parquet:../hub"\n'
    dataset = Dataset.create(tmp_path / "dataset", {"lds.toml": recipe.encode()})

    applied = dataset.apply(stages.find("ingest"), executor=Serial())

    kept = {row["path"]: (row["sha256"], row["label"], row["declared_split"]) for row in dataset.manifest.to_pylist()}
    assert kept == {
        path: (hashlib.sha256(data).hexdigest(), label, "train")
        for path, data, label in [
            (f"{TRAIN}/a.wav", sounds[0], "dog"),
            (f"{TRAIN}/a~2.wav", sounds[1], "cat"),
            (f"{TRAIN}/000005", sounds[2], "dog"),
        ]
    }
    assert {row["path"]: row["code"] for row in dataset.rejected.to_pylist()} == {
        f"{TRAIN}/b.wav": "audio.not_audio",
        f"{TRAIN}/000002": "input.no_sound",
        f"{TRAIN}/c.wav": "input.no_sound",
    }
    assert applied.counts.inputs == len(cells)
