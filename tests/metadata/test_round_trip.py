from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets.executors.serial import Serial
from listen_datasets.metadata import read
from listen_datasets.testing.workbooks import rows, sheet, text, workbook

VALUES = [
    "007", "1e3", "1.50", "+1", "-0", "0x1F", "1_000", "NA", "N/A", "#N/A", "nan", "NaN", "null", "NULL", "None", "no", "yes", "True",
    "2024-01-02", "01/02/2024", "1:30", "12345678901234567890123", "9007199254740993", "inf", "-", " padded ", "tab\there",
    "Größe", "e\u0301", "日本", "\u202eabc", "=1+1", "'quoted'", "a;b", '"', "\\N", "[1]", "{}",
]  # fmt: skip


def delimited(separator: str) -> Callable[[list[str]], bytes]:
    def write(values: list[str]) -> bytes:
        file = io.StringIO(newline="")
        csv.writer(file, delimiter=separator).writerows([["x", "y"], *([value, "z"] for value in values)])
        return file.getvalue().encode()

    return write


def parquet(values: list[str]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"x": values, "y": ["z"] * len(values)}), file)
    return file.getvalue()


WRITERS: dict[str, Callable[[list[str]], bytes]] = {
    "m.csv": delimited(","),
    "m.tsv": delimited("\t"),
    "m.jsonl": lambda values: "\n".join(json.dumps({"x": value, "y": "z"}) for value in values).encode(),
    "m.json": lambda values: json.dumps([{"x": value, "y": "z"} for value in values], ensure_ascii=False).encode(),
    "m.parquet": parquet,
    "m.xlsx": lambda values: workbook(
        sheet(rows((text("x"), text("y")), *((text(value), text("z")) for value in values)))
    ),
}


@pytest.fixture(params=list(WRITERS))
def published(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the Parquet file that a table becomes."""
    if request.param == "m.xlsx":
        pytest.importorskip("openpyxl")
    path = tmp_path / request.param
    path.write_bytes(WRITERS[request.param](VALUES))
    table = read(path, name=path.name, executor=Serial())
    assert table.findings == ()
    pq.write_table(table.columns, tmp_path / "published.parquet")
    return tmp_path / "published.parquet"


def test_values_survive_as_text_for_pyarrow(published: Path) -> None:
    column = pq.read_table(published).column("x")
    assert (str(column.type), column.to_pylist()) == ("string", VALUES)


def test_values_survive_as_text_for_pandas(published: Path) -> None:
    assert pd.read_parquet(published)["x"].tolist() == VALUES
