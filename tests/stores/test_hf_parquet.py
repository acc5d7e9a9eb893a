from __future__ import annotations

import datetime as dt
import json
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets import Dataset, huggingface, stages
from listen_datasets.audio import Measured, Reading, measure
from listen_datasets.errors import MetadataError, RecipeError
from listen_datasets.executors import Done, Lost
from listen_datasets.executors.serial import Serial
from listen_datasets.inputs import InputProblem
from listen_datasets.metadata.cuts import cuts_of
from listen_datasets.metadata.join import match
from listen_datasets.stores import hf_rows
from listen_datasets.stores.hf_parquet import HfParquet, recognises
from listen_datasets.testing.small import spanned_dataset

T = TypeVar("T")
R = TypeVar("R")

AUDIO = huggingface.AUDIO_TYPE
TRAIN = "data/train-00000-of-00001.parquet"


def sound(number: int, size: int = 300) -> bytes:
    return np.random.default_rng(number).bytes(size)


def rows(count: int, first: int = 0) -> list[dict[str, Any] | None]:
    return [{"bytes": sound(number), "path": f"{number}.wav"} for number in range(first, first + count)]


def write(
    root: Path,
    name: str = TRAIN,
    audio: Sequence[Mapping[str, Any] | None] | None = None,
    features: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    **columns: Any,
) -> Path:
    arrays = {"audio": pa.array(rows(3) if audio is None else audio, AUDIO)}
    table = pa.table(
        {**arrays, **{key: pa.array(value) if isinstance(value, list) else value for key, value in columns.items()}}
    )
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **{"write_page_checksum": True, **(options or {})})
    return path


def store(root: Path, column: str | None = None) -> HfParquet:
    return HfParquet(root, column, Serial())


def content(found: HfParquet, path: str) -> bytes:
    with found.opened(path) as file:
        return file.read(0, file.size + 1)


def codes(found: HfParquet) -> dict[str, str]:
    return {item.path: item.problem.code if item.problem else item.kind for item in found.walk()}


def columns(found: HfParquet) -> dict[str, list[Any]]:
    (table,) = found.tables()
    return dict(table.columns.to_pydict())


# ----------------------------------------------------------------------------------------------------------------------
# Recordings


def test_rows_are_recordings_sorted_by_path(tmp_path: Path) -> None:
    write(tmp_path, audio=rows(12))
    found = list(store(tmp_path).walk())

    assert [item.path for item in found] == sorted(f"train/{number}.wav" for number in range(12))
    assert [content(store(tmp_path), f"train/{number}.wav") for number in range(12)] == [
        sound(number) for number in range(12)
    ]
    assert [item.path for item in sorted(found, key=lambda item: item.position)][:3] == [
        "train/0.wav",
        "train/1.wav",
        "train/2.wav",
    ]


@pytest.mark.parametrize("options", [{}, {"row_group_size": 7}, {"compression": "zstd"}, {"use_dictionary": False}])
def test_rows_can_be_opened_in_any_order(tmp_path: Path, options: dict[str, Any]) -> None:
    write(tmp_path, audio=rows(40), options=options)
    order = [*range(39, -1, -3), *range(40)]

    assert [content(store(tmp_path), f"train/{number}.wav") for number in order] == [sound(number) for number in order]


def test_shards_of_configurations_and_splits_lie_in_folders(tmp_path: Path) -> None:
    for number, name in enumerate(
        ["en/train-00000-of-00001.parquet", "en/test-00000-of-00001.parquet", "de/train/0000.parquet"]
    ):
        write(tmp_path, name, audio=rows(1, number))

    assert codes(store(tmp_path)) == dict.fromkeys(["de/train/2.wav", "en/test/1.wav", "en/train/0.wav"], "file")
    assert {
        (table.name, *(table.columns[name][0].as_py() for name in ("config", "split")))
        for table in store(tmp_path).tables()
    } == {
        ("de/train/0000.parquet", "de", "train"),
        ("en/test-00000-of-00001.parquet", "en", "test"),
        ("en/train-00000-of-00001.parquet", "en", "train"),
    }


def test_no_row_is_lost_whatever_it_is_called(tmp_path: Path) -> None:
    names = ["a.wav", "a.wav", None, "/home/me/a.wav", "../../etc/passwd", "x\x07.wav", "b/c.wav", ""]
    write(tmp_path, audio=[{"bytes": sound(at), "path": name} for at, name in enumerate(names)])
    found = store(tmp_path)
    paths = columns(found)["file_name"]

    assert paths == [
        f"train/{name}"
        for name in ("a.wav", "a~2.wav", "000002", "a~3.wav", "passwd", "000005", "b/c.wav", "000007")
    ]  # fmt: skip
    assert [content(found, path) for path in paths] == [sound(at) for at in range(len(names))]


