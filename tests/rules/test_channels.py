from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from listen_datasets.recipe import Validate
from listen_datasets.rules.channels import check

Clips = Callable[..., pa.Table]


def stereo(clips: Clips, distinct: int | None, dead: int | None, correlation: float | None, channels: int = 2) -> Any:
    return clips(
        num_channels=[channels],
        num_distinct_channels=[distinct],
        num_dead_channels=[dead],
        channel_correlation=[correlation],
    )


@pytest.mark.parametrize(
    ("distinct", "dead", "correlation", "code", "severity", "field"),
    [
        (1, 1, None, "audio.dead_channel", "warning", "/num_dead_channels"),
        (2, 0, -0.95, "audio.inverted_polarity", "warning", "/channel_correlation"),
        (1, 0, -1.0, "audio.inverted_polarity", "warning", "/channel_correlation"),
        (1, 0, 1.0, "audio.identical_channels", "note", "/num_distinct_channels"),
    ],
)
def test_each_defect_is_found_once(
    clips: Clips, distinct: int, dead: int, correlation: float | None, code: str, severity: str, field: str
) -> None:
    (finding,) = check(stereo(clips, distinct, dead, correlation), Validate())
    assert (finding.code, finding.severity, finding.field) == (code, severity, field)
    assert (finding.clip_id, finding.path) == (f"{0:020x}", "0.wav")


@pytest.mark.parametrize(
    ("distinct", "dead", "correlation"),
    [
        pytest.param(2, 0, 0.999, id="nearly mono"),
        pytest.param(2, 0, -0.9, id="wide, at the limit"),
        pytest.param(0, 0, None, id="silence"),
        pytest.param(None, None, None, id="not measured"),
    ],
)
def test_sound_stereo_passes(clips: Clips, distinct: int | None, dead: int | None, correlation: float | None) -> None:
    assert check(stereo(clips, distinct, dead, correlation), Validate()) == []


def test_mono_passes(clips: Clips) -> None:
    assert check(clips(num_distinct_channels=[1]), Validate()) == []


def test_message_counts_the_channels(clips: Clips) -> None:
    copies = check(stereo(clips, 3, 1, None, channels=6), Validate())[-1]
    assert copies.message == "Of 5 channels with sound, 3 are distinct; the others are copies up to gain."
    assert copies.evidence == {"value": 3, "threshold": 5}


def test_limit_of_the_correlation_is_the_recipes(clips: Clips) -> None:
    table = stereo(clips, 2, 0, -0.5)
    (finding,) = check(table, Validate(min_channel_correlation=-0.4))
    assert finding.evidence == {"value": -0.5, "threshold": -0.4}
