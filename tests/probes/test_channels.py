from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from listen_datasets.probes import Fact
from listen_datasets.testing.signals import Signal, constant, noise, quantised, tone, with_dead_channel

Measure = Callable[..., dict[str, Fact]]


def correlation(waveform: Measure, samples: Signal) -> Fact:
    return waveform(samples)["channel_correlation"]


def numbers(waveform: Measure, samples: Signal) -> tuple[Fact, Fact]:
    facts = waveform(samples)
    return facts["num_distinct_channels"], facts["num_dead_channels"]


def test_equal_channels_correlate_fully(waveform: Measure) -> None:
    assert correlation(waveform, tone(num_channels=2)) == 1.0


def test_a_turned_channel_correlates_negatively(waveform: Measure) -> None:
    assert correlation(waveform, tone(num_channels=2) * np.array([1, -0.5], np.float32)) == -1.0


def test_the_lowest_pair_counts_and_agrees_with_numpy(waveform: Measure) -> None:
    samples = noise(1, num_channels=4)
    samples[:, 1] += 0.5 * samples[:, 0]
    samples[:, 3] -= 0.3 * samples[:, 2]
    expected = np.corrcoef(samples.astype(np.float64), rowvar=False).min()
    assert correlation(waveform, samples) == pytest.approx(expected, abs=5.1e-5)


def test_an_offset_does_not_blur_the_correlation(waveform: Measure) -> None:
    samples = noise(1, -100.0, num_channels=2)
    samples += np.float32(0.9)
    expected = np.corrcoef(samples.astype(np.float64), rowvar=False).min()
    assert correlation(waveform, samples) == pytest.approx(expected, abs=5.1e-5)


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(tone(), id="mono"),
        pytest.param(with_dead_channel(tone(num_channels=2), 0), id="dead channel"),
        pytest.param(np.concatenate([tone(), constant(0.3)], axis=1), id="constant channel"),
    ],
)
def test_mono_and_constant_channels_have_no_correlation(waveform: Measure, samples: Signal) -> None:
    assert correlation(waveform, samples) is None


@pytest.mark.parametrize("num_channels", [2, 3, 64])
def test_independent_channels_are_distinct(waveform: Measure, num_channels: int) -> None:
    assert numbers(waveform, noise(1, duration=0.2, num_channels=num_channels)) == (num_channels, 0)


@pytest.mark.parametrize("gain", [1.0, 0.5, 0.013, -1.0, 3.7])
def test_a_copy_up_to_gain_is_not_distinct_at_sixteen_bits(waveform: Measure, gain: float) -> None:
    mono = noise(1, -35.0)
    assert numbers(waveform, quantised(np.concatenate([mono, mono * np.float32(gain)], axis=1), 16)) == (1, 0)


def test_a_copy_with_an_offset_is_not_distinct(waveform: Measure) -> None:
    assert numbers(waveform, np.concatenate([noise(1), noise(1) + np.float32(0.1)], axis=1)) == (1, 0)


@pytest.mark.parametrize(("level", "distinct"), [(-50.0, 2), (-70.0, 1)])
def test_a_copy_may_differ_by_sixty_decibels(waveform: Measure, level: float, distinct: int) -> None:
    mono = noise(1, 0.0)
    assert numbers(waveform, np.concatenate([mono, mono + noise(2, level)], axis=1)) == (distinct, 0)


def test_two_quiet_channels_are_no_copies(waveform: Measure) -> None:
    assert numbers(waveform, noise(1, -105.0, num_channels=2)) == (2, 0)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        pytest.param(with_dead_channel(noise(1, num_channels=2), 0), (1, 1), id="zeros"),
        pytest.param(np.concatenate([noise(1), constant(-0.3)], axis=1), (1, 1), id="offset"),
        pytest.param(with_dead_channel(noise(1, num_channels=4), 2), (3, 1), id="one of four"),
        pytest.param(noise(1, num_channels=2) * np.array([1, 1e-5], np.float32), (2, 0), id="quiet, not dead"),
        pytest.param(constant(num_channels=2), (0, 0), id="all silent"),
        pytest.param(noise(1), (1, 0), id="mono"),
        pytest.param(constant(0.2), (0, 0), id="constant mono"),
    ],
)
def test_a_constant_channel_beside_others_is_dead(
    waveform: Measure, samples: Signal, expected: tuple[int, int]
) -> None:
    assert numbers(waveform, samples) == expected