def test_a_name_that_is_no_text_costs_the_name_alone(tmp_path: Path) -> None:
    paths = pa.array([b"\xff.wav", b"b.wav"]).view(pa.string())
    audio = pa.StructArray.from_arrays([pa.array([sound(0), sound(1)]), paths], fields=list(AUDIO))
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table({"audio": audio}), tmp_path / TRAIN)

    assert codes(store(tmp_path)) == {"train/000000": "file", "train/b.wav": "file"}


def test_paths_are_joined_to_their_rows_without_a_finding(tmp_path: Path) -> None:
    write(tmp_path, audio=[{"bytes": b"x", "path": name} for name in ("a.wav", "a.wav", None)], label=["x", "y", "z"])
    found = store(tmp_path)
    matched = match(found.tables()[0], "file_name", [item.path for item in found.walk()])

    assert (matched.unused, matched.without_row, matched.findings) == ({}, (), ())


def test_row_without_sound_is_reported(tmp_path: Path) -> None:
    write(
        tmp_path,
        audio=[None, {"bytes": sound(1), "path": "b.wav"}, {"bytes": b"", "path": "c.wav"}],
        label=["x", "y", "z"],
    )
    found = store(tmp_path)

    assert codes(found) == {"train/000000": "input.no_sound", "train/b.wav": "file", "train/c.wav": "file"}
    assert columns(found)["label"] == ["x", "y", "z"]
    assert content(found, "train/c.wav") == b""


def test_path_without_bytes_is_no_sound(tmp_path: Path) -> None:
    write(tmp_path, audio=[{"bytes": None, "path": "/home/me/a.wav"}])

    with pytest.raises(InputProblem, match=r"row 1 of .* holds no sound") as caught:
        content(store(tmp_path), "train/a.wav")
    assert caught.value.code == "input.no_sound"


def test_what_lies_beside_the_shards_stays_what_it_is(tmp_path: Path) -> None:
    write(tmp_path, audio=rows(1))
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "0.wav").write_bytes(b"beside")
    (tmp_path / "README.md").write_bytes(b"# x")

    assert codes(store(tmp_path)) == dict.fromkeys(["README.md", "train/0.wav", "train/0~2.wav"], "file")
    assert (content(store(tmp_path), "train/0.wav"), content(store(tmp_path), "train/0~2.wav")) == (b"beside", sound(0))


def test_store_travels_and_is_used_twice(tmp_path: Path) -> None:
    write(tmp_path)
    found = store(tmp_path)
    first = [(item, item.stamp) for item in found.walk()]

    copy = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    assert [(item, item.stamp) for item in copy.walk()] == first
    assert content(copy, "train/0.wav") == sound(0)


def test_a_shard_that_was_written_again_is_read_again(tmp_path: Path) -> None:
    write(tmp_path)
    found = store(tmp_path)
    content(found, "train/0.wav")
    before = {item.path: item.stamp for item in found.walk()}
    write(tmp_path, audio=rows(3)[::-1])

    assert content(found, "train/0.wav") == sound(0)
    assert all(before[item.path] != item.stamp for item in found.walk())


def test_unknown_path_is_missing(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(InputProblem, match="there is no file") as caught:
        content(store(tmp_path), "train/9.wav")
    assert caught.value.code == "input.missing"


# ----------------------------------------------------------------------------------------------------------------------
# Which column


def test_column_is_found_by_the_footer_under_any_name(tmp_path: Path) -> None:
    table = pa.table({"cover": pa.array(rows(1, 5), AUDIO), "speech": pa.array(rows(1), AUDIO)})
    features = {"cover": {"_type": "Image"}, "speech": {"sampling_rate": 8000, "_type": "Audio"}}
    (tmp_path / "data").mkdir()
    pq.write_table(
        table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}), tmp_path / TRAIN
    )
    found = store(tmp_path)

    assert content(found, "train/0.wav") == sound(0)
    assert [(item.code, item.field) for item in found.tables()[0].findings] == [("metadata.column_left_out", "/cover")]


def test_several_columns_of_sound_must_be_told_apart(tmp_path: Path) -> None:
    write(tmp_path, clean=pa.array(rows(3, 7), AUDIO))

    with pytest.raises(RecipeError, match="several columns hold sound: audio, clean") as caught:
        list(store(tmp_path).walk())
    assert caught.value.hint == "say which: hf-parquet:FOLDER#audio"


