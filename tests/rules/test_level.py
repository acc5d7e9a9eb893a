from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from listen_datasets.recipe import Validate
from listen_datasets.rules.level import check

_SPEECH = Validate(min_snr=6.0)

# code, column, a value beyond the default threshold, the threshold, severity
_LIMITS = [
    ("audio.silent", "silent_fraction", 0.995, 0.99, "error"),
    ("audio.clipped", "clipped_fraction", 0.02, 0.01, "error"),
    ("audio.leading_silence", "leading_silence", 2.01, 2.0, "warning"),
    ("audio.trailing_silence", "trailing_silence", 2.01, 2.0, "warning"),
    ("audio.loudness_low", "loudness_lufs", -55.1, -55.0, "warning"),
    ("audio.loudness_high", "loudness_lufs", 0.1, 0.0, "warning"),
    ("audio.low_snr", "snr_db", 5.9, 6.0, "warning"),
    ("audio.dropouts", "num_dropouts", 1, 0, "warning"),
    ("audio.dc_offset", "dc_offset", 0.021, 0.02, "warning"),
    ("audio.dc_offset", "dc_offset", -0.021, 0.02, "warning"),
]


@pytest.mark.parametrize(("code", "column", "bad", "threshold", "severity"), _LIMITS)
def test_clip_beyond_a_limit_is_found_with_its_numbers(
    clips: Callable[..., pa.Table], code: str, column: str, bad: float, threshold: float, severity: str
) -> None:
    (finding,) = check(clips(**{column: [None, bad]}), _SPEECH)
    assert (finding.code, finding.severity, finding.clip_id) == (code, severity, f"{1:020x}")
    assert (finding.path, finding.field) == ("1.wav", f"/{column}")
    assert finding.evidence == {
        "value": pytest.approx(abs(bad) if column == "dc_offset" else bad),
        "threshold": threshold,
    }


@pytest.mark.parametrize(("code", "column", "bad", "threshold", "severity"), _LIMITS)
def test_clip_at_the_limit_passes(
    clips: Callable[..., pa.Table], code: str, column: str, bad: float, threshold: float, severity: str
) -> None:
    assert check(clips(**{column: [threshold]}), _SPEECH) == []


def test_negative_offset_at_the_limit_passes(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(dc_offset=[-0.02]), Validate()) == []


@pytest.mark.parametrize(
    ("ceiling", "code", "severity"),
    [
        (None, "audio.clipped", "error"),
        (0.0, "audio.clipped", "error"),
        (-0.07, "audio.clipped", "error"),
        (-0.11, "audio.clipped_below_full_scale", "warning"),
        (-12.0, "audio.clipped_below_full_scale", "warning"),
    ],
)
def test_clipping_below_full_scale_is_a_warning(
    clips: Callable[..., pa.Table], ceiling: float | None, code: str, severity: str
) -> None:
    (finding,) = check(clips(clipped_fraction=[0.02], clipping_ceiling_dbfs=[ceiling]), Validate())
    assert (finding.code, finding.severity, finding.field) == (code, severity, "/clipped_fraction")


def test_a_few_flat_tops_pass(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(clipped_fraction=[0.01], clipping_ceiling_dbfs=[-3.0]), Validate()) == []


def test_message_prints_the_threshold_beside_the_value(clips: Callable[..., pa.Table]) -> None:
    (finding,) = check(clips(clipped_fraction=[0.05503]), Validate())
    assert finding.message == "5.5 % of the samples are clipped at full scale; expected at most 1 %."


def test_noise_is_not_judged_unless_the_recipe_says_so(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(snr_db=[0.0]), Validate()) == []


@pytest.mark.parametrize(
    "silent",
    [
        {"silent_fraction": [1.0], "peak_dbfs": [-61.0], "loudness_lufs": [-70.0]},
        {"silent_fraction": [1.0], "peak_dbfs": [None], "loudness_lufs": [None]},
        {"silent_fraction": [1.0], "dc_offset": [0.5], "snr_db": [0.0], "num_dropouts": [3], "clipped_fraction": [0.5]},
    ],
)
def test_silent_clip_is_reported_once(clips: Callable[..., pa.Table], silent: dict[str, list[float | None]]) -> None:
    table = clips(**{"leading_silence": [5.0], "trailing_silence": [5.0], **silent})
    assert [finding.code for finding in check(table, _SPEECH)] == ["audio.silent"]


def test_digital_silence_is_an_error_even_where_silence_is_allowed(clips: Callable[..., pa.Table]) -> None:
    table = clips(silent_fraction=[1.0, 1.0], peak_dbfs=[None, -61.0], trailing_silence=[5.0, 1.0])
    (finding,) = check(table, Validate(max_silent_fraction=1.0))
    assert (finding.code, finding.clip_id) == ("audio.silent", f"{0:020x}")


@pytest.mark.parametrize(("offset", "silent_fraction"), [(0.005, 0.0), (0.3, 0.0), (0.0001, 1.0)])
def test_a_constant_clip_is_silent_at_any_offset(
    clips: Callable[..., pa.Table], offset: float, silent_fraction: float
) -> None:
    table = clips(num_distinct_channels=[0], dc_offset=[offset], silent_fraction=[silent_fraction], snr_db=[0.0])
    (finding,) = check(table, Validate(max_silent_fraction=1.0, min_snr=6.0))
    assert (finding.code, finding.field) == ("audio.silent", "/num_distinct_channels")
    assert finding.evidence == {"value": 0, "threshold": 1, "dc_offset": offset}


def test_a_single_sample_is_not_called_constant(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(num_distinct_channels=[0], num_samples=[1]), Validate()) == []


def test_clip_that_was_not_measured_passes(clips: Callable[..., pa.Table]) -> None:
    columns = (
        "peak_dbfs",
        "silent_fraction",
        "leading_silence",
        "loudness_lufs",
        "dc_offset",
        "snr_db",
        "clipped_fraction",
        "clipping_ceiling_dbfs",
        "num_dropouts",
        "num_distinct_channels",
    )
    assert check(clips(**{name: [None] for name in columns}), _SPEECH) == []


def test_table_without_rows_has_no_findings(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(path=[]), _SPEECH) == []
