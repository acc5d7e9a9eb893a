from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
import soxr

from listen_datasets.probes import Fact
from listen_datasets.probes.loudness import Loudness
from listen_datasets.testing.signals import Signal, constant, noise, tone, with_dead_channel


def measure(samples: Signal, sample_rate: int = 48_000) -> Fact:
    probe = Loudness(sample_rate, samples.shape[1])
    probe.update(np.ascontiguousarray(samples))
    return probe.finish()["loudness_lufs"]


@pytest.mark.parametrize("num_channels", [1, 2])
@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000])  # its shelf is another one at low rates
def test_it_agrees_with_pyloudnorm(num_channels: int, sample_rate: int) -> None:
    samples = np.concatenate(
        [
            noise(seed, level, sample_rate=sample_rate, num_channels=num_channels)
            for seed, level in enumerate((-20, -45, -25))
        ]
    )
    expected = pyloudnorm.Meter(sample_rate).integrated_loudness(samples.astype(np.float64))
    assert measure(samples, sample_rate) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 22_050, 44_100, 48_000, 192_000])
def test_a_full_scale_tone_on_one_of_two_channels_reads_what_the_recommendation_says(sample_rate: int) -> None:
    # BS.1770-4, Annex 1: 0 dBFS at 997 Hz on the left, centre or right channel reads -3.01. The filters are those of
    # 48 kHz bent to other rates; EBU Tech 3341 allows a meter 0.1.
    samples = with_dead_channel(tone(0.0, 997.0, duration=3, sample_rate=sample_rate, num_channels=2), 1)
    assert measure(samples, sample_rate) == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize(
    ("sample_rate", "more"),
    [(8_000, 0.21), (16_000, 0.08), (22_050, 0.05), (44_100, 0.0), (96_000, -0.02), (192_000, -0.04)],
)
def test_other_rates_read_more_or_less_than_48_khz_as_documented(sample_rate: int, more: float) -> None:
    # Noise below 3.4 kHz that falls by 6 dB an octave from 100 Hz on, as speech about does.
    spectrum = np.fft.rfft(noise(4, duration=5.0, sample_rate=48_000), axis=0)
    frequencies = np.fft.rfftfreq(5 * 48_000, 1 / 48_000)[:, np.newaxis]
    spectrum *= np.minimum(1, 100 / np.maximum(frequencies, 1)) * (frequencies < 3_400)
    samples = np.fft.irfft(spectrum, axis=0).astype(np.float32)
    expected = measure(samples)
    assert isinstance(expected, float)
    assert measure(soxr.resample(samples, 48_000, sample_rate), sample_rate) == pytest.approx(expected + more, abs=0.03)


@pytest.mark.parametrize(("duration", "is_there"), [(0.399, False), (0.4, True)])
def test_below_a_block_of_400_ms_there_is_none(duration: float, is_there: bool) -> None:  # noqa: FBT001
    loudness = measure(tone(sample_rate=48_000, duration=duration))
    assert (loudness is not None) is is_there


def test_silence_is_gated() -> None:
    assert measure(constant(0.0, sample_rate=48_000)) is None
