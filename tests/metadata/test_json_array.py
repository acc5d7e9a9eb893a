from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.errors import MetadataError
from listen_datasets.metadata.json_array import read_json_array
from listen_datasets.metadata.table import MetadataTable

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ROWS = st.lists(st.fixed_dictionaries({"a": TEXTS}, optional={"b": st.integers(-(2**63), 2**63 - 1)}), min_size=1)


class Dribble(io.BytesIO):
    """A file that gives a few bytes at a time, so that every value is cut somewhere."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 3))


def read(data: str | bytes) -> MetadataTable:
    return read_json_array(io.BytesIO(data.encode() if isinstance(data, str) else data), name="m.json")


@given(rows=ROWS, indent=st.sampled_from([None, 0, 2]), is_ascii=st.booleans())
def test_rows_come_back_however_they_are_written_and_cut(
    rows: list[dict[str, object]], indent: int | None, is_ascii: object
) -> None:
    data = json.dumps(rows, indent=indent, ensure_ascii=bool(is_ascii)).encode()
    table = read_json_array(Dribble(data), name="m.json")
    assert [{k: v for k, v in row.items() if v is not None} for row in table.columns.to_pylist()] == rows
    assert list(table.elements or ()) == list(range(1, len(rows) + 1))


def test_a_row_has_its_line_and_its_place_in_the_array() -> None:
    table = read('\n[{"a": 1},\n\n{"a":\n2}, {"a": 3},\n7, {"a": 4}]\n')
    assert list(table.lines) == [2, 4, 5, 6]
    assert list(table.elements or ()) == [1, 2, 3, 5]


def test_a_refused_element_says_its_place_and_its_line() -> None:
    table = read('[{"a": 1},\n{"a": 1,\n"a": 2}, {"a": 3}]')
    assert [(item.line, item.code, item.reason) for item in table.refused] == [
        (2, "metadata.bad_line", "in element 2: the key `a` stands twice in one object")
    ]
    assert table.findings[0].message == "In element 2: the key `a` stands twice in one object."


@pytest.mark.parametrize("number", ["1234567", "-12.5e10", "12345678901234567890"])
def test_a_number_that_was_cut_is_one_element(number: str) -> None:
    table = read_json_array(Dribble(f'[{{"a": 1}},{number},{{"a": 2}},{{"a": 3}}]'.encode()), name="m.json")
    assert ([item.line for item in table.refused], list(table.elements or ())) == ([1], [1, 3, 4])


def test_elements_larger_than_a_piece_are_read() -> None:
    rows = [{"a": "x" * 3_000_000}, {"a": "y" * 5_000_000}, {"a": "z"}]
    assert read(json.dumps(rows)).columns.to_pylist() == rows


@pytest.mark.parametrize("cut", range(1, 26))
def test_a_file_that_was_cut_anywhere_is_refused(cut: int) -> None:
    text = '[{"a": "bc"}, {"a": 12.5}]'
    with pytest.raises(MetadataError, match=r"element|neither|ends|JSON array"):
        read(text[: len(text) - cut])


def test_text_that_is_not_utf_8_is_refused_with_its_line() -> None:
    data = "[\n" + '{"a": "ß"},\n' * 100_000 + '{"a": "'
    with pytest.raises(MetadataError, match="byte 0xfc") as caught:
        read(data.encode() + b"\xfc" + b'"}]')
    assert caught.value.where == "m.json:100002"
    assert "iconv" in str(caught.value.hint)
