from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from listen_datasets.probes import Fact
from listen_datasets.testing.signals import Signal, constant, noise, quantised, tone

Measure = Callable[..., dict[str, Fact]]


def with_hole(samples: Signal, first: float, duration: float, sample_rate: int = 16_000) -> Signal:
    copy = samples.copy()
    copy[round(first * sample_rate) : round((first + duration) * sample_rate)] = 0
    return copy


def found(waveform: Measure, samples: Signal, sample_rate: int = 16_000) -> tuple[Fact, Fact]:
    facts = waveform(samples, sample_rate=sample_rate)
    return facts["num_dropouts"], facts["longest_dropout"]


@pytest.mark.parametrize("duration", [0.001, 0.0025, 0.01, 0.0333, 0.4])
@pytest.mark.parametrize("first", [0.1, 0.1037, 0.2999])
def test_a_hole_in_a_signal_is_found_with_its_length(waveform: Measure, first: float, duration: float) -> None:
    holed = with_hole(noise(1), first, duration)
    number, longest = found(waveform, holed)
    assert number == 1
    assert longest == pytest.approx(duration, abs=1 / 16_000)


@pytest.mark.parametrize("sample_rate", [1_000, 8_000, 44_100, 192_000])
def test_holes_are_found_at_any_sample_rate(waveform: Measure, sample_rate: int) -> None:
    # A millisecond of 1 kHz is one sample, which must not happen to be small.
    signs = np.sign(noise(1, sample_rate=sample_rate)) * np.float32(0.1)
    signs[0] = 0.001  # a finer step than those of coarse rounding
    holed = with_hole(signs, 0.3, 0.05, sample_rate)
    assert found(waveform, holed, sample_rate) == (1, 0.05)


def test_the_longest_of_several_holes_counts(waveform: Measure) -> None:
    holed = with_hole(with_hole(with_hole(noise(1), 0.1, 0.004), 0.5, 0.02), 0.7, 0.01)
    assert found(waveform, holed) == (3, 0.02)


def test_holes_of_the_channel_that_has_most_count(waveform: Measure) -> None:
    left, right = with_hole(noise(1), 0.1, 0.004), with_hole(with_hole(noise(2), 0.1, 0.002), 0.6, 0.003)
    assert found(waveform, np.concatenate([left, right], axis=1)) == (2, 0.004)


def test_a_hole_near_the_end_needs_five_milliseconds_behind_it(waveform: Measure) -> None:
    assert found(waveform, with_hole(noise(1), 0.98, 0.0145)) == (1, 0.0145)
    assert found(waveform, with_hole(noise(1), 0.98, 0.0165)) == (0, None)


RAMP = np.linspace(1, 0, 3_200, dtype=np.float32)[:, np.newaxis] ** 2
QUIET_NOISE = noise(5, -95.0)
LOOK_ALIKES = {
    "silence at both ends": np.concatenate([constant(duration=0.3), noise(1), constant(duration=0.3)]),
    "silence": constant(),
    "note that fades, pause, note": np.concatenate([noise(1, duration=0.2) * RAMP, constant(duration=0.1), noise(2)]),
    "gated word": np.concatenate([noise(1), noise(2, -50.0), constant(duration=0.2), noise(3, -50.0), noise(4)]),
    "rounding to zero": quantised(QUIET_NOISE, 16),
    "rounding to zero in 8 bits": quantised(noise(6, -51.0), 8),
    "rounding to zero in 8 bits, amplified": quantised(noise(6, -51.0), 8) * np.float32(3.3),
    "slow tone of few steps": quantised(tone(-30.0, 20.0), 8),
    "pulses": np.where(np.arange(16_000)[:, np.newaxis] % 160 < 32, noise(1), np.float32(0)),
    "fewer than 16 zeros": with_hole(noise(1), 0.4, 15 / 16_000),
    "zero crossings": tone(-6.0, 1000.0),
    "offset for a moment": with_hole(noise(1), 0.4, 0.02) + np.float32(0.001),
}


def test_a_hole_in_a_loud_signal_of_eight_bits_is_found(waveform: Measure) -> None:
    number, longest = found(waveform, with_hole(quantised(noise(1, -15.0), 8), 0.4, 0.02))
    assert number == 1
    assert longest == pytest.approx(0.02, abs=2e-4)


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_zeros_that_belong_there_are_no_dropout(waveform: Measure, name: str) -> None:
    assert found(waveform, LOOK_ALIKES[name]) == (0, None)


def test_without_a_sample_nothing_is_known(waveform: Measure) -> None:
    assert found(waveform, constant(duration=0.0)) == (None, None)


def test_what_the_other_channel_does_changes_nothing(waveform: Measure) -> None:
    # A gated word between long silence: digital silence of its own channel alone does not count for its level.
    word = np.concatenate([noise(1), noise(2, -45.0, duration=0.1), constant(duration=0.2), noise(3, -45.0), noise(4)])
    rare = np.concatenate([word, constant(duration=60.0)])
    assert found(waveform, rare) == (0, None)
    assert found(waveform, np.concatenate([rare, noise(5, duration=len(rare) / 16_000)], axis=1)) == (0, None)
