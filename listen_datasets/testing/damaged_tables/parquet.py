"""Tables in Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from listen_datasets.testing.damaged_tables.case import Case, fine, refused


def cases() -> Iterator[Case]:
    """Yield tables in Parquet."""
    plain = pa.table({"file_name": [f"{row:04d}.wav" for row in range(2000)], "label": ["dog", None] * 1000})
    yield fine("m.parquet", "two thousand rows", written(plain), 2000)
    yield fine(
        "m.parquet", "a dictionary", written(plain.set_column(1, "label", plain["label"].dictionary_encode())), 2000
    )
    yield fine("m.parquet", "large text", written(plain.cast(pa.schema([("file_name", pa.large_string()),
               ("label", pa.large_string())]))), 2000)  # fmt: skip
    yield fine("m.parquet", "an old version", written(plain, version="1.0", compression="gzip"), 2000)
    yield fine("m.parquet", "constant columns", written(pa.table({"a": ["x"] * 100_000, "b": [1] * 100_000})), 100_000)
    yield refused("m.parquet", "no rows", written(plain.slice(0, 0)), "no rows")
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["x", "x"])
    yield refused("m.parquet", "a doubled name", written(twice), "both called")
    yield refused("m.parquet", "a column without a name", written(pa.table({"": ["a"]})), "has no name")
    yield refused("m.parquet", "bytes", written(pa.table({"a": [b"\xff"]})), "no metadata")
    broken = pa.StringArray.from_buffers(1, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff"))
    yield refused("m.parquet", "text that is not UTF-8", written(pa.table({"a": broken})), "cannot be read")
    yield from _damaged(written(plain, write_page_checksum=True, compression="none", use_dictionary=False))


def _damaged(whole: bytes) -> Iterator[Case]:
    yield refused("m.parquet", "a cut end", whole[:-100], "cannot be read")
    yield refused("m.parquet", "a cut beginning", b"PAR1" + whole[500:], "cannot be read")
    at = whole.index(b"1000.wav")
    yield refused("m.parquet", "a changed byte", whole[:at] + b"9" + whole[at + 1 :], "cannot be read")
    yield refused(
        "m.parquet", "a length of the footer beyond the file", whole[:-8] + b"\xff\xff\xff\x7fPAR1", "cannot be read"
    )
    yield refused("m.parquet", "a footer of zeros", whole[:-8] + b"\0\0\0\0PAR1", "cannot be read")
    yield refused("m.parquet", "the magic bytes alone", b"PAR1PAR1", "cannot be read")
    yield refused("m.parquet", "an encrypted footer", whole[:-4] + b"PARE", "cannot be read")


def written(table: pa.Table, **options: object) -> bytes:
    """Return a table as Parquet."""
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()
