from __future__ import annotations

import gzip
import hashlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets.errors import MetadataError, NothingError
from listen_datasets.executors import Executor, Lost
from listen_datasets.executors.serial import Serial
from listen_datasets.metadata import MetadataTable, read

ROWS = [{"file_name": "a.wav", "label": "007"}, {"file_name": "b.wav", "label": "NA"}]


def write(folder: Path, name: str, data: bytes | str, executor: Executor | None = None) -> MetadataTable:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read(path, name=name, executor=executor)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.csv", "file_name,label\na.wav,007\nb.wav,NA\n"),
        ("M.CSV", "file_name,label\na.wav,007\nb.wav,NA\n"),
        ("m.tsv", "file_name\tlabel\na.wav\t007\nb.wav\tNA\n"),
        ("m.jsonl", '{"file_name":"a.wav","label":"007"}\n{"file_name":"b.wav","label":"NA"}\n'),
        ("m.json", '[{"file_name":"a.wav","label":"007"},{"file_name":"b.wav","label":"NA"}]'),
        ("m.ndjson", '{"file_name":"a.wav","label":"007"}\n{"file_name":"b.wav","label":"NA"}\n'),
    ],
)
def test_a_text_table_is_read_by_its_suffix(tmp_path: Path, name: str, text: str) -> None:
    assert write(tmp_path, name, text).columns.to_pylist() == ROWS


def test_a_parquet_table_is_read(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "m.parquet")
    assert read(tmp_path / "m.parquet", name="m.parquet").columns.to_pylist() == ROWS


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    text = "file_name\na.wav\n"
    assert write(tmp_path, "m.csv", text).sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("name", "data", "message", "hint"),
    [
        ("m.csv.gz", gzip.compress(b"a\n1\n"), "gzip", "unpack"),
        ("m.csv", gzip.compress(b"a\n1\n"), "gzip", "unpack"),
        ("m.xlsx", b"PK\x03\x04....", "workbook cannot be read", "save it again"),
        ("m.csv", b"PK\x03\x04....", "Excel", "suffix .xlsx"),
        ("m.csv", b"\xd0\xcf\x11\xe0....", "old Excel", "save the table as CSV"),
        ("m.csv", "a,b\n1,2\n".encode("utf-16"), "UTF-16", "iconv -f UTF-16"),
        ("m.csv", "a,b\n1,2\n".encode("utf-16-le"), "NUL", "UTF-16"),
        ("m.csv", "a,b\n1,é\n".encode("latin-1"), "not UTF-8", "iconv -f WINDOWS-1252"),
        ("m.csv", "<!DOCTYPE html><html>404</html>", "HTML", "fetch it again"),
        ("m.csv", b"PAR1....", "is Parquet", "suffix"),
        ("m.parquet", "a,b\n1,2\n", "not Parquet", "suffix"),
        ("m.csv", '{"a": 1}\n', "is JSON", ".jsonl"),
        ("m.csv", "[]\n", "is JSON", ".jsonl"),
        ("m.jsonl", "[\n{}\n]\n", "JSON array", "suffix .json"),
        ("m.jsonl", "a,b\n1,2\n", "not JSON Lines", None),
        ("m.tsv", "a,b\n1,2\n", "commas separate", ".csv"),
        ("m.txt", "a,b\n1,2\n", "suffix names no format", ".csv, .tsv"),
        ("m", "a,b\n1,2\n", "suffix names no format", ".csv, .tsv"),
    ],
)
def test_what_is_not_what_its_suffix_says_is_refused(
    tmp_path: Path, name: str, data: bytes | str, message: str, hint: str | None
) -> None:
    with pytest.raises(MetadataError, match=message) as caught:
        write(tmp_path, name, data, executor=Serial())
    assert (hint or "") in (caught.value.hint or "")


def test_a_csv_whose_header_begins_with_a_brace_is_no_json(tmp_path: Path) -> None:
    assert write(tmp_path, "m.csv", "{a},b\n1,2\n").columns.to_pylist() == [{"{a}": "1", "b": "2"}]


def test_an_empty_file_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(NothingError):
        write(tmp_path, "m.csv", b"")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match=r"no file m\.csv") as caught:
        read(tmp_path / "m.csv", name="tables/m.csv")
    assert caught.value.where == "tables/m.csv"


@pytest.mark.parametrize("kind", ["folder", "fifo", "socket", "link"])
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        (tmp_path / "other.csv").write_text("a\n1\n")
        path.symlink_to(tmp_path / "other.csv")
    with pytest.raises(MetadataError):
        read(path, name="m.csv")


class Dying:
    """An executor whose only worker dies with every task."""

    def map(self, fn: Callable[[Any], Any], tasks: Sequence[Any]) -> Iterator[Lost]:  # noqa: ARG002
        for _ in tasks:
            yield Lost("worker.crashed", "the worker was ended by SIGSEGV")

    def map_batches(self, fn: Any, items: Any, batches: Any, seconds: Any = None) -> Iterator[Any]:
        raise NotImplementedError


def test_a_table_that_brings_its_reader_down_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "m.parquet")
    with pytest.raises(MetadataError, match="SIGSEGV") as caught:
        read(tmp_path / "m.parquet", name="m.parquet", executor=Dying())
    assert caught.value.where == "m.parquet"


def test_text_needs_no_process_of_its_own(tmp_path: Path) -> None:
    assert len(write(tmp_path, "m.csv", "a\n1\n", executor=Dying())) == 1
