from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets import huggingface

ROWS = 3
FEATURES = {
    "audio": {"sampling_rate": 16_000, "_type": "Audio"},
    "label": {"names": ["dog", "siren"], "_type": "ClassLabel"},
}

Change = Callable[[dict[str, Any]], None]


def audio(kind: pa.DataType = huggingface.AUDIO_TYPE, rows: int = ROWS) -> pa.Array:
    cells = [{field.name: b"RIFF" if "binary" in str(field.type) else "a.wav" for field in kind} for _ in range(rows)]
    return pa.array(cells, kind)


def written(folder: Path, change: Change | None = None) -> Path:
    """Write a shard as `lds` does, but for one change of what the writer is given."""
    made: dict[str, Any] = {
        "columns": {
            "clip_id": pa.array(["a", "b", "c"]),
            "audio": audio(),
            "label": pa.array([0, 1, 0], pa.int64()),
            "tags": pa.array([["x"], [], None], pa.list_(pa.string())),
        },
        "nullable": True,
        "features": json.loads(json.dumps(FEATURES)),
        "footer": huggingface.footer(),
        "options": {},
        "group": ROWS,
    }
    if change:
        change(made)
    fields = [pa.field(name, array.type, nullable=made["nullable"]) for name, array in made["columns"].items()]
    schema = pa.schema(fields)
    if made["features"] is not None:
        schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": made["features"]}})})
    path = folder / "shard.parquet"
    with pq.ParquetWriter(path, schema, **{**huggingface.options(schema), **made["options"]}) as writer:
        writer.write_table(pa.table(list(made["columns"].values()), schema=schema), row_group_size=made["group"])
        writer.add_key_value_metadata(made["footer"])
    return path


def column(name: str, array: pa.Array) -> Change:
    return lambda made: made["columns"].update({name: array})


def feature(name: str, value: Any) -> Change:
    return lambda made: made["features"].update({name: value})


def key(name: str, value: Any) -> Change:
    return lambda made: made.update({name: value})


STRUCT = pa.struct
BYTES, PATH = pa.field("bytes", pa.binary()), pa.field("path", pa.string())

DOWNGRADES: dict[str, tuple[Change, str]] = {
    "no footer": (key("features", None), "does not say that audio is Audio"),
    "large binary": (
        column("audio", audio(STRUCT([pa.field("bytes", pa.large_binary()), PATH]))),
        "loads as a plain struct",
    ),
    "path first": (column("audio", audio(STRUCT([PATH, BYTES]))), "loads as a plain struct"),
    "third field": (
        column("audio", audio(STRUCT([BYTES, PATH, pa.field("more", pa.string())]))),
        "loads as a plain struct",
    ),
    "not nullable": (key("nullable", value=False), "loads as a plain struct"),
    "no audio": (lambda made: made["columns"].pop("audio"), "it has no column audio"),
    "int32 label": (column("label", pa.array([0, 1, 0], pa.int32())), "loads as a plain number"),
    "map": (
        column("map", pa.array([[("k", "v")]] * ROWS, pa.map_(pa.string(), pa.string()))),
        "the column map has the type map",
    ),
    "map inside": (
        column("deep", pa.array([[[("k", "v")]]] * ROWS, pa.list_(pa.map_(pa.string(), pa.string())))),
        "the column deep has the type list",
    ),
    "dictionary": (column("site", pa.array(["x"] * ROWS).dictionary_encode()), "the column site has the type dict"),
    "string view": (column("site", pa.array(["x"] * ROWS, pa.string_view())), "the column site has the type string_view"),
    "list feature": (feature("tags", {"_type": "List"}), "describes tags, which only some readers understand"),
    "foreign feature": (feature("ghost", {"_type": "ClassLabel", "names": []}), "names a column ghost"),
    "no chunking key": (key("footer", {"other": "1"}), "its footer has no content_defined_chunking"),
    "no page index": (key("options", {"write_page_index": False}), "no offset index of audio.bytes"),
    "compressed": (key("options", {"compression": "snappy"}), "compresses audio.bytes"),
}  # fmt: skip


def test_a_shard_as_we_write_it_has_no_problem(tmp_path: Path) -> None:
    assert huggingface.problems(written(tmp_path), rows=ROWS) == []


