from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from listen_datasets.recipe import Validate
from listen_datasets.rules.declared import check


@pytest.mark.parametrize("declared", [["9.990", "2.0"], [9.99, 2.0]])
def test_declared_duration_far_from_the_measured_one_is_an_error(
    clips: Callable[..., pa.Table], declared: list[Any]
) -> None:
    (finding,) = check(clips(declared_duration=declared), Validate())
    assert (finding.code, finding.severity) == ("audio.duration_mismatch", "error")
    assert (finding.path, finding.line, finding.field) == ("metadata.csv", 2, "/duration")
    assert finding.value == str(declared[0])
    assert finding.message == "`0.wav` lasts 2 s, but its row declares 9.99 s: 7.99 s apart; expected at most 0.05 s."
    assert finding.evidence == {
        "value": pytest.approx(7.99),
        "threshold": 0.05,
        "measured": 2.0,
        "declared": 9.99,
    }


@pytest.mark.parametrize("declared", ["2.05", "1.95", " 2.0 ", "2.000"])
def test_declared_duration_within_the_tolerance_passes(clips: Callable[..., pa.Table], declared: str) -> None:
    assert check(clips(declared_duration=[declared, "2.01"]), Validate()) == []


@pytest.mark.parametrize("declared", ["2.051", "1.949", "-2.0"])
def test_declared_duration_just_beyond_the_tolerance_is_found(clips: Callable[..., pa.Table], declared: str) -> None:
    assert [finding.value for finding in check(clips(declared_duration=[declared]), Validate())] == [declared]


@pytest.mark.parametrize("declared", [["2", "3"], [2, 3], [2.0, 3.0]])
def test_durations_in_whole_seconds_may_be_rounded_or_cut(clips: Callable[..., pa.Table], declared: list[Any]) -> None:
    assert check(clips(duration=[2.96, 2.51], declared_duration=declared), Validate()) == []


def test_durations_in_whole_seconds_are_still_compared(clips: Callable[..., pa.Table]) -> None:
    assert [finding.value for finding in check(clips(declared_duration=[4, 2]), Validate())] == ["4"]


@pytest.mark.parametrize(
    ("column", "declared", "code"),
    [
        ("declared_sample_rate", ["16000", "44100"], "audio.sample_rate_mismatch"),
        ("declared_sample_rate", [16000, 44100], "audio.sample_rate_mismatch"),
        ("declared_num_channels", ["1", "2"], "audio.channels_mismatch"),
    ],
)
def test_declared_count_that_was_not_measured_is_an_error(
    clips: Callable[..., pa.Table], column: str, declared: list[Any], code: str
) -> None:
    (finding,) = check(clips(**{column: declared}), Validate())
    assert (finding.code, finding.severity, finding.clip_id, finding.line) == (code, "error", f"{1:020x}", 3)
    assert finding.field == "/" + column.removeprefix("declared_")


def test_message_about_a_sample_rate_names_both(clips: Callable[..., pa.Table]) -> None:
    (finding,) = check(clips(declared_sample_rate=["44100"]), Validate())
    assert finding.message == "`0.wav` has 16000 Hz, but its row declares 44100 Hz."
    assert finding.evidence == {"value": 16000, "threshold": 44100.0}


RATE = 1_000
SPAN = {"clip_id": ["r_500_2000", "r"], "recording_id": ["r", "r"], "path": ["a.wav", "b.wav"],
        "start": [0.5, 0.0], "sample_rate": [RATE, RATE]}  # fmt: skip


@pytest.mark.parametrize("difference", [0.99 / RATE, -0.99 / RATE, 0.01 + 0.5 / RATE])
def test_a_span_may_be_off_by_what_its_ends_were_rounded_by(clips: Callable[..., pa.Table], difference: float) -> None:
    assert check(clips(**SPAN, declared_duration=[2 + difference, 2.0]), Validate(duration_tolerance=0.0)) == []


def test_a_whole_recording_may_not(clips: Callable[..., pa.Table]) -> None:
    (finding,) = check(clips(**SPAN, declared_duration=[2.0, 2 - 0.99 / RATE]), Validate(duration_tolerance=0.0))
    assert finding.clip_id == "r"


def test_a_span_that_is_not_as_long_as_its_row_declares_is_named_by_its_place(clips: Callable[..., pa.Table]) -> None:
    (finding,) = check(clips(**SPAN, declared_duration=["2.5", "2.0"]), Validate())
    assert finding.message == (
        "The clip of `a.wav` from 0.500 s on lasts 2 s, but its row declares 2.5 s: 0.5 s apart; expected at most 0.061 s."
    )
    assert finding.evidence == {"value": 0.5, "threshold": pytest.approx(0.061), "measured": 2.0, "declared": 2.5}


def test_absent_values_are_not_compared(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(declared_duration=pa.array([None, "2.0"])), Validate()) == []


def test_values_that_are_no_numbers_are_named_once(clips: Callable[..., pa.Table]) -> None:
    (finding,) = check(clips(declared_duration=["2.0", "0:02", "1e3"]), Validate())
    assert (finding.code, finding.severity) == ("metadata.not_compared", "note")
    assert (finding.line, finding.value, finding.evidence) == (3, "0:02", {"rows": 2})


def test_column_of_another_type_is_named_and_not_compared(clips: Callable[..., pa.Table]) -> None:
    table = clips(declared_duration=pa.array([[1.0, 2.0]]))
    assert [finding.code for finding in check(table, Validate())] == ["metadata.not_compared"]


def test_manifest_without_declared_columns_has_no_findings(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(label=["a"]), Validate()) == []
