from __future__ import annotations

import numpy as np
import pytest

from listen_datasets.testing.signals import Signal, clipped, constant, noise, quantised, tone, with_dead_channel

ALL = [
    tone(num_channels=2),
    noise(1, num_channels=2),
    constant(0.5, num_channels=2),
    clipped(tone(num_channels=2), 9.0),
]


@pytest.mark.parametrize("signal", ALL)
def test_signals_have_the_form_that_probes_take(signal: Signal) -> None:
    assert signal.dtype == np.float32
    assert signal.shape == (16_000, 2)
    assert signal.flags.c_contiguous


def test_a_tone_hits_its_peak() -> None:
    assert np.abs(tone(-20.0)).max() == np.float32(0.1)


def test_noise_is_the_same_for_the_same_seed_alone() -> None:
    assert np.array_equal(noise(1), noise(1))
    assert not np.array_equal(noise(1), noise(2))


def test_channels_of_noise_differ() -> None:
    left, right = noise(1, num_channels=2).T
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.05


def test_clipping_ends_at_the_largest_samples_of_sixteen_bits() -> None:
    signal = clipped(tone(0.0), 12.0)
    assert (signal.min(), signal.max()) == (-1.0, np.float32(32767 / 32768))


def test_a_dead_channel_leaves_the_others() -> None:
    signal = tone(num_channels=3)
    dead = with_dead_channel(signal, 1)
    assert not dead[:, 1].any()
    assert np.array_equal(dead[:, ::2], signal[:, ::2])


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_quantised_samples_are_steps(bits: int) -> None:
    steps = quantised(noise(1), bits) * 2.0 ** (bits - 1)
    assert np.array_equal(steps, np.rint(steps))
