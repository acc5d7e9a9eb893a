"""Tables that were made to exhaust a machine. They are written piece by piece, for some of them are large."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from listen_datasets.testing.damaged_tables.parquet import written
from listen_datasets.testing.workbooks import rows, sheet, text, workbook

_MEGABYTE = 2**20


class Bomb(NamedTuple):
    """A table that must be refused in short time and little memory.

    Attributes:
        name: What is in it.
        file_name: What to call it.
        pieces: Makes its bytes.
    """

    name: str
    file_name: str
    pieces: Callable[[], Iterable[bytes]]

    def __str__(self) -> str:
        return f"{self.file_name}: {self.name}"


def bombs() -> Iterator[Bomb]:
    """Yield all bombs."""
    yield from _text()
    yield from _json()
    yield from _parquet()
    yield from _excel()


def _repeated(head: bytes, unit: bytes, size: int, end: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield head
        block = unit * (_MEGABYTE // len(unit))
        for _ in range(-(-size // len(block))):
            yield block
        yield end

    return pieces


def _text() -> Iterator[Bomb]:
    head = b"file_name,text\na.wav,"
    yield Bomb("a field of 100 MB", "m.csv", _repeated(head, b"x", 100 * _MEGABYTE, b"\n"))
    yield Bomb("a quoted field of 100 MB", "m.csv", _repeated(head + b'"', b"x" * 99 + b"\n", 100 * _MEGABYTE, b'"\n'))
    yield Bomb("a header of 15 MB", "m.csv", _repeated(b"file_name", b",ab", 15 * _MEGABYTE, b"\n"))
    yield Bomb("a row of 15 MB of commas", "m.csv", _repeated(b"file_name\n", b"ab,", 15 * _MEGABYTE, b"\n"))
    yield Bomb("100 MB of empty lines", "m.csv", _repeated(b"file_name\n", b"\n", 100 * _MEGABYTE, b""))


def _json() -> Iterator[Bomb]:
    value, nested, arrays = b'{"a": "', b'{"a":', b'{"a": ['
    yield Bomb("a text of 100 MB", "m.jsonl", _repeated(value, b"x", 100 * _MEGABYTE, b'"}\n'))
    yield Bomb("a text of 100 MB", "m.json", _repeated(b"[" + value, b"x", 100 * _MEGABYTE, b'"}]'))
    yield Bomb("15 MB of nesting", "m.jsonl", _repeated(b"", nested, 15 * _MEGABYTE, b"\n"))
    yield Bomb("100 MB of nesting", "m.json", _repeated(b"", b"[", 100 * _MEGABYTE, b""))
    yield Bomb("15 MB of empty arrays", "m.jsonl", _repeated(arrays, b"[],", 15 * _MEGABYTE, b"1]}\n"))
    yield Bomb("15 MB of empty arrays", "m.json", _repeated(b"[" + arrays, b"[],", 15 * _MEGABYTE, b"1]}]"))
    keys = ",".join(f'"k{number}":1' for number in range(10_000))
    head = f"{{{keys}}}\n".encode()
    yield Bomb("ten thousand columns of nothing", "m.jsonl", _repeated(head, b"{}\n", 10 * _MEGABYTE, b""))
    yield Bomb("an integer of 15 MB", "m.jsonl", _repeated(b'{"a": ', b"1", 15 * _MEGABYTE, b"}\n"))
    yield Bomb("an integer of 15 MB", "m.json", _repeated(b'[{"a": ', b"1", 15 * _MEGABYTE, b"}]"))


def _parquet() -> Iterator[Bomb]:
    yield Bomb("a gigabyte of one text", "m.parquet", lambda: [_grouped(["x" * 10_000] * 1000, 100)])
    yield Bomb("a gigabyte in one batch", "m.parquet", lambda: [_grouped(["x" * _MEGABYTE] * 1000, 1)])
    yield Bomb("a gigabyte of lists", "m.parquet", lambda: [_grouped(pa.array([[7] * 20_000] * 1000), 7)])
    yield Bomb("a hundred million rows", "m.parquet", lambda: [_grouped(pa.nulls(1_000_000), 100)])
    yield Bomb("a text of half a gigabyte", "m.parquet",
               lambda: [written(pa.table({"a": ["x" * 500 * _MEGABYTE]}), compression="zstd", use_dictionary=False)])  # fmt: skip


def _grouped(values: pa.Array | list[str], groups: int) -> bytes:
    table = pa.table({"a": values})
    file = io.BytesIO()
    with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
        for _ in range(groups):
            writer.write_table(table)
    return file.getvalue()


def _excel() -> Iterator[Bomb]:
    head = (text("file_name"), text("label"))
    good = sheet(rows(head, head))
    zeros = {"xl/media/image1.png": bytes(300 * _MEGABYTE)}
    yield Bomb("a picture of 300 MB of zeros", "m.xlsx", lambda: [workbook(good, extra=zeros)])
    yield Bomb("thirty million empty rows", "m.xlsx", lambda: [workbook(sheet(rows(head) + "<row/>" * 30_000_000))])
    far = "".join(f'<row r="{row}"><c r="XFD{row}"/></row>' for row in range(2, 100_000))
    yield Bomb("rows whose cells are far to the right", "m.xlsx", lambda: [workbook(sheet(rows(head) + far))])
    strings = b"<sst>" + b"<si><t/></si>" * 10_000_000 + b"</sst>"
    yield Bomb("ten million empty texts", "m.xlsx", lambda: [workbook(good, extra={"xl/sharedStrings.xml": strings})])
    yield Bomb("a hundred thousand files", "m.xlsx", lambda: [_many_files(100_000)])


def _many_files(count: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(count):
            archive.writestr(zipfile.ZipInfo(f"xl/{number}"), b"")
    return file.getvalue()