def test_location_names_the_column(tmp_path: Path) -> None:
    write(tmp_path, clean=pa.array(rows(3, 7), AUDIO))
    found = HfParquet.at(Path(f"{tmp_path}#clean"))

    assert (found.root, found.column) == (tmp_path, "clean")
    assert content(store(tmp_path, "clean"), "train/7.wav") == sound(7)


def test_a_folder_may_have_the_sign_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "a#b"
    folder.mkdir()
    assert HfParquet.at(folder) == HfParquet(folder)


@pytest.mark.parametrize("column", [None, "sound"])
def test_folder_without_sound_is_refused(tmp_path: Path, column: str | None) -> None:
    pq.write_table(pa.table({"sound": ["a.wav"]}), tmp_path / "train.parquet")
    with pytest.raises(RecipeError, match="no Parquet file in the folder has a column"):
        list(store(tmp_path, column).walk())


def test_shard_without_the_column_of_the_others_is_reported(tmp_path: Path) -> None:
    write(tmp_path)
    pq.write_table(pa.table({"label": ["x"]}), tmp_path / "data" / "test-00000-of-00001.parquet")
    pq.write_table(pa.table({"label": ["x"]}), tmp_path / "notes.parquet")
    found = codes(store(tmp_path))

    assert found["data/test-00000-of-00001.parquet"] == "input.no_sound"
    assert found["notes.parquet"] == "file"


# ----------------------------------------------------------------------------------------------------------------------
# Metadata


def test_columns_keep_their_names_and_values(tmp_path: Path) -> None:
    day = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
    write(
        tmp_path,
        id=["007", "1e3", "NA"],
        n=[1, None, 3],
        x=[0.5, None, 1.0],
        words=[["a"], [], None],
        at=[day, None, day],
    )

    assert columns(store(tmp_path)) == {
        "file_name": ["train/0.wav", "train/1.wav", "train/2.wav"],
        "split": ["train"] * 3,
        "id": ["007", "1e3", "NA"],
        "n": [1, None, 3],
        "x": [0.5, None, 1.0],
        "words": [["a"], [], None],
        "at": ["2024-05-01T12:00:00.000000Z", None, "2024-05-01T12:00:00.000000Z"],
    }


CLASSES = {"names": ["cat", "dog"], "_type": "ClassLabel"}


@pytest.mark.parametrize(
    ("feature", "values", "expected"),
    [
        (CLASSES, [1, 0, None], ["dog", "cat", None]),
        (CLASSES, [-1, -1, 0], [None, None, "cat"]),
        ({"feature": CLASSES, "_type": "List"}, [[1, 0], [], None], [["dog", "cat"], [], None]),
        ([CLASSES], [[1], [-1], []], [["dog"], [None], []]),
        ({"dtype": "int64", "_type": "Value"}, [1, 0, -1], [1, 0, -1]),
        ({"names": "dog", "_type": "ClassLabel"}, [1, 0, -1], [1, 0, -1]),
        ("nonsense", [1, 0, 7], [1, 0, 7]),
    ],
)
def test_numbers_of_classes_become_their_names(
    tmp_path: Path, feature: Any, values: list[Any], expected: list[Any]
) -> None:
    write(tmp_path, features={"audio": {"_type": "Audio"}, "label": feature}, label=values)
    (table,) = store(tmp_path).tables()

    assert table.columns["label"].to_pylist() == expected
    assert table.findings == ()


def test_a_number_of_no_class_is_reported(tmp_path: Path) -> None:
    features = {"audio": {"_type": "Audio"}, "label": CLASSES}
    write(tmp_path, "data/train-00000-of-00002.parquet", features=features, label=[0, 1, 0])
    write(tmp_path, "data/train-00001-of-00002.parquet", features=features, label=[0, 2, -2])
    (table,) = store(tmp_path).tables()

    assert table.columns["label"].to_pylist() == ["cat", "dog", "cat", "cat", "2", "-2"]
    assert [(item.code, item.path, item.line, item.value) for item in table.findings] == [
        ("metadata.unknown_class", "data/train-*.parquet", 5, "2"),
        ("metadata.unknown_class", "data/train-*.parquet", 6, "-2"),
    ]


