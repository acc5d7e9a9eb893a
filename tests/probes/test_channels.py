from __future__ import annotations

import numpy as np
import pytest

from listen_datasets.probes.channels import Channels
from listen_datasets.testing.signals import Signal, constant, noise, tone, with_dead_channel


def measure(samples: Signal) -> float | None:
    probe = Channels(16_000, samples.shape[1])
    probe.update(np.ascontiguousarray(samples))
    return probe.finish()["channel_correlation"]


def test_equal_channels_correlate_fully() -> None:
    assert measure(tone(num_channels=2)) == 1.0


def test_a_turned_channel_correlates_negatively() -> None:
    assert measure(tone(num_channels=2) * np.array([1, -0.5], np.float32)) == -1.0


def test_the_lowest_pair_counts_and_agrees_with_numpy() -> None:
    samples = noise(1, num_channels=4)
    samples[:, 1] += 0.5 * samples[:, 0]
    samples[:, 3] -= 0.3 * samples[:, 2]
    expected = np.corrcoef(samples.astype(np.float64), rowvar=False).min()
    assert measure(samples) == pytest.approx(expected, abs=5.1e-5)


def test_an_offset_does_not_blur_the_correlation() -> None:
    samples = noise(1, -100.0, num_channels=2)
    samples += np.float32(0.9)
    expected = np.corrcoef(samples.astype(np.float64), rowvar=False).min()
    assert measure(samples) == pytest.approx(expected, abs=5.1e-5)


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(tone(), id="mono"),
        pytest.param(with_dead_channel(tone(num_channels=2), 0), id="dead channel"),
        pytest.param(np.concatenate([tone(), constant(0.3)], axis=1), id="constant channel"),
    ],
)
def test_mono_and_constant_channels_have_none(samples: Signal) -> None:
    assert measure(samples) is None
