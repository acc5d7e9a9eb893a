"""What the probes say of real speech, and of defects that were put into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile as sf
import soxr

from listen_datasets import registry
from listen_datasets.probes import Fact
from listen_datasets.testing.signals import Signal, clipped, noise, quantised

FSDD = Path(__file__).resolve().parents[3] / "shared" / "data" / "fsdd" / "recordings"
RATE = 8_000

pytestmark = pytest.mark.skipif(not FSDD.is_dir(), reason="the Free Spoken Digit Dataset is not here")


@pytest.fixture(scope="module")
def words() -> list[Signal]:
    """Return 100 spoken digits of all speakers, normalised."""
    paths = sorted(FSDD.glob("*.wav"))[::30]
    read = [sf.read(path, dtype="float32", always_2d=True)[0] for path in paths]
    return [quantised(word / np.abs(word).max() * np.float32(0.9), 16) for word in read]


def measure(samples: Signal, sample_rate: int = RATE) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for name in registry.names("probes"):
        probe = registry.find("probes", name)(sample_rate, samples.shape[1])
        probe.update(np.ascontiguousarray(samples, dtype=np.float32))
        facts.update(probe.finish())
    return facts


def share(words: Sequence[Signal], is_so: Callable[[dict[str, Fact]], bool], sample_rate: int = RATE) -> float:
    return float(np.mean([is_so(measure(word, sample_rate)) for word in words]))


def with_hole(word: Signal, seconds: float) -> Signal:
    """Return a word without what follows its loudest moment."""
    power = np.convolve(word[:, 0] ** 2, np.ones(RATE // 50), "same")
    first = int(power[: len(word) - round((seconds + 0.03) * RATE)].argmax())
    return np.concatenate(
        [word[:first], np.zeros((round(seconds * RATE), 1), np.float32), word[first + round(seconds * RATE) :]]
    )


def test_levels_are_those_of_numpy(words: Sequence[Signal]) -> None:
    wide = [word.astype(np.float64) for word in words]
    assert [measure(word)["rms_dbfs"] for word in words] == pytest.approx(
        [10 * np.log10(np.mean(word**2)) for word in wide], abs=0.0051
    )


def test_loudness_is_that_of_pyloudnorm(words: Sequence[Signal]) -> None:
    # Its filters are those of the recommendation at 48 kHz alone, and its number of blocks is rounded, which matters for
    # single words.
    long = [soxr.resample(np.concatenate(words[first : first + 25]), RATE, 48_000) for first in range(0, 100, 25)]
    expected = [pyloudnorm.Meter(48_000).integrated_loudness(speech.astype(np.float64)) for speech in long]
    assert [measure(speech, 48_000)["loudness_lufs"] for speech in long] == pytest.approx(expected, abs=0.1)


def test_loudness_of_telephone_speech_lies_above_that_at_48_khz_as_documented(words: Sequence[Signal]) -> None:
    speech = np.concatenate(words)
    here, there = (
        measure(speech)["loudness_lufs"],
        measure(soxr.resample(speech, RATE, 48_000), 48_000)["loudness_lufs"],
    )
    assert isinstance(here, float)
    assert isinstance(there, float)
    assert 0.15 <= here - there <= 0.3


def test_sound_recordings_have_none_of_the_defects(words: Sequence[Signal]) -> None:
    assert share(words, lambda facts: facts["num_dropouts"] == 0) == 1
    assert share(words, lambda facts: facts["clipped_fraction"] < 0.001) == 1  # type: ignore[operator]
    assert share(words, lambda facts: facts["cutoff_hz"] is None or facts["cutoff_hz"] > 3_000) == 1  # type: ignore[operator]


def test_holes_in_loud_moments_are_found(words: Sequence[Signal]) -> None:
    holed = [with_hole(word, 0.01) for word in words]
    assert share(holed, lambda facts: facts["num_dropouts"] == 1) >= 0.95


def test_quiet_speech_that_was_rounded_to_eight_bits_has_no_holes(words: Sequence[Signal]) -> None:
    quiet = [quantised(word * np.float32(0.1), 8) for word in words]
    assert share(quiet, lambda facts: facts["num_dropouts"] == 0) >= 0.98


def test_overdriven_speech_is_clipped_at_full_scale(words: Sequence[Signal]) -> None:
    overdriven = [quantised(clipped(word, 9.0), 16) for word in words]
    assert share(overdriven, lambda facts: facts["clipping_ceiling_dbfs"] == 0.0) >= 0.98


def test_most_overdriven_speech_is_found_after_it_was_attenuated(words: Sequence[Signal]) -> None:
    attenuated = [quantised(clipped(word, 9.0) * np.float32(0.3), 16) for word in words]
    assert share(attenuated, lambda facts: facts["clipping_ceiling_dbfs"] == pytest.approx(-10.46, abs=0.02)) >= 0.7


def test_speech_that_was_sampled_at_a_lower_rate_is_cut_off_there(words: Sequence[Signal]) -> None:
    upsampled = [soxr.resample(word, RATE, 44_100) for word in words]
    found = [measure(word, 44_100)["cutoff_hz"] for word in upsampled]
    edges = [edge for edge in found if isinstance(edge, float)]
    assert len(edges) >= 0.95 * len(words)
    assert np.quantile(edges, [0.1, 0.9]) == pytest.approx([3_600, 3_600], abs=400)


@pytest.mark.parametrize(
    ("gains", "distinct", "dead", "correlation"), [((1, 1), 1, 0, 1.0), ((1, -0.7), 1, 0, -1.0), ((0, 1), 1, 1, None)]
)
def test_mono_in_two_channels_is_known(
    words: Sequence[Signal], gains: tuple[float, float], distinct: int, dead: int, correlation: float | None
) -> None:
    stereo = [quantised(word * np.array(gains, np.float32), 16) for word in words]
    expected = (distinct, dead, correlation)
    names = ("num_distinct_channels", "num_dead_channels", "channel_correlation")
    assert share(stereo, lambda facts: tuple(facts[name] for name in names) == expected) == 1


@pytest.mark.parametrize(("snr", "bias"), [(0.0, 6.0), (10.0, 4.0), (15.0, 4.0)])
def test_the_estimated_snr_has_the_bias_that_is_documented(words: Sequence[Signal], snr: float, bias: float) -> None:
    estimates = [measure(mixed(word, snr))["snr_db"] for word in words]
    assert np.median([value for value in estimates if isinstance(value, float)]) == pytest.approx(snr + bias, abs=1.0)


def mixed(word: Signal, snr: float) -> Signal:
    """Return a word between pauses in noise that lies so many decibels below its active level."""
    windows = (word[: len(word) // 160 * 160].astype(np.float64).reshape(-1, 160) ** 2).mean(axis=1)
    active = windows[windows > windows.max() * 10**-2.5].mean()
    pause = np.zeros((RATE // 10, 1), np.float32)
    speech = np.concatenate([pause, word, pause])
    return speech + noise(1, float(10 * np.log10(active)) - snr, duration=len(speech) / RATE, sample_rate=RATE)
