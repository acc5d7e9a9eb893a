from __future__ import annotations

import numpy as np
import pytest

from listen_datasets.probes.clipping import Clipping
from listen_datasets.testing.signals import Signal, clipped, constant, quantised, tone

LARGEST = 32767 / 32768


def measure(samples: Signal) -> float | None:
    probe = Clipping(16_000, samples.shape[1])
    probe.update(samples)
    return probe.finish()["clipped_fraction"]


def steps(*values: float) -> Signal:
    # A sample of a finer step than 8 bits shows that full scale is not 127/128.
    return np.array([[value] for value in (*values, 0.001)], dtype=np.float32)


@pytest.mark.parametrize(
    ("values", "clipped_samples"),
    [
        ((0, LARGEST, LARGEST, LARGEST, 0), 3),
        ((0, -1, -1, -1, -1, 0), 4),
        ((-1, -LARGEST, -1), 3),
        ((LARGEST, LARGEST, 0, LARGEST, LARGEST), 0),
        ((LARGEST, LARGEST, -1, LARGEST, LARGEST), 0),
        ((1.5, 7.0, 1.0), 3),
        ((0.9999, 0.9999, 0.9999), 0),
        ((LARGEST, LARGEST, LARGEST, -1, -1, -1), 6),
    ],
)
def test_runs_of_three_of_one_sign_at_full_scale_count(values: tuple[float, ...], clipped_samples: int) -> None:
    assert measure(steps(*values)) == round(clipped_samples / (len(values) + 1), 6)


def test_a_full_scale_tone_that_is_not_cut_off_is_not_clipped() -> None:
    assert measure(quantised(tone(0.0), 16)) == 0.0


def test_an_overdriven_tone_is_clipped_for_the_share_that_arithmetic_says() -> None:
    # A sine of twice full scale lies above it for 2/3 of the time; 320 samples a period leave an error of 1 %.
    assert measure(clipped(tone(0.0, 50.0), 6.0206)) == pytest.approx(2 / 3, abs=0.01)


def test_runs_are_those_of_one_channel() -> None:
    one_each = np.array([[LARGEST, 0.001], [0.0, LARGEST], [LARGEST, 0.0], [0.0, LARGEST]], dtype=np.float32)
    assert measure(one_each) == 0.0


def test_eight_bits_clip_at_their_own_full_scale() -> None:
    assert measure(quantised(clipped(tone(0.0, 50.0), 6.0206), 8)) == pytest.approx(2 / 3, abs=0.01)


def test_silence_is_not_clipped() -> None:
    assert measure(constant(0.0)) == 0.0
