from __future__ import annotations

import datetime as dt
import decimal
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets.errors import MetadataError, NothingError
from listen_datasets.metadata.parquet import read_parquet
from listen_datasets.metadata.table import MetadataTable


def written(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def read(data: bytes) -> MetadataTable:
    return read_parquet(io.BytesIO(data), name="m.parquet")


@pytest.mark.parametrize(
    ("array", "kind", "values"),
    [
        (pa.array(["007", "NA", None]), "string", ["007", "NA", None]),
        (pa.array(["a", None], pa.large_string()), "string", ["a", None]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), "string", ["a", "b", "a"]),
        (pa.array([2**53 + 1, None]), "int64", [2**53 + 1, None]),
        (pa.array([1.5, None]), "double", [1.5, None]),
        (pa.array([True, None]), "bool", [True, None]),
        (pa.array([None, None], pa.null()), "string", [None, None]),
        (pa.array([["a"], None, []]), "list<item: string>", [["a"], None, []]),
        (pa.array([["a"]], pa.large_list(pa.large_string())), "list<item: string>", [["a"]]),
        (pa.array([{"a": 1, "b": None}], pa.struct([("a", pa.int8()), ("b", pa.null())])), "struct<a: int8, b: string>",
         [{"a": 1, "b": None}]),
        (pa.array([dt.date(2024, 1, 2)]), "string", ["2024-01-02"]),
        (pa.array([dt.time(3, 4, 5)]), "string", ["03:04:05.000000"]),
        (pa.array([dt.datetime(2024, 1, 2, 3, 4, 5)], pa.timestamp("s")), "string", ["2024-01-02T03:04:05.000"]),  # noqa: DTZ001
        (pa.array([0], pa.timestamp("us", "Europe/Berlin")), "string", ["1970-01-01T00:00:00.000000Z"]),
        (pa.array([decimal.Decimal("1.50")]), "string", ["1.50"]),
    ],
)  # fmt: skip
def test_a_column_arrives_with_its_values(array: pa.Array, kind: str, values: list[object]) -> None:
    table = read(written(pa.table({"x": array})))
    assert str(table.columns.schema.field("x").type) == kind
    assert table.columns.column("x").to_pylist() == values


def test_an_extension_type_gives_way_to_its_storage() -> None:
    storage = pa.array([b"0123456789abcdef"], pa.binary(16))
    uuid = pa.ExtensionArray.from_storage(pa.uuid(), storage)
    with pytest.raises(MetadataError, match="fixed_size_binary"):
        read(written(pa.table({"x": uuid})))
    json_type = pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(['{"a": 1}']))
    assert read(written(pa.table({"x": json_type}))).columns.column("x").to_pylist() == ['{"a": 1}']


@pytest.mark.parametrize(
    "array",
    [pa.array([b"RIFF"]), pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), pa.array([1], pa.duration("s"))],
    ids=["bytes", "map", "duration"],
)
def test_a_column_that_is_no_metadata_is_refused_by_name(array: pa.Array) -> None:
    with pytest.raises(MetadataError, match="the column `audio` has the type"):
        read(written(pa.table({"audio": array})))


def test_rows_are_numbered_from_one() -> None:
    assert list(read(written(pa.table({"x": ["a", "b", "c"]}))).lines) == [1, 2, 3]


def test_rows_beyond_one_batch_arrive_in_order() -> None:
    values = [str(row) for row in range(5000)]
    table = read(written(pa.table({"x": values}), row_group_size=700))
    assert table.columns.column("x").to_pylist() == values


def test_columns_with_one_name_are_refused() -> None:
    data = written(pa.table([pa.array([1]), pa.array([2])], names=["x", "x"]))
    with pytest.raises(MetadataError, match="both called `x`"):
        read(data)


def test_a_table_without_rows_is_nothing() -> None:
    with pytest.raises(NothingError):
        read(written(pa.table({"x": pa.array([], pa.string())})))


def test_every_cut_is_noticed() -> None:
    data = written(pa.table({"x": [str(row) for row in range(100)]}))
    for length in range(4, len(data), 37):
        with pytest.raises(MetadataError, match="cannot be read"):
            read(data[:length])


def test_a_flipped_byte_of_a_checked_page_is_noticed() -> None:
    values = [f"value {row}" for row in range(1000)]
    data = written(pa.table({"x": values}), compression="none", use_dictionary=False, write_page_checksum=True)
    at = data.index(b"value 500")
    with pytest.raises(MetadataError, match="cannot be read"):
        read(data[:at] + b"V" + data[at + 1 :])


def test_text_that_is_no_utf_8_is_noticed() -> None:
    offsets = pa.array([0, 3], pa.int32()).buffers()[1]
    broken = pa.StringArray.from_buffers(1, offsets, pa.py_buffer(b"a\xffb"))
    with pytest.raises(MetadataError, match="UTF8"):
        read(written(pa.table({"x": broken})))


def test_a_footer_that_lies_about_the_rows_is_noticed() -> None:
    # Thrift writes 100 rows as the zigzag varint c8 01, after the field header 16; the footer's own count comes first.
    data = written(pa.table({"x": [str(row) for row in range(100)]}), store_schema=False)
    at = data.index(b"\x16\xc8\x01", data.rindex(b"schema")) + 1
    assert read(data).columns.num_rows == 100
    with pytest.raises(MetadataError, match="claims 101 rows, but 100 were read"):
        read(data[:at] + b"\xca" + data[at + 1 :])


def test_a_column_name_that_is_no_utf_8_is_noticed() -> None:
    data = written(pa.table({"column": ["a"]}), store_schema=False)
    assert data.count(b"column") > 1
    with pytest.raises(MetadataError, match="cannot be read"):
        read(data.replace(b"column", b"col\xffmn"))


def test_a_small_file_that_decodes_to_too_much_is_refused() -> None:
    data = written(pa.table({"x": pa.array(["x" * 1000] * 5000)}))
    assert len(data) < 10_000
    with pytest.raises(MetadataError, match="decodes to more"):
        read_parquet(io.BytesIO(data), name="m.parquet", max_bytes=2**20)
