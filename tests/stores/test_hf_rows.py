from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets.huggingface import AUDIO_TYPE
from listen_datasets.inputs import InputProblem
from listen_datasets.stores import hf_rows
from listen_datasets.stores.hf_rows import RowReader
from listen_datasets.stores.hf_shard import Place


def reader(folder: Path) -> RowReader:
    """Return a reader of two row groups with two rows each, which hold their numbers."""
    cells = [{"bytes": b"%d" % row, "path": None} for row in range(4)]
    pq.write_table(pa.table({"audio": pa.array(cells, AUDIO_TYPE)}), folder / "a.parquet", row_group_size=2)
    return RowReader(Place(folder, "a.parquet", None), "audio")


def group(size: int) -> Any:
    """Return what a footer says of a row group of a hundred rows with so many bytes of sound."""
    chunk = SimpleNamespace(
        path_in_schema="audio.bytes",
        total_uncompressed_size=size,
        total_compressed_size=size,
        has_dictionary_page=False,
    )
    return SimpleNamespace(num_columns=1, num_rows=100, column={0: chunk}.__getitem__)


@pytest.mark.parametrize("row", [-1, 4])
def test_a_row_that_is_not_there_is_damage(tmp_path: Path, row: int) -> None:
    with pytest.raises(InputProblem, match="the shard has fewer rows") as caught:
        reader(tmp_path).sound(row)
    assert caught.value.code == "input.member_damaged"


def test_a_row_group_beyond_the_memory_is_tried_once_and_said_to_be_too_large(tmp_path: Path) -> None:
    made = reader(tmp_path)
    whole, tried = made._shard.file, []

    def iter_batches(count: int, row_groups: list[int], **options: Any) -> Iterator[pa.RecordBatch]:
        tried.append(row_groups)
        if row_groups == [0]:
            raise pa.ArrowMemoryError("malloc of size 1234804800 failed")
        found: Iterator[pa.RecordBatch] = whole.iter_batches(count, row_groups=row_groups, **options)
        return found

    made._shard.file = SimpleNamespace(metadata=whole.metadata, iter_batches=iter_batches)
    codes = []
    for row in (0, 1):
        with pytest.raises(InputProblem, match="does not fit into the memory of a worker") as caught:
            made.sound(row)
        codes.append(caught.value.code)

    assert codes == ["input.archive_limit"] * 2
    assert (made.sound(2), tried) == (b"2", [[0], [1]])


@pytest.mark.parametrize(("size", "rows"), [(2 << 30, 1), (100 << 10, 64), (100 << 20, 8)])
def test_rows_are_decoded_in_numbers_that_bound_the_memory(size: int, rows: int) -> None:
    assert hf_rows._rows_at_once(group(size), "audio.bytes") == rows


def test_a_claim_of_more_than_two_gigabytes_is_refused_before_it_is_read() -> None:
    with pytest.raises(InputProblem, match=r"its row group holds 2,147,483,649 bytes of sound") as caught:
        hf_rows._rows_at_once(group((2 << 30) + 1), "audio.bytes")
    assert caught.value.code == "input.archive_limit"
