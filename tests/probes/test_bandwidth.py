from __future__ import annotations

import numpy as np
import pytest
import soxr

from listen_datasets.probes.bandwidth import Bandwidth
from listen_datasets.testing.signals import Signal, constant, noise, quantised, tone, with_dead_channel


def measure(samples: Signal, sample_rate: int = 16_000) -> float | None:
    probe = Bandwidth(sample_rate, samples.shape[1])
    probe.update(np.ascontiguousarray(samples))
    return probe.finish()["bandwidth_hz"]


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 96_000])
def test_white_noise_reaches_half_the_sample_rate(sample_rate: int) -> None:
    assert measure(noise(1, sample_rate=sample_rate), sample_rate) == sample_rate / 2


@pytest.mark.parametrize("frequency", [500.0, 1000.0, 3333.0, 7000.0])
def test_a_tone_reaches_no_further_than_the_main_lobe_beyond_it(frequency: float) -> None:
    bin_width = 16_000 / 512
    bandwidth = measure(tone(0.0, frequency))
    assert bandwidth is not None
    assert frequency - bin_width <= bandwidth <= frequency + 5 * bin_width


@pytest.mark.parametrize(("source", "target"), [(8_000, 16_000), (22_050, 44_100), (16_000, 48_000)])
def test_resampling_upwards_adds_no_bandwidth(source: int, target: int) -> None:
    signal = soxr.resample(noise(1, sample_rate=source, duration=3), source, target)
    assert measure(signal, target) == pytest.approx(source / 2, rel=0.05)


def test_content_seventy_decibels_down_counts_and_below_does_not() -> None:
    assert measure(tone(0.0, 1000.0) + tone(-69.0, 6000.0)) == pytest.approx(6000, abs=160)
    assert measure(tone(0.0, 1000.0) + tone(-71.0, 6000.0)) == pytest.approx(1000, abs=160)


def test_an_offset_is_no_content() -> None:
    assert measure(noise(1, -85.0) + np.float32(0.9)) == 8_000


def test_channels_add_up() -> None:
    samples = with_dead_channel(tone(0.0, 1000.0, num_channels=2), 1)
    samples[:, 1] = tone(0.0, 5000.0)[:, 0]
    assert measure(samples) == pytest.approx(5000, abs=160)


def test_the_dither_of_sixteen_bits_stays_out() -> None:
    assert measure(quantised(tone(-1.0, 997.0), 16)) == pytest.approx(997, abs=160)


@pytest.mark.parametrize("samples", [constant(0.0), constant(0.7), noise(1, duration=15 / 16_000)])
def test_what_has_no_spectrum_has_no_bandwidth(samples: Signal) -> None:
    assert measure(samples) is None


def test_a_recording_shorter_than_a_window_is_taken_as_a_whole() -> None:
    assert measure(tone(0.0, 2000.0, duration=0.02)) == pytest.approx(2000, abs=300)


def test_what_a_block_left_over_is_kept_when_the_block_is_used_again() -> None:
    samples = tone(0.0, 1000.0)
    probe = Bandwidth(16_000, 1)
    buffer = np.empty((700, 1), np.float32)
    for first in range(0, 14_000, 700):
        buffer[:] = samples[first : first + 700]
        probe.update(buffer)
        buffer[:] = noise(1, 0.0)[:700]
    assert probe.finish()["bandwidth_hz"] == measure(samples)
