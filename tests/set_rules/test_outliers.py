from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from listen_datasets.model import Finding
from listen_datasets.recipe import About, Recipe, Validate
from listen_datasets.set_rules.outliers import check
from listen_datasets.testing.manifests import clips

USUAL = np.random.default_rng(5).normal(0.0, 1.0, 99)


def found(*, most: float = 10.0, **facts: Any) -> list[Finding]:
    return check(clips(**facts), Validate(max_deviation=most), Recipe(dataset=About(name="t")))


@pytest.mark.parametrize(("seconds", "side"), [(300.0, "above"), (0.02, "below")])
def test_a_clip_that_lasts_much_longer_or_shorter_is_noted(seconds: float, side: str) -> None:
    (finding,) = found(duration=[*(5.0 * np.exp(0.2 * USUAL)), seconds])

    assert (finding.code, finding.severity, finding.path) == ("audio.duration_outlier", "note", "99.wav")
    assert f"deviations {side} the median of" in finding.message


@pytest.mark.parametrize("loudness", [10.0, -60.0])
def test_a_clip_that_is_much_louder_or_quieter_is_noted(loudness: float) -> None:
    (finding,) = found(loudness_lufs=[*(-23.0 + 2.0 * USUAL), loudness])

    assert (finding.code, finding.path) == ("audio.loudness_outlier", "99.wav")


def test_how_far_is_too_far_is_for_the_recipe_to_say() -> None:
    loudness = [*(-23.0 + 2.0 * USUAL), -38.0]

    assert found(loudness_lufs=loudness) == []
    assert [item.path for item in found(loudness_lufs=loudness, most=5.0)] == ["99.wav"]


def test_clips_of_equal_length_may_differ_by_some_samples() -> None:
    assert found(duration=[5.0] * 99 + [5.02]) == []
    assert len(found(duration=[5.0] * 99 + [15.0])) == 1


def test_what_was_not_measured_and_a_few_clips_tell_nothing() -> None:
    assert found(loudness_lufs=[None] * 100) == []
    assert found(duration=[1.0] * 20 + [500.0]) == []
