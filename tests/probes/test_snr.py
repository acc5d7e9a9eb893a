from __future__ import annotations

import numpy as np
import pytest

from listen_datasets.probes.snr import Snr
from listen_datasets.testing.signals import Signal, constant, noise, tone


def measure(*parts: Signal) -> float | None:
    samples = np.concatenate(parts)
    probe = Snr(16_000, samples.shape[1])
    probe.update(samples)
    return probe.finish()["snr_db"]


@pytest.mark.parametrize("gap", [0.0, 10.0, 43.0])
def test_a_tone_stands_above_its_background_by_their_difference(gap: float) -> None:
    # 20 ms are whole periods, so that all windows of a part are equal; a step of the histogram is 0.05 dB.
    assert measure(tone(-6.0), tone(-6.0 - gap)) == pytest.approx(gap, abs=0.0501)


def test_digital_silence_does_not_count() -> None:
    assert measure(constant(0), tone(-6.0), tone(-26.0), constant(0)) == pytest.approx(20.0, abs=0.0501)


@pytest.mark.parametrize(("duration", "is_there"), [(0.1999, False), (0.2, True)])
def test_fewer_than_ten_windows_give_no_estimate(duration: float, is_there: bool) -> None:  # noqa: FBT001
    assert (measure(tone(duration=duration)) is not None) is is_there


def test_silence_gives_no_estimate() -> None:
    assert measure(constant(0)) is None


def test_the_percentiles_are_those_of_numpy_to_a_step() -> None:
    samples = np.concatenate([noise(seed, -10.0 - 3 * seed, duration=0.4) for seed in range(10)])
    levels = 10 * np.log10(np.mean(samples.astype(np.float64).reshape(-1, 320) ** 2, axis=1))
    quiet, loud = np.percentile(levels, [10, 95], method="inverted_cdf")
    assert measure(samples) == pytest.approx(loud - quiet, abs=0.0501)