@pytest.mark.parametrize(
    "footer", [b"{", b"[" * 100_000, b'{"info": 3}', b"\xff", b'{"info": {"features": {"audio": 3}}}']
)
def test_a_footer_of_nonsense_says_nothing(tmp_path: Path, footer: bytes) -> None:
    table = pa.table({"audio": pa.array(rows(1), AUDIO)}).replace_schema_metadata({b"huggingface": footer})
    pq.write_table(table, tmp_path / "train.parquet")

    assert codes(store(tmp_path)) == {"train/0.wav": "file"}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"file_name": ["a", "b", "c"]}, {"original_file_name"}),
        ({"split": ["train"] * 3}, set()),
        ({"split": ["a", "b", "c"]}, {"original_split"}),
        ({"declared_split": ["a", "b", "c"]}, {"original_declared_split"}),
        ({"duration": [1.0, 2.0, 3.0]}, {"duration"}),
        ({"duration": [1.0, 2.0, 3.0], "declared_duration": [1.0, 2.0, 3.0]}, {"original_duration", "declared_duration"}),
        ({"start": [1.0, 2.0, 3.0], "end": [2.0, 3.0, 4.0]}, {"original_start", "end"}),
        ({"start": ["a", "b", "c"]}, {"start"}),
    ],
)  # fmt: skip
def test_columns_of_the_publisher_get_along_with_ours(tmp_path: Path, own: dict[str, Any], expected: set[str]) -> None:
    write(tmp_path, **own)
    assert set(columns(store(tmp_path))) - {"file_name", "split"} == expected


def test_a_shard_may_lack_a_column_or_hold_nothing_in_it(tmp_path: Path) -> None:
    write(tmp_path, "data/train-00000-of-00003.parquet", n=[1, 2, 3])
    write(tmp_path, "data/train-00001-of-00003.parquet", n=pa.nulls(3))
    write(tmp_path, "data/train-00002-of-00003.parquet")

    assert columns(store(tmp_path))["n"] == [1, 2, 3, None, None, None, None, None, None]


def test_types_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "data/train-00000-of-00002.parquet", n=[1, 2, 3])
    write(tmp_path, "data/train-00001-of-00002.parquet", n=["1", "2", "3"])
    with pytest.raises(MetadataError, match="`n` has different types in different shards: int64, string"):
        store(tmp_path).tables()


# ----------------------------------------------------------------------------------------------------------------------
# Damage and malice


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "footer"])
def test_a_damaged_shard_costs_its_own_rows_alone(tmp_path: Path, damage: str) -> None:
    write(tmp_path)
    bad = write(tmp_path, "data/test-00000-of-00001.parquet")
    whole = bad.read_bytes()
    ruined = {"cut": whole[:-100], "text": b"<html>", "empty": b"", "footer": whole[:-8] + b"\xff\xff\xff\x7fPAR1"}
    bad.write_bytes(ruined[damage])
    found = store(tmp_path)

    assert codes(found)["data/test-00000-of-00001.parquet"] == "input.archive_damaged"
    assert [table.name for table in found.tables()] == [TRAIN]
    assert content(found, "train/1.wav") == sound(1)


def test_a_flipped_bit_in_metadata_refuses_the_shard(tmp_path: Path) -> None:
    path = write(tmp_path, word=["zebra"] * 3, options={"compression": "none"})
    data = bytearray(path.read_bytes())
    data[data.index(b"zebra")] ^= 1
    path.write_bytes(data)

    assert codes(store(tmp_path)) == {TRAIN: "input.archive_damaged"}


def test_a_flipped_bit_in_sound_costs_the_rows_of_its_page(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "compression": "none",
        "data_page_size": 1000,
        "write_batch_size": 1,
        "use_dictionary": False,
    }
    options["write_statistics"] = False  # they repeat some of the bytes
    path = write(tmp_path, audio=rows(60), options=options)
    data = bytearray(path.read_bytes())
    data[data.index(sound(30)) + 5] ^= 1
    path.write_bytes(data)
    found = store(tmp_path)

    assert [content(found, f"train/{number}.wav") for number in range(25)] == [sound(number) for number in range(25)]
    with pytest.raises(InputProblem, match=r"row 31 of .* cannot be read") as caught:
        content(found, "train/30.wav")
    assert caught.value.code == "input.member_damaged"


def _zeros(root: Path, size: int) -> HfParquet:
    write(root, audio=[{"bytes": bytes(size), "path": "a.wav"}], options={"compression": "zstd"})
    return store(root)


def test_more_sound_than_its_bytes_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="at most 100 may come out of one") as caught:
        content(_zeros(tmp_path, 20 << 20), "train/a.wav")
    assert caught.value.code == "input.archive_limit"


def test_digital_silence_compresses_well_and_passes(tmp_path: Path) -> None:
    assert content(_zeros(tmp_path, 5 << 20), "train/a.wav") == bytes(5 << 20)


