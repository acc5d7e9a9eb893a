from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from listen_datasets.probes import Fact
from listen_datasets.testing.signals import constant, noise, tone

Measure = Callable[..., dict[str, Fact]]
STEP = 0.1001


@pytest.mark.parametrize("gap", [0.0, 10.0, 43.0])
def test_a_tone_stands_above_its_background_by_their_difference(waveform: Measure, gap: float) -> None:
    # 20 ms are whole periods, so that all windows of a part are equal.
    assert waveform(tone(-6.0), tone(-6.0 - gap))["snr_db"] == pytest.approx(gap, abs=STEP)


@pytest.mark.parametrize("level", [-20.0, -65.5, -96.0])
def test_the_floor_is_the_level_of_the_pauses(waveform: Measure, level: float) -> None:
    facts = waveform(noise(1, -12.0), noise(2, level), noise(3, -12.0))
    assert facts["noise_floor_dbfs"] == pytest.approx(level, abs=0.5)


def test_digital_silence_does_not_count(waveform: Measure) -> None:
    facts = waveform(constant(0), tone(-6.0), tone(-26.0), constant(0))
    assert facts["snr_db"] == pytest.approx(20.0, abs=STEP)
    assert facts["noise_floor_dbfs"] == pytest.approx(-29.01, abs=STEP)


@pytest.mark.parametrize(("duration", "is_there"), [(0.1999, False), (0.2, True)])
def test_fewer_than_ten_levels_give_no_estimate(waveform: Measure, duration: float, is_there: bool) -> None:  # noqa: FBT001
    facts = waveform(tone(duration=duration))
    assert (facts["snr_db"] is not None, facts["noise_floor_dbfs"] is not None) == (is_there, is_there)


def test_silence_gives_no_estimate(waveform: Measure) -> None:
    facts = waveform(constant(0))
    assert (facts["snr_db"], facts["noise_floor_dbfs"]) == (None, None)


def test_the_percentiles_are_those_of_numpy_to_a_step(waveform: Measure) -> None:
    samples = np.concatenate([noise(seed, -10.0 - 3 * seed, duration=0.4) for seed in range(10)])
    levels = 10 * np.log10(np.mean(samples.astype(np.float64).reshape(-1, 320) ** 2, axis=1))
    quiet, loud = np.percentile(levels, [10, 95], method="inverted_cdf")
    facts = waveform(samples)
    assert facts["noise_floor_dbfs"] == pytest.approx(quiet, abs=STEP / 2)
    assert facts["snr_db"] == pytest.approx(loud - quiet, abs=STEP)
