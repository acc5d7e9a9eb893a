from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from listen_datasets.probes import Fact
from listen_datasets.probes.waveform import Waveform
from listen_datasets.testing.signals import Signal, constant, noise, tone, with_dead_channel


def measure(*parts: Signal, sample_rate: int = 16_000) -> tuple[Fact, ...]:
    samples = np.concatenate(parts)
    probe = Waveform(sample_rate, samples.shape[1])
    probe.update(samples)
    facts = probe.finish()
    return facts["silent_fraction"], facts["leading_silence"], facts["trailing_silence"]


def test_silence_at_the_ends_is_measured_in_windows() -> None:
    assert measure(constant(0, duration=0.25), tone(), constant(0, duration=0.75)) == (0.5, 0.25, 0.75)


def test_silence_in_the_middle_counts_for_the_share_alone() -> None:
    assert measure(tone(), constant(0), tone()) == (round(1 / 3, 6), 0.0, 0.0)


def test_all_silence_is_as_long_as_the_recording_from_either_end() -> None:
    assert measure(constant(0, duration=1.0055)) == (1.0, 1.0055, 1.0055)


@pytest.mark.parametrize(("level", "share"), [(-60.1, 1.0), (-59.9, 0.0)])
def test_the_threshold_is_a_power_of_minus_sixty_decibels(level: float, share: float) -> None:
    assert measure(constant(10 ** (level / 20)))[0] == share


def test_one_loud_channel_is_enough() -> None:
    assert measure(with_dead_channel(tone(num_channels=2), 0)) == (0.0, 0.0, 0.0)


def test_a_window_that_begins_silent_is_judged_as_a_whole() -> None:
    assert measure(constant(0, duration=0.014), tone())[1] == 0.01


def test_a_short_last_window_counts_for_its_length() -> None:
    assert measure(tone(duration=0.01), constant(0, duration=0.005)) == (round(1 / 3, 6), 0.0, 0.005)


def test_windows_follow_the_sample_rate() -> None:
    silent, loud = constant(0, duration=0.5, sample_rate=44_100), noise(1, sample_rate=44_100, duration=0.5)
    assert measure(silent, loud, sample_rate=44_100) == (0.5, 0.5, 0.0)


@pytest.mark.parametrize(("value", "share"), [(0.0, 0.25), (1e-9, 0.0)])
def test_digital_silence_is_zero_to_the_last_bit(
    waveform: Callable[..., dict[str, Fact]], value: float, share: float
) -> None:
    facts = waveform(tone(duration=0.75), constant(value, duration=0.25))
    assert facts["digital_silence_fraction"] == share
    assert facts["silent_fraction"] == 0.25


def test_digital_silence_is_that_of_all_channels(waveform: Callable[..., dict[str, Fact]]) -> None:
    assert waveform(with_dead_channel(tone(num_channels=2), 0))["digital_silence_fraction"] == 0.0
