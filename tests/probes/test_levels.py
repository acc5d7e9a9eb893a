from __future__ import annotations

import numpy as np
import pytest

from listen_datasets.probes.levels import Levels
from listen_datasets.testing.signals import Signal, constant, noise, tone, with_dead_channel


def measure(samples: Signal) -> dict[str, float | None]:
    probe = Levels(16_000, samples.shape[1])
    probe.update(samples)
    return probe.finish()


@pytest.mark.parametrize("level", [0.0, -3.0, -20.0, -90.0])
def test_a_tone_has_its_peak_and_three_decibels_less_power(level: float) -> None:
    assert measure(tone(level)) == {"peak_dbfs": level, "rms_dbfs": round(level - 3.01, 2), "dc_offset": 0.0}


def test_noise_has_its_power() -> None:
    assert measure(noise(1, -37.5, num_channels=3))["rms_dbfs"] == -37.5


def test_silence_has_no_level() -> None:
    assert measure(constant(0.0)) == {"peak_dbfs": None, "rms_dbfs": None, "dc_offset": 0.0}


def test_a_dead_channel_halves_the_power() -> None:
    assert measure(with_dead_channel(tone(0.0, num_channels=2), 1))["rms_dbfs"] == -6.02


def test_the_offset_is_that_of_the_channel_where_it_is_largest() -> None:
    samples = np.concatenate([constant(0.1), constant(-0.25), constant(0.2)], axis=1)
    assert measure(samples)["dc_offset"] == -0.25


def test_negative_full_scale_is_zero_decibels() -> None:
    assert measure(constant(-1.0)) == {"peak_dbfs": 0.0, "rms_dbfs": 0.0, "dc_offset": -1.0}


def test_float_recordings_may_peak_above_full_scale() -> None:
    assert measure(constant(2.0))["peak_dbfs"] == 6.02


def test_a_tiny_negative_offset_is_zero_without_a_sign() -> None:
    assert str(measure(constant(-1e-9))["dc_offset"]) == "0.0"
