from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets import catalogue
from listen_datasets.errors import MetadataError
from listen_datasets.metadata.aligned import Aligned, Joined, Recording, align, first_rows, text_where_they_differ
from listen_datasets.metadata.join import match
from listen_datasets.metadata.recordings import Recordings
from listen_datasets.metadata.table import MetadataTable


def table(columns: Mapping[str, Any], name: str = "metadata.csv") -> MetadataTable:
    made = pa.table(dict(columns))
    return MetadataTable(name=name, columns=made, lines=range(2, 2 + made.num_rows))


def joined(source: str, paths: list[str], columns: Mapping[str, Any], name: str = "metadata.csv") -> Joined:
    made = table(columns, name)
    return Joined(source=source, table=made, matched=match(made, "path", Recordings(paths)))


def aligned_to(items: Sequence[Joined], recordings: Sequence[Recording]) -> Aligned:
    """Align whole recordings: each with the only row that is about it."""
    rows, _ = first_rows(items)
    return align(items, [rows[recording][0] if recording in rows else None for recording in recordings])


def test_rows_come_in_the_order_of_the_recordings() -> None:
    item = joined("s", ["a", "b", "c"], {"path": ["c", "a", "b"], "x": [3, 1, 2]})

    aligned = aligned_to([item], [("s", "a"), ("s", "b"), ("s", "c")])

    assert aligned.columns.to_pydict() == {"path": ["a", "b", "c"], "x": [1, 2, 3]}
    assert (aligned.files, aligned.lines) == (["metadata.csv"] * 3, [3, 4, 2])


def test_a_recording_without_a_row_has_nulls() -> None:
    aligned = aligned_to([joined("s", ["a", "b"], {"path": ["b"], "x": [2]})], [("s", "a"), ("s", "b")])

    assert aligned.columns.to_pydict() == {"path": [None, "b"], "x": [None, 2]}
    assert (aligned.files, aligned.lines) == ([None, "metadata.csv"], [None, 2])


def test_rows_are_of_their_own_source() -> None:
    one = joined("one", ["a"], {"path": ["a"], "x": [1]})
    two = joined("two", ["a"], {"path": ["a"], "x": [2]})

    aligned = aligned_to([one, two], [("two", "a"), ("one", "a"), ("three", "a")])

    assert aligned.columns["x"].to_pylist() == [2, 1, None]
    assert first_rows([one, two])[1] == []


def test_tables_may_have_different_columns() -> None:
    one = joined("s", ["a", "b"], {"path": ["a"], "x": [1]}, "1.csv")
    two = joined("s", ["a", "b"], {"path": ["b"], "y": ["two"]}, "2.csv")

    aligned = aligned_to([one, two], [("s", "a"), ("s", "b")])

    assert aligned.columns.to_pydict() == {"path": ["a", "b"], "x": [1, None], "y": [None, "two"]}


def test_the_first_table_that_names_a_recording_wins() -> None:
    one = joined("s", ["a"], {"path": ["a"], "x": [1]}, "1.csv")
    two = joined("s", ["a"], {"path": ["a"], "x": [2]}, "2.csv")

    aligned = aligned_to([one, two], [("s", "a")])

    ((source, finding),) = first_rows([one, two])[1]
    assert aligned.columns["x"].to_pylist() == [1]
    assert (source, finding.code, finding.path, finding.line) == ("s", "metadata.duplicate_row", "2.csv", 2)
    assert finding.severity == catalogue.severity(finding.code)
    assert "1.csv line 2" in finding.message


def test_all_rows_of_the_first_table_that_cuts_a_recording_are_about_it() -> None:
    made = table({"path": ["a", "b", "a"], "start": ["0", None, "1"]})
    item = Joined(
        source="s", table=made, matched=match(made, "path", Recordings(["a", "b"]), has_cuts=True), has_cuts=True
    )

    assert first_rows([item]) == ({("s", "a"): ((0, 0), (0, 2)), ("s", "b"): ((0, 1),)}, [])
    assert align([item], [(0, 2), None, (0, 0)]).columns["start"].to_pylist() == ["1", None, "0"]


def test_without_tables_there_are_no_columns() -> None:
    aligned = aligned_to([], [("s", "a"), ("s", "b")])

    assert (aligned.columns.num_columns, aligned.files, aligned.lines) == (0, [None, None], [None, None])


def test_without_recordings_there_are_no_rows() -> None:
    aligned = aligned_to([joined("s", [], {"path": ["a"], "x": [1]})], [])

    assert aligned.columns.schema.names == ["path", "x"]
    assert aligned.columns.num_rows == 0


@pytest.mark.parametrize("kinds", [(pa.int64(), pa.string()), (pa.list_(pa.int64()), pa.float64())], ids=str)
def test_types_that_do_not_fit_together_are_refused_by_name(kinds: tuple[pa.DataType, pa.DataType]) -> None:
    items = [
        joined("s", ["a"], {"path": ["a"], "take": pa.array([None], kind)}, f"{number}.csv")
        for number, kind in enumerate(kinds)
    ]

    with pytest.raises(MetadataError, match="take") as caught:
        align(items, [])

    assert caught.value.where == "0.csv, 1.csv"


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_every_recording_gets_its_own_row(order: list[int], lacking: set[int]) -> None:
    paths = [f"{number}.wav" for number in range(6)]
    described = [number for number in order if number not in lacking]
    columns = {"path": pa.array([paths[n] for n in described], pa.string()), "x": pa.array(described, pa.int64())}

    aligned = aligned_to([joined("s", paths, columns)], [("s", path) for path in paths])

    assert aligned.columns["x"].to_pylist() == [None if number in lacking else number for number in range(6)]


def test_a_column_that_one_table_keeps_as_text_is_text_in_all() -> None:
    texts = [table({"path": ["a"], "x": ["007"], "y": ["1"]}), table({"path": ["b"], "x": ["?"], "y": ["2"]})]
    numbers = [
        replace(texts[0], columns=pa.table({"path": ["a"], "x": [7], "y": [1]})),
        replace(texts[1], columns=pa.table({"path": ["b"], "x": ["?"], "y": [2]})),
    ]

    one, other = text_where_they_differ(texts, numbers)

    assert one.columns.to_pydict() == {"path": ["a"], "x": ["007"], "y": [1]}
    assert other.columns.to_pydict() == {"path": ["b"], "x": ["?"], "y": [2]}
