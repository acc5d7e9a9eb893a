from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from listen_datasets.recipe import Validate
from listen_datasets.rules.spectrum import check

Clips = Callable[..., pa.Table]


def codes(table: pa.Table, config: Validate | None = None) -> list[str]:
    return [finding.code for finding in check(table, config or Validate())]


@pytest.mark.parametrize(("bandwidth", "expected"), [(1599.0, ["audio.narrow_bandwidth"]), (1600.0, []), (None, [])])
def test_bandwidth_is_judged_as_a_share_of_half_the_sample_rate(
    clips: Clips, bandwidth: float | None, expected: list[str]
) -> None:
    assert codes(clips(bandwidth_hz=[bandwidth]), Validate(min_bandwidth_ratio=0.2)) == expected


@pytest.mark.parametrize(("cutoff", "expected"), [(5999.0, ["audio.spectral_cutoff"]), (6000.0, []), (None, [])])
def test_cutoff_is_judged_as_a_share_of_half_the_sample_rate(
    clips: Clips, cutoff: float | None, expected: list[str]
) -> None:
    assert codes(clips(cutoff_hz=[cutoff])) == expected


def test_cutoff_is_found_with_its_numbers(clips: Clips) -> None:
    (finding,) = check(clips(sample_rate=[44100], cutoff_hz=[11025.0]), Validate())
    assert (finding.severity, finding.field, finding.path) == ("warning", "/cutoff_hz", "0.wav")
    assert finding.evidence == {"value": 0.5, "threshold": 0.75}
    assert finding.message == (
        "The sound is cut off at 50 % of the band that the sample rate offers; expected at least 75 %."
    )


def test_lossy_codecs_may_cut_off_high_frequencies(clips: Clips) -> None:
    assert codes(clips(codec=["mp3"], bits_per_sample=[None], cutoff_hz=[4000.0])) == []


def test_one_edge_is_one_finding(clips: Clips) -> None:
    assert codes(clips(cutoff_hz=[1500.0], bandwidth_hz=[1500.0])) == ["audio.spectral_cutoff"]


def test_lossy_recording_of_a_narrow_sound_is_still_narrow(clips: Clips) -> None:
    table = clips(codec=["mp3"], bits_per_sample=[None], cutoff_hz=[1500.0], bandwidth_hz=[1500.0])
    assert codes(table, Validate(min_bandwidth_ratio=0.2)) == ["audio.narrow_bandwidth"]
    assert codes(table) == []  # a hum is one


def test_silent_clip_is_left_alone(clips: Clips) -> None:
    assert codes(clips(silent_fraction=[1.0], cutoff_hz=[1000.0], bandwidth_hz=[1.0])) == []
