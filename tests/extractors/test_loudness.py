from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyloudnorm
import pytest

from listen_datasets import recipe
from listen_datasets.extractors.loudness import Loudness
from listen_datasets.testing.signals import constant, noise, tone

COLUMNS = ("loudness_lufs", "max_momentary_lufs", "max_short_term_lufs")


def values(samples: npt.NDArray[np.float32], sample_rate: int = 16_000) -> tuple[object, ...]:
    row = Loudness(recipe.Loudness())(samples, sample_rate)
    return tuple(row[name] for name in COLUMNS)


def test_columns_are_nullable_floats_with_their_unit() -> None:
    fields = Loudness(recipe.Loudness()).fields()

    assert [(field.name, str(field.type), field.metadata[b"unit"]) for field in fields] == [
        *((name, "double", b"LUFS") for name in COLUMNS),
        ("loudness_range_lu", "double", b"LU"),
        ("true_peak_dbtp", "double", b"dBTP"),
    ]


def test_loudness_agrees_with_pyloudnorm() -> None:
    samples = noise(1, duration=3.0, sample_rate=44_100, num_channels=2)

    assert values(samples, 44_100)[0] == pytest.approx(pyloudnorm.Meter(44_100).integrated_loudness(samples), abs=0.1)


def test_steady_tone_has_one_loudness() -> None:
    integrated, momentary, short_term = values(tone(-20.0, 997.0, duration=4.0, sample_rate=48_000), 48_000)

    assert (integrated, momentary, short_term) == pytest.approx((-23.01, -23.01, -23.01), abs=0.05)


@pytest.mark.parametrize(
    ("duration", "missing"),
    [(0.3, (True, True, True)), (1.0, (False, False, True)), (3.0, (False, False, False))],
)
def test_what_a_clip_is_too_short_for_is_none(duration: float, missing: tuple[bool, ...]) -> None:
    assert tuple(value is None for value in values(noise(1, duration=duration))) == missing


def test_digital_silence_has_no_loudness() -> None:
    assert values(constant(duration=4.0)) == (None, None, None)
