from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from listen_datasets.errors import UsageError
from listen_datasets.metadata.cuts import cuts_of
from listen_datasets.metadata.table import MetadataTable
from listen_datasets.spans import Span


def table(**columns: list[Any]) -> MetadataTable:
    made = pa.table(columns)
    return MetadataTable(name="segments.csv", columns=made, lines=range(2, 2 + made.num_rows))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"start": ["1.5"], "end": ["2.25"]}, Span(1.5, 2.25)),
        ({"start": [1.5], "end": [2]}, Span(1.5, 2.0)),
        ({"offset": ["1"], "duration": ["0.5"]}, Span(1.0, 1.5)),
        ({"start": ["1"], "duration": ["0.5"]}, Span(1.0, 1.5)),
        ({"start": ["1"], "end": ["2"], "duration": ["1"]}, Span(1.0, 2.0)),
        ({"start": [None], "end": ["2"]}, Span(0.0, 2.0)),
        ({"start": ["2"], "end": [None]}, Span(2.0)),
        ({"start": [None], "end": [None]}, None),
        ({"start": [" 1e0 "], "end": [".2e1"]}, Span(1.0, 2.0)),
    ],
)
def test_two_columns_cut(columns: dict[str, list[Any]], expected: Span | None) -> None:
    cuts = cuts_of(table(file_name=["a.wav"], **columns))

    assert cuts is not None
    assert (cuts.spans, cuts.refused) == ({0: expected}, {})


@pytest.mark.parametrize("names", [(), ("start",), ("end",), ("duration",), ("offset", "end"), ("Start", "End")])
def test_other_columns_cut_nothing(names: tuple[str, ...]) -> None:
    assert cuts_of(table(file_name=["a.wav"], **{name: ["1"] for name in names})) is None


@pytest.mark.parametrize(
    ("start", "end", "field", "message"),
    [
        ("-1", "2", "/start", "begins before its recording"),
        ("2", "1", "/end", "ends before it begins"),
        ("1", "1", "/end", "The clip is empty"),
        ("00:01", "2", "/start", "no number of seconds"),
        ("1", "nan", "/end", "no number of seconds"),
        ("1", "inf", "/end", "no number of seconds"),
        ("1", "1e999", "/end", "no number of seconds"),
        ("1", "1,5", "/end", "no number of seconds"),
        (True, False, "/start", "no number of seconds"),
    ],
)
def test_times_that_cut_nothing_are_findings(start: Any, end: Any, field: str, message: str) -> None:
    cuts = cuts_of(table(file_name=["a.wav", "b.wav"], start=[None, start], end=[None, end]))

    assert cuts is not None
    assert cuts.spans == {0: None}
    (finding,) = cuts.refused.values()
    assert (finding.code, finding.path, finding.line, finding.field) == ("metadata.span", "segments.csv", 3, field)
    assert message in finding.message


def test_two_pairs_of_columns_are_refused() -> None:
    both = table(file_name=["a"], start=["0"], end=["1"], offset=["0"], duration=["1"])

    with pytest.raises(UsageError, match="could cut"):
        cuts_of(both)
