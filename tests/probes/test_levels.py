from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from listen_datasets.probes import Fact
from listen_datasets.probes.levels import COLUMNS
from listen_datasets.testing.signals import Signal, constant, noise, tone, with_dead_channel

Measure = Callable[..., dict[str, Fact]]


@pytest.mark.parametrize("level", [0.0, -3.0, -20.0, -90.0])
def test_a_tone_has_its_peak_and_three_decibels_less_power(waveform: Measure, level: float) -> None:
    facts = waveform(tone(level))
    assert (facts["peak_dbfs"], facts["rms_dbfs"], facts["dc_offset"]) == (level, round(level - 3.01, 2), 0.0)


def test_each_channel_has_its_own_levels(waveform: Measure) -> None:
    samples = np.concatenate([tone(-1.0), tone(-41.0) + np.float32(0.25), constant(0.0)], axis=1)
    facts = waveform(samples)
    assert facts["channel_peak_dbfs"] == [-1.0, pytest.approx(-11.74, abs=0.01), None]
    assert facts["channel_rms_dbfs"] == [-4.01, pytest.approx(-12.04, abs=0.01), None]
    assert facts["channel_dc_offset"] == [0.0, 0.25, 0.0]


def test_the_peak_is_that_of_the_loudest_channel(waveform: Measure) -> None:
    assert waveform(np.concatenate([tone(-9.0), tone(-4.0), tone(-5.0)], axis=1))["peak_dbfs"] == -4.0


@pytest.mark.parametrize("sign", [1, -1])
def test_a_peak_of_either_sign_counts(waveform: Measure, sign: int) -> None:
    samples = tone(-20.0)
    samples[5000] = sign * 0.5
    assert waveform(samples)["peak_dbfs"] == -6.02


def test_noise_has_its_power(waveform: Measure) -> None:
    assert waveform(noise(1, -37.5, num_channels=3))["rms_dbfs"] == -37.5


def test_silence_has_no_level(waveform: Measure) -> None:
    facts = waveform(constant(0.0))
    assert {name: facts[name] for name in COLUMNS} == {
        "peak_dbfs": None,
        "rms_dbfs": None,
        "channel_peak_dbfs": [None],
        "channel_rms_dbfs": [None],
        "dc_offset": 0.0,
        "channel_dc_offset": [0.0],
    }


def test_without_a_sample_there_is_nothing(waveform: Measure) -> None:
    facts = waveform(constant(duration=0.0))
    assert [facts[name] for name in COLUMNS] == [None] * len(COLUMNS)


def test_a_dead_channel_halves_the_power(waveform: Measure) -> None:
    assert waveform(with_dead_channel(tone(0.0, num_channels=2), 1))["rms_dbfs"] == -6.02


def test_the_offset_is_that_of_the_channel_where_it_is_largest(waveform: Measure) -> None:
    samples = np.concatenate([constant(0.1), constant(-0.25), constant(0.2)], axis=1)
    assert waveform(samples)["dc_offset"] == -0.25


def test_negative_full_scale_is_zero_decibels(waveform: Measure) -> None:
    facts = waveform(constant(-1.0))
    assert (facts["peak_dbfs"], facts["rms_dbfs"], facts["dc_offset"]) == (0.0, 0.0, -1.0)


def test_float_recordings_may_peak_above_full_scale(waveform: Measure) -> None:
    assert waveform(constant(2.0))["peak_dbfs"] == 6.02


def test_a_tiny_negative_offset_is_zero_without_a_sign(waveform: Measure) -> None:
    assert str(waveform(constant(-1e-9))["dc_offset"]) == "0.0"


@pytest.mark.parametrize("num_channels", [1, 2, 3, 64])
def test_levels_are_those_of_numpy(waveform: Measure, num_channels: int) -> None:
    samples: Signal = noise(3, -15.0, duration=0.237, num_channels=num_channels)
    wide = samples.astype(np.float64)
    facts = waveform(samples)
    assert facts["channel_rms_dbfs"] == pytest.approx(list(10 * np.log10((wide**2).mean(axis=0))), abs=0.0051)
    assert facts["channel_peak_dbfs"] == pytest.approx(list(20 * np.log10(np.abs(wide).max(axis=0))), abs=0.0051)
    assert facts["channel_dc_offset"] == pytest.approx(list(wide.mean(axis=0)), abs=5.1e-7)
