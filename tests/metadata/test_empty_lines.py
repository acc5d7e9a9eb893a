from __future__ import annotations

import pytest

from listen_datasets.errors import MetadataError
from listen_datasets.metadata.empty_lines import MAX_EMPTY, EmptyLines


def test_all_empty_lines_between_rows_are_one_finding_at_the_first() -> None:
    empty = EmptyLines("m.csv")
    for line in (3, 4):
        empty.add(line)
    empty.row_follows()
    empty.add(7)
    empty.row_follows()
    empty.add(9)
    (finding,) = empty.findings()
    assert (finding.line, finding.evidence, finding.message) == (
        3,
        {"lines": 3},
        "3 empty lines stand between the rows.",
    )


def test_empty_lines_behind_the_last_row_are_nothing() -> None:
    empty = EmptyLines("m.csv")
    empty.row_follows()
    empty.add(3)
    assert empty.findings() == ()


def test_there_is_an_end_to_them() -> None:
    empty = EmptyLines("m.csv")
    for line in range(2, MAX_EMPTY + 2):
        empty.add(line)
    with pytest.raises(MetadataError, match=r"more than 2,000,000 empty lines") as caught:
        empty.add(MAX_EMPTY + 2)
    assert caught.value.where == "m.csv:2"