def test_a_row_group_of_gigabytes_is_refused_before_it_is_read() -> None:
    def group(size: int) -> Any:
        chunk = SimpleNamespace(
            path_in_schema="audio.bytes",
            total_uncompressed_size=size,
            total_compressed_size=size,
            has_dictionary_page=False,
        )
        return SimpleNamespace(num_columns=1, num_rows=100, column={0: chunk}.__getitem__)

    assert hf_rows._rows_at_once(group(2 << 30), "audio.bytes") == 1
    assert hf_rows._rows_at_once(group(100 << 10), "audio.bytes") == 64
    with pytest.raises(InputProblem, match=r"its row group holds .* bytes of sound") as caught:
        hf_rows._rows_at_once(group((2 << 30) + 1), "audio.bytes")
    assert caught.value.code == "input.archive_limit"


def test_names_that_unpack_without_end_are_refused(tmp_path: Path) -> None:
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(4096, np.int32)), pa.array(["x" * 100_000]))
    audio = pa.StructArray.from_arrays([pa.array([b"x"] * 4096), names], names=["bytes", "path"])
    table = pa.table({"audio": audio, "n": pa.array(range(4096))})
    kind = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
    assert table.schema.field("audio").type != kind
    writer = pq.ParquetWriter(tmp_path / "train.parquet", table.schema, store_schema=False)
    writer.write_table(table)
    writer.close()

    assert (tmp_path / "train.parquet").stat().st_size < 200_000
    assert codes(store(tmp_path)) == {"train.parquet": "input.archive_limit"}


class Dead(Serial):
    def map(self, fn: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Lost]:  # noqa: ARG002 - dead
        return (Lost("worker.memory", "there was not enough memory") for _ in tasks)


def test_a_child_that_dies_costs_the_shard(tmp_path: Path) -> None:
    write(tmp_path)
    assert codes(HfParquet(tmp_path, None, Dead())) == {TRAIN: "input.archive_damaged"}


# ----------------------------------------------------------------------------------------------------------------------
# Recognition


def test_a_published_folder_is_recognised(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "README.md").write_text("# x")
    assert recognises(tmp_path)


@pytest.mark.parametrize("case", ["empty", "recordings beside", "no sound", "no Parquet", "damaged", "sound in a file"])
def test_an_ordinary_folder_is_not_recognised(tmp_path: Path, case: str) -> None:
    if case == "recordings beside":
        write(tmp_path)
        (tmp_path / "data" / "a.wav").write_bytes(b"RIFF")
    if case == "no sound":
        pq.write_table(pa.table({"audio": ["a.wav"]}), tmp_path / "metadata.parquet")
    if case == "no Parquet":
        (tmp_path / "metadata.csv").write_text("file_name\n")
    if case == "damaged":
        (tmp_path / "a.parquet").write_bytes(b"PAR1")
    if case == "sound in a file":
        pq.write_table(pa.table({"audio": pa.array([{"bytes": 1, "path": "a"}])}), tmp_path / "a.parquet")
    assert not recognises(tmp_path)


# ----------------------------------------------------------------------------------------------------------------------
# Our own shards


def _published(root: Path) -> dict[str, tuple[str, str, str | None]]:
    """Return digest of bytes and of samples, and the split, of each clip that is published, as they are read back."""
    found = store(root / "dist")
    back: dict[str, tuple[str, str, str | None]] = {}
    for table in found.tables():
        for row in table.columns.to_pylist():
            measured = measure(found, row["file_name"], Reading(()), None)
            assert isinstance(measured, Measured)
            back[row["clip_id"]] = (measured.facts["sha256"], measured.clips[0]["pcm_md5"], row["split"])
    return back


def test_what_lds_published_comes_back_as_it_was_ingested(finished: Path) -> None:
    assert recognises(finished / "dist")
    rows_before = pq.read_table(finished / "manifest.parquet").to_pylist()

    assert _published(finished) == {
        row["clip_id"]: (row["sha256"], row["pcm_md5"], row["split"]) for row in rows_before
    }


def test_published_clips_are_not_cut_once_more(tmp_path: Path) -> None:
    root = spanned_dataset(tmp_path / "spanned")
    dataset = Dataset.open(root)
    for name in ("ingest", "split", "shard"):
        dataset.apply(stages.find(name), executor=Serial())
    rows_before = pq.read_table(root / "manifest.parquet").to_pylist()

    assert all(cuts_of(table) is None for table in store(root / "dist").tables())
    assert {clip: pcm for clip, (_, pcm, _) in _published(root).items()} == {
        row["clip_id"]: row["pcm_md5"] for row in rows_before
    }
