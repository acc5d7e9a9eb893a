from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from listen_datasets.recipe import Validate
from listen_datasets.rules.timestamps import NAMES, check


@pytest.mark.parametrize(
    "text",
    ["2026", "2026-02", "2024-02-29", "2026-03-09T14:05", "2026-03-09T14:05:07.25Z", "2026-03-09 14:05:07+01:00", "1741529107",
     "12.5", "", None],
)  # fmt: skip
def test_times_of_iso_8601_and_plain_numbers_pass(clips: Callable[..., pa.Table], text: str | None) -> None:
    assert check(clips(recorded_at=pa.array(["2026-01-01", text], pa.string())), Validate()) == []


@pytest.mark.parametrize(
    "text",
    ["03/04/2026", "9.3.2026", "2026-13-01", "2026-02-30", "2026-03-09T25:00", "yesterday", "Mar 9, 2026", "2026-3-9", " 2026-03-09",
     "2026-03T14:05", "\u0662\u0660\u0662\u0666", "20-03-09"],
)  # fmt: skip
def test_others_are_a_warning_once_a_text(clips: Callable[..., pa.Table], text: str) -> None:
    (finding,) = check(clips(recorded_at=["2026-01-01", text, text]), Validate())

    assert (finding.code, finding.severity, finding.line) == ("metadata.timestamp", "warning", 3)
    assert finding.evidence == {"clips": 2}


@pytest.mark.parametrize("name", [*NAMES, "Date"])
def test_columns_are_known_by_their_names(clips: Callable[..., pa.Table], name: str) -> None:
    assert len(check(clips(**{name: ["soon"]}), Validate())) == 1


def test_other_columns_and_other_types_are_left_alone(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(title=["soon"], timestamp=[3]), Validate()) == []
