from __future__ import annotations

import numpy as np
import pytest
import soxr

from listen_datasets.probes import Fact
from listen_datasets.probes.spectrum import Spectrum, _density
from listen_datasets.testing.signals import Signal, constant, noise, quantised, tone, with_dead_channel


def measure(samples: Signal, sample_rate: int = 16_000) -> dict[str, Fact]:
    probe = Spectrum(sample_rate, samples.shape[1])
    probe.update(np.ascontiguousarray(samples))
    return probe.finish()


def bandwidth(samples: Signal, sample_rate: int = 16_000) -> Fact:
    return measure(samples, sample_rate)["bandwidth_hz"]


def cutoff(samples: Signal, sample_rate: int = 48_000) -> Fact:
    return measure(samples, sample_rate)["cutoff_hz"]


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 96_000])
def test_white_noise_reaches_half_the_sample_rate(sample_rate: int) -> None:
    assert bandwidth(noise(1, sample_rate=sample_rate), sample_rate) == sample_rate / 2


@pytest.mark.parametrize("frequency", [500.0, 1000.0, 3333.0, 7000.0])
def test_a_tone_reaches_no_further_than_the_main_lobe_beyond_it(frequency: float) -> None:
    bin_width = 16_000 / 512
    found = bandwidth(tone(0.0, frequency))
    assert isinstance(found, float)
    assert frequency - bin_width <= found <= frequency + 5 * bin_width


@pytest.mark.parametrize(("source", "target"), [(8_000, 16_000), (22_050, 44_100), (16_000, 48_000)])
def test_resampling_upwards_adds_no_bandwidth(source: int, target: int) -> None:
    signal = soxr.resample(noise(1, sample_rate=source, duration=3), source, target)
    assert bandwidth(signal, target) == pytest.approx(source / 2, rel=0.05)


def test_content_seventy_decibels_down_counts_and_below_does_not() -> None:
    assert bandwidth(tone(0.0, 1000.0) + tone(-69.0, 6000.0)) == pytest.approx(6000, abs=160)
    assert bandwidth(tone(0.0, 1000.0) + tone(-71.0, 6000.0)) == pytest.approx(1000, abs=160)


def test_an_offset_is_no_content() -> None:
    assert bandwidth(noise(1, -85.0) + np.float32(0.9)) == 8_000


def test_channels_add_up() -> None:
    samples = with_dead_channel(tone(0.0, 1000.0, num_channels=2), 1)
    samples[:, 1] = tone(0.0, 5000.0)[:, 0]
    assert bandwidth(samples) == pytest.approx(5000, abs=160)


def test_the_dither_of_sixteen_bits_stays_out() -> None:
    assert bandwidth(quantised(tone(-1.0, 997.0), 16)) == pytest.approx(997, abs=160)


@pytest.mark.parametrize("samples", [constant(0.0), constant(0.7), noise(1, duration=15 / 16_000)])
def test_what_has_no_spectrum_has_neither_fact(samples: Signal) -> None:
    assert measure(samples) == {"bandwidth_hz": None, "cutoff_hz": None}


def test_a_recording_shorter_than_a_window_is_taken_as_a_whole() -> None:
    assert bandwidth(tone(0.0, 2000.0, duration=0.02)) == pytest.approx(2000, abs=300)


def test_what_a_block_left_over_is_kept_when_the_block_is_used_again() -> None:
    samples = tone(0.0, 1000.0)
    probe = Spectrum(16_000, 1)
    buffer = np.empty((700, 1), np.float32)
    for first in range(0, 14_000, 700):
        buffer[:] = samples[first : first + 700]
        probe.update(buffer)
        buffer[:] = noise(1, 0.0)[:700]
    assert probe.finish() == measure(samples)


def test_the_power_of_a_tone_stands_in_its_bins() -> None:
    # What the threshold for an edge is compared with: mean squares, whatever the window.
    probe = Spectrum(16_000, 2)
    probe.update(tone(-10.0, 1000.0, num_channels=2))
    power = probe._power.sum() * _density(512) / (31 * 2)
    assert 10 * np.log10(power) == pytest.approx(-13.01, abs=0.01)


def made(kind: str, duration: float = 2.0) -> Signal:
    """Return full-band noise at 48 kHz, white or falling by 12 dB an octave from 1 kHz on as music does."""
    white = noise(4, -20.0, duration=duration, sample_rate=48_000)
    if kind == "white":
        return white
    spectrum = np.fft.rfft(white[:, 0])
    frequencies = np.fft.rfftfreq(len(white), 1 / 48_000)
    spectrum *= np.minimum(1.0, (1000 / np.maximum(frequencies, 1.0)) ** 2)
    return np.asarray(np.fft.irfft(spectrum, len(white))[:, np.newaxis], dtype=np.float32)


NOTE = np.sum(
    [tone(-20.0 - 12 * np.log2(k), 440.0 * k, sample_rate=48_000) for k in range(1, 54)], axis=0, dtype=np.float32
)


def limited(samples: Signal, frequency: float) -> Signal:
    """Return the part of a signal at 48 kHz below a frequency."""
    spectrum = np.fft.rfft(samples[:, 0])
    spectrum[round(frequency * len(samples) / 48_000) :] = 0
    return np.asarray(np.fft.irfft(spectrum, len(samples))[:, np.newaxis], dtype=np.float32)


@pytest.mark.parametrize("kind", ["white", "falling"])
@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 32_000])
def test_what_was_sampled_at_a_lower_rate_is_cut_off_below_half_of_that(kind: str, rate: int) -> None:
    upsampled = soxr.resample(soxr.resample(made(kind), 48_000, rate), rate, 48_000)
    found = cutoff(quantised(upsampled, 16))
    assert isinstance(found, float)
    assert 0.85 * rate / 2 <= found <= 1.02 * rate / 2


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(made("white"), id="white"),
        pytest.param(made("falling"), id="falling"),
        pytest.param(quantised(made("falling") * np.float32(0.01), 16), id="falling into the noise of 16 bits"),
        pytest.param(tone(-6.0, 5000.0, sample_rate=48_000), id="tone"),
        pytest.param(NOTE, id="note"),
        pytest.param(made("white", 0.02), id="less than a window"),
        pytest.param(made("white", 0.03), id="one window"),
    ],
)
def test_what_fades_out_or_has_nothing_below_its_end_has_no_edge(samples: Signal) -> None:
    assert cutoff(samples) is None


@pytest.mark.parametrize(
    ("frequency", "expected"), [(2_500, None), (3_400, 3_400), (20_000, 20_000), (22_000, 22_000), (23_000, None)]
)
def test_edges_are_looked_for_between_a_telephone_and_a_converter(frequency: int, expected: int | None) -> None:
    found = cutoff(limited(made("white"), frequency))
    assert found == (None if expected is None else pytest.approx(expected, abs=350))


def test_noise_that_was_made_after_resampling_covers_the_edge() -> None:
    upsampled = soxr.resample(soxr.resample(made("white"), 48_000, 16_000), 16_000, 48_000)
    assert cutoff(upsampled + noise(9, -30.0, duration=2.0, sample_rate=48_000)) is None
