from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from listen_datasets.recipe import Validate
from listen_datasets.rules.duration import check

_BOUNDS = Validate(min_duration=0.5, max_duration=10.0)


@pytest.mark.parametrize(("seconds", "code"), [(0.49, "clip.too_short"), (10.001, "clip.too_long")])
def test_clip_outside_the_bounds_is_an_error(clips: Callable[..., pa.Table], seconds: float, code: str) -> None:
    (finding,) = check(clips(duration=[2.0, seconds]), _BOUNDS)
    assert (finding.code, finding.severity, finding.path) == (code, "error", "1.wav")


@pytest.mark.parametrize("seconds", [0.5, 10.0])
def test_clip_at_a_bound_passes(clips: Callable[..., pa.Table], seconds: float) -> None:
    assert check(clips(duration=[seconds]), _BOUNDS) == []


def test_a_day_passes_where_nothing_is_said(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(duration=[86400.0]), Validate()) == []


def test_message_has_as_many_digits_as_it_takes(clips: Callable[..., pa.Table]) -> None:
    (finding,) = check(clips(duration=[10.0004]), _BOUNDS)
    assert finding.message == "The clip lasts 10.0004 s; expected at most 10 s."
    assert finding.evidence == {"value": 10.0004, "threshold": 10.0}