@pytest.mark.parametrize(("change", "message"), DOWNGRADES.values(), ids=DOWNGRADES)
def test_what_readers_would_take_in_silence_is_a_problem(tmp_path: Path, change: Change, message: str) -> None:
    found = huggingface.problems(written(tmp_path, change), rows=ROWS)
    assert any(message in problem for problem in found), found


def test_a_wrong_number_of_rows_is_a_problem(tmp_path: Path) -> None:
    assert huggingface.problems(written(tmp_path), rows=4) == ["it has 3 rows, not 4"]


def test_too_many_rows_in_a_group_are_a_problem(tmp_path: Path) -> None:
    table = pa.table({"clip_id": [""] * 1001, "audio": audio(rows=1001)})
    schema = huggingface.schema_with(table.schema, {}, None)
    with pq.ParquetWriter(tmp_path / "x", schema, **huggingface.options(schema)) as writer:
        writer.write_table(table.cast(schema))
        writer.add_key_value_metadata(huggingface.footer())
    (problem,) = huggingface.problems(tmp_path / "x")
    assert problem.startswith("row group 0 has 1001 rows")


@pytest.mark.parametrize("value", ["", "[]", "{}", '{"info": 1}', '{"info": {"features": [1]}}', "\ufffd{"])
def test_a_broken_footer_is_a_problem_and_no_exception(tmp_path: Path, value: str) -> None:
    schema = pa.schema([pa.field("audio", huggingface.AUDIO_TYPE)]).with_metadata({"huggingface": value})
    pq.write_table(pa.table([audio()], schema=schema), tmp_path / "x")
    assert "its footer does not say that audio is Audio" in huggingface.problems(tmp_path / "x")


def test_what_is_no_parquet_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"PAR1 nothing PAR1")
    (problem,) = huggingface.problems(tmp_path / "x")
    assert problem.startswith("it is no Parquet file that can be read")


def test_options_name_the_leaves_as_parquet_does() -> None:
    events = pa.list_(pa.struct([pa.field("label", pa.string()), pa.field("span", pa.list_(pa.float64(), 2))]))
    schema = pa.schema([pa.field("audio", huggingface.AUDIO_TYPE), pa.field("events", events)])
    assert huggingface.options(schema)["compression"] == {
        "audio.bytes": "none",
        "audio.path": "none",
        "events.list.element.label": "snappy",
        "events.list.element.span.list.element": "snappy",
    }


@pytest.mark.parametrize(
    ("rate", "expected"), [(None, {"_type": "Audio"}), (8000, {"sampling_rate": 8000, "_type": "Audio"})]
)
def test_the_sampling_rate_is_written_where_all_share_it(rate: int | None, expected: dict[str, Any]) -> None:
    metadata = huggingface.schema_with(pa.schema([]), {}, rate).metadata
    assert json.loads(metadata[b"huggingface"]) == {"info": {"features": {"audio": expected}}}


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["train-00000-of-00002.parquet", "train-00001-of-00002.parquet", "test-00000-of-00001.parquet"], None),
        (["train-00000-of-00002.parquet", "test-00000-of-00001.parquet"], "the shards of train are not complete"),
        (["train-00000-of-00001.parquet"], "the shards of test are not complete"),
        (
            ["train-00000-of-00001.parquet", "train-00000-of-00001.parquet", "test-00000-of-00001.parquet"],
            "the shards of train are not complete",
        ),
        (
            ["train-00000-of-00001.parquet", "test-00000-of-00001.parquet", "dev-clean-00000-of-00001.parquet"],
            "dev-clean-00000-of-00001.parquet is no shard of a split",
        ),
        (["train-00000-of-00001.parquet", "test-00000-of-00001.parquet", "x.json"], "x.json is no shard of a split"),
    ],
)
def test_each_split_has_all_its_shards_once(names: list[str], problem: str | None) -> None:
    assert huggingface.name_problems(names, ["train", "test"]) == ([problem] if problem else [])


def test_a_name_is_one_that_the_check_accepts() -> None:
    names = [huggingface.shard_name("validation.clean", index, 12) for index in range(12)]
    assert names[3] == "validation.clean-00003-of-00012.parquet"
    assert huggingface.name_problems(names, ["validation.clean"]) == []
