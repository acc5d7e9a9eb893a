from __future__ import annotations

import errno
import gc
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets import parquet
from listen_datasets.errors import MachineError
from listen_datasets.storage import Disk, write_parquet
from listen_datasets.testing.disks import CountingDisk, FailingDisk, PowerCut, PowerCutDisk

TABLE = pa.table({"clip_id": ["a", "b", None], "duration": [0.5, 1.0, 2.0]})


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    written = write_parquet(Disk(), tmp_path / "t.parquet", TABLE)

    assert pq.read_table(tmp_path / "t.parquet").equals(TABLE)
    assert written.sha256 == hashlib.sha256((tmp_path / "t.parquet").read_bytes()).hexdigest()


def test_an_empty_table_keeps_its_schema(tmp_path: Path) -> None:
    write_parquet(Disk(), tmp_path / "t.parquet", TABLE.slice(0, 0))

    assert pq.read_table(tmp_path / "t.parquet").schema == TABLE.schema


def test_a_long_table_is_cut_into_row_groups(tmp_path: Path) -> None:
    table = pa.table({"number": range(16_384 + 2)})
    write_parquet(Disk(), tmp_path / "t.parquet", table)

    metadata = pq.read_metadata(tmp_path / "t.parquet")

    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [16_384, 2]
    assert pq.read_table(tmp_path / "t.parquet").equals(table)


def test_each_table_of_an_iterator_is_a_row_group(tmp_path: Path) -> None:
    write_parquet(Disk(), tmp_path / "t.parquet", iter([TABLE, TABLE.slice(1)]), schema=TABLE.schema)

    metadata = pq.read_metadata(tmp_path / "t.parquet")

    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [3, 2]


def test_options_and_footer_reach_the_file(tmp_path: Path) -> None:
    write_parquet(
        Disk(),
        tmp_path / "t.parquet",
        TABLE,
        footer={"content_defined_chunking": "{}"},
        compression={"clip_id": "none", "duration": "snappy"},
        use_dictionary=False,
        write_page_index=True,
    )

    metadata = pq.read_metadata(tmp_path / "t.parquet")
    chunks = [metadata.row_group(0).column(i) for i in range(2)]

    assert [chunk.compression for chunk in chunks] == ["UNCOMPRESSED", "SNAPPY"]
    assert all(chunk.has_offset_index for chunk in chunks)
    assert metadata.metadata[b"content_defined_chunking"] == b"{}"


def test_how_a_table_is_chunked_does_not_show_in_the_bytes(tmp_path: Path) -> None:
    table = pa.table({"duration": pa.array(range(300_000), pa.float64())})
    chunked = pa.concat_tables([table.slice(i, 7777) for i in range(0, 300_000, 7777)])

    one = write_parquet(Disk(), tmp_path / "one.parquet", table)
    other = write_parquet(Disk(), tmp_path / "other.parquet", chunked)

    assert one.sha256 == other.sha256


def test_a_flipped_byte_of_a_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(Disk(), path, TABLE, compression="none", use_dictionary=False)
    data = bytearray(path.read_bytes())
    chunk = pq.read_metadata(path).row_group(0).column(0)
    data[chunk.data_page_offset + chunk.total_compressed_size - 1] ^= 1
    path.write_bytes(data)

    with pytest.raises(OSError, match=r"(?i)crc"):
        pq.read_table(path, page_checksum_verification=True)


def _failing_tables() -> Iterator[pa.Table]:
    yield TABLE
    raise ValueError("the third clip cannot be read")


def test_a_failing_producer_leaves_no_shorter_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="third clip"):
        write_parquet(Disk(), tmp_path / "t.parquet", _failing_tables(), schema=TABLE.schema)
    gc.collect()

    assert list(tmp_path.iterdir()) == []


def _operations(folder: Path) -> int:
    disk = CountingDisk()
    write_parquet(disk, folder / "count.parquet", TABLE)
    (folder / "count.parquet").unlink()
    return len(disk.operations)


@pytest.mark.parametrize("back", range(1, 7))
def test_a_full_disk_leaves_nothing(tmp_path: Path, back: int) -> None:
    with pytest.raises(MachineError, match="ENOSPC"):
        write_parquet(FailingDisk(_operations(tmp_path) - back, errno.ENOSPC), tmp_path / "t.parquet", TABLE)
    gc.collect()

    assert list(tmp_path.iterdir()) == []


def test_errors_of_a_large_write_come_back_as_they_are(tmp_path: Path) -> None:
    big = pa.table({"bytes": pa.array([bytes(3_000_000)], pa.binary())})

    with pytest.raises(MachineError, match="cannot write"):
        write_parquet(FailingDisk(2, errno.ENOSPC), tmp_path / "t.parquet", big, compression="none")
    gc.collect()

    assert list(tmp_path.iterdir()) == []


def test_a_power_cut_passes_through_the_library_that_writes(tmp_path: Path) -> None:
    big = pa.table({"bytes": pa.array([bytes(3_000_000)], pa.binary())})

    with pytest.raises(PowerCut):
        write_parquet(PowerCutDisk(2, tmp_path), tmp_path / "t.parquet", big, compression="none")


@pytest.mark.parametrize("rows", [2, 4])
def test_a_wrong_number_of_rows_is_found(tmp_path: Path, rows: int) -> None:
    write_parquet(Disk(), tmp_path / "t.parquet", TABLE)

    with pytest.raises(MachineError, match=f"3 rows of {rows}"):
        parquet.check(tmp_path / "t.parquet", rows=rows)


def test_a_file_without_footer_is_found(tmp_path: Path) -> None:
    write_parquet(Disk(), tmp_path / "t.parquet", TABLE)
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:-8])

    with pytest.raises(MachineError, match="does not read back"):
        parquet.check(tmp_path / "cut.parquet", rows=3)


def test_a_damaged_compressed_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(Disk(), path, TABLE)
    data = bytearray(path.read_bytes())
    chunk = pq.read_metadata(path).row_group(0).column(1)
    data[chunk.dictionary_page_offset + chunk.total_compressed_size - 1] ^= 1
    path.write_bytes(data)

    with pytest.raises(MachineError, match="does not read back"):
        parquet.check(path, rows=3)


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.slice(0, 0),
        pa.table({"a": [{"b": 1}, None], "a.b": [2, 3]}),
        pa.table({"l": [[1.0, None], None], "s": [{"x": "y", "z": [1]}, None], "": ["no", "name"]}),
        pa.table({"d": pa.array(["x", "x"]).dictionary_encode()}),
        TABLE.replace_schema_metadata({"of": "the table"}),
        pa.table(TABLE.columns, schema=pa.schema([field.with_metadata({"unit": "s"}) for field in TABLE.schema])),
    ],
)
def test_a_column_at_a_time_is_the_whole_file(tmp_path: Path, table: pa.Table) -> None:
    write_parquet(Disk(), tmp_path / "t.parquet", table, use_dictionary=parquet.repeating(table))

    found = parquet.contents(tmp_path / "t.parquet")

    assert found.equals(pq.ParquetFile(tmp_path / "t.parquet").read(), check_metadata=True)
    assert found.to_pylist() == table.to_pylist()
    found.validate(full=True)


def test_columns_that_repeat_are_named() -> None:
    table = pa.table({"same": ["a"] * 4, "twice": [1, 1, 2, 2], "own": [1, 2, 3, 3], "list": [[1]] * 4})

    assert parquet.repeating(table) == ["same", "twice"]
