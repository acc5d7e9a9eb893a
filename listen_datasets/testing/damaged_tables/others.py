"""What goes by the name of a table and is none."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Iterator

import pyarrow as pa

from listen_datasets.testing.damaged_tables.case import Case, refused
from listen_datasets.testing.damaged_tables.parquet import written
from listen_datasets.testing.workbooks import rows, sheet, text, workbook

_TEXT = b"file_name,label\na.wav,dog\n"


def cases() -> Iterator[Case]:
    """Yield files whose content is not what their suffix says."""
    book = workbook(sheet(rows((text("a"),), (text("b"),))))
    yield refused("m.csv", "gzip", gzip.compress(_TEXT, mtime=0), "gzip archive")
    yield refused("m.csv.gz", "gzip, under its suffix", gzip.compress(_TEXT, mtime=0), "gzip archive")
    yield refused("m.csv", "bzip2", bz2.compress(_TEXT), "bzip2 archive")
    yield refused("m.csv", "xz", lzma.compress(_TEXT), "xz archive")
    yield refused("m.csv", "a workbook", book, "Excel workbook")
    yield refused("m.jsonl", "a workbook", book, "Excel workbook")
    yield refused("m.csv", "an old workbook", b"\xd0\xcf\x11\xe0" + bytes(100), "old Excel workbook")
    yield refused("m.csv", "Parquet", written(pa.table({"a": ["b"]})), "Parquet")
    yield refused("m.csv", "a PDF", b"%PDF-1.7\n", "a PDF")
    yield refused("m.csv", "an HTML page", b"<!DOCTYPE html>\n<html><body>404</body></html>", "HTML")
    yield refused("m.csv", "an error page of a store", b'<?xml version="1.0"?><Error/>', "XML page")
    yield refused("m.csv", "a Git LFS pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "LFS")
    yield refused("m.csv", "JSON Lines", b'{"a": 1}\n{"a": 2}\n', "is JSON")
    yield refused("m.csv", "a JSON array", b'[\n  {"a": 1}\n]\n', "is JSON")
    yield refused("m.json", "commas", _TEXT, "no JSON array", 1)
    yield refused("m.parquet", "commas", _TEXT, "not Parquet")
    yield refused("m.xlsx", "commas", _TEXT, "not an Excel workbook")
    yield refused("m.txt", "an unknown suffix", _TEXT, "names no format")
    yield refused("m", "no suffix", _TEXT, "names no format")
