from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pyloudnorm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets import bs1770
from listen_datasets.errors import InternalError
from listen_datasets.testing.signals import constant, noise, tone

FULL_SCALE_SINE_LUFS = -3.01
"""BS.1770-4: a sine of 0 dBFS and about 1 kHz on the left, right or centre channel reads -3.01 LKFS."""


def steps(*levels_and_seconds: tuple[float, float], sample_rate: int = 48_000) -> npt.NDArray[np.float32]:
    """Return the stereo tones of 1 kHz of EBU Tech 3341: peak level in dBFS and duration of each in turn."""
    tones = [
        tone(level, 1000.0, duration=s, sample_rate=sample_rate, num_channels=2) for level, s in levels_and_seconds
    ]
    return np.concatenate(tones)


def test_filters_at_48_khz_have_the_coefficients_that_the_recommendation_prints() -> None:
    sections = np.array([bs1770._shelf(48_000), bs1770._high_pass(48_000)])

    printed = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
    assert np.allclose(sections, printed, rtol=0, atol=1e-13)


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_full_scale_sine_reads_minus_3_01(sample_rate: int) -> None:
    powers = bs1770.block_powers(tone(0.0, 997.0, duration=2.0, sample_rate=sample_rate), sample_rate)

    assert bs1770.integrated(powers) == pytest.approx(FULL_SCALE_SINE_LUFS, abs=0.05)


# EBU Tech 3341 (2023), table 1: minimum requirements test signals 1 to 5 (6 needs five channels, below).
@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        pytest.param([(-23.0, 20)], -23.0, id="case 1"),
        pytest.param([(-33.0, 20)], -33.0, id="case 2"),
        pytest.param([(-36.0, 10), (-23.0, 60), (-36.0, 10)], -23.0, id="case 3"),
        pytest.param([(-72.0, 10), (-36.0, 10), (-23.0, 60), (-36.0, 10), (-72.0, 10)], -23.0, id="case 4"),
        pytest.param([(-26.0, 20), (-20.0, 20.1), (-26.0, 20)], -23.0, id="case 5"),
    ],
)
def test_integrated_loudness_of_the_ebu_signals(signal: list[tuple[float, float]], expected: float) -> None:
    assert bs1770.integrated(bs1770.block_powers(steps(*signal), 48_000)) == pytest.approx(expected, abs=0.1)


def test_surround_channels_count_by_their_weights() -> None:
    levels = {0: -28.0, 1: -28.0, 2: -24.0, 4: -30.0, 5: -30.0}  # case 6 of the same table: L R C and Ls Rs
    signal = np.zeros((20 * 48_000, 6), np.float32)
    for channel, level in levels.items():
        signal[:, channel] = tone(level, duration=20.0, sample_rate=48_000)[:, 0]

    assert bs1770.integrated(bs1770.block_powers(signal, 48_000)) == pytest.approx(-23.0, abs=0.1)


def test_lfe_channel_counts_nothing() -> None:
    signal = np.zeros((48_000, 6), np.float32)
    signal[:, 3] = tone(0.0, duration=1.0, sample_rate=48_000)[:, 0]

    assert bs1770.integrated(bs1770.block_powers(signal, 48_000)) is None


def test_channels_of_unknown_order_weigh_the_same() -> None:
    one = bs1770.block_powers(noise(1), 16_000)

    assert bs1770.block_powers(np.repeat(noise(1), 8, axis=1), 16_000) == pytest.approx(8 * one)


# Measured with libebur128 1.2.6 (pyebur128 0.1.1) on `alternating`: integrated, loudest momentary and short-term.
def alternating(sample_rate: int, num_channels: int) -> npt.NDArray[np.float32]:
    """Return noise of changing level, 5 s."""
    quiet, loud = (noise(seed, level, duration=0.5, sample_rate=sample_rate, num_channels=num_channels)
                   for seed, level in ((1, -50.0), (2, -20.0)))  # fmt: skip
    return np.concatenate([quiet, loud, loud, quiet, quiet, quiet, quiet, loud, loud, loud])


LIBEBUR128 = [
    (8_000, 1, -18.4998900577, -17.6604042624, -20.7458410092),
    (8_000, 2, -15.5365222175, -14.7546244898, -17.7854579341),
    (8_000, 6, -10.8721186162, -10.0988331855, -13.1199831904),
    (44_100, 1, -17.6422755731, -16.8676654053, -19.8885699795),
    (44_100, 2, -14.6271392548, -13.8466172455, -16.8756846576),
    (44_100, 6, -9.9947278675, -9.2260762909, -12.2400002865),
    (48_000, 1, -17.6258430089, -16.8421727286, -19.8732644578),
    (48_000, 2, -14.6108796589, -13.8327992772, -16.8582888039),
    (48_000, 6, -9.9803744114, -9.2038678330, -12.2248312429),
]


@pytest.mark.parametrize(("sample_rate", "num_channels", "integrated", "momentary", "short_term"), LIBEBUR128)
def test_loudness_equals_that_of_libebur128(
    sample_rate: int, num_channels: int, integrated: float, momentary: float, short_term: float
) -> None:
    powers = bs1770.block_powers(alternating(sample_rate, num_channels), sample_rate)

    measured = (bs1770.integrated(powers), bs1770.max_momentary(powers), bs1770.max_short_term(powers))

    assert measured == pytest.approx((integrated, momentary, short_term), abs=1e-8)


@pytest.mark.parametrize("num_channels", [1, 2])
@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000])
def test_integrated_loudness_agrees_with_pyloudnorm(sample_rate: int, num_channels: int) -> None:
    samples = alternating(sample_rate, num_channels)

    expected = pyloudnorm.Meter(sample_rate).integrated_loudness(samples.astype(np.float64))

    # Its filters are not quite those of the recommendation: 0.045 LU.
    assert bs1770.integrated(bs1770.block_powers(samples, sample_rate)) == pytest.approx(expected, abs=0.1)


@given(
    cuts=st.lists(st.integers(0, 11_025), max_size=6).map(sorted),
    sample_rate=st.sampled_from([8_000, 11_025]),
    num_channels=st.integers(1, 3),
)
def test_hop_powers_do_not_depend_on_where_blocks_are_cut(cuts: list[int], sample_rate: int, num_channels: int) -> None:
    samples = noise(3, duration=11_025 / sample_rate, sample_rate=sample_rate, num_channels=num_channels)
    weighting = bs1770.KWeighting(sample_rate, num_channels)

    powers = [weighting.update(block) for block in np.split(samples, cuts)]

    assert np.array_equal(np.concatenate(powers), bs1770.block_powers(samples, sample_rate))


@pytest.mark.parametrize(("sample_rate", "num_samples", "hops"), [
    (16_000, 1599, 0), (16_000, 1600, 1), (11_025, 1102, 0), (11_025, 1103, 1), (11_025, 2205, 2), (11_025, 11_025, 10),
])  # fmt: skip
def test_hops_last_100_ms(sample_rate: int, num_samples: int, hops: int) -> None:
    samples = constant(0.1, duration=num_samples / sample_rate, sample_rate=sample_rate)

    assert len(bs1770.block_powers(samples, sample_rate)) == hops


def test_filters_come_to_rest_in_digital_silence_before_their_numbers_get_slow() -> None:
    weighting = bs1770.KWeighting(16_000, 1)

    weighting.update(np.concatenate([noise(1), constant(0.0, duration=1.0)]))

    assert not weighting._state.any()


@pytest.mark.parametrize(
    ("duration", "has_integrated", "has_short_term"),
    [(0.39, False, False), (0.4, True, False), (2.99, True, False), (3.0, True, True)],
)
def test_short_recordings_have_no_loudness(duration: float, has_integrated: bool, has_short_term: bool) -> None:  # noqa: FBT001
    powers = bs1770.block_powers(tone(duration=duration), 16_000)

    assert (bs1770.integrated(powers) is not None) == has_integrated
    assert (bs1770.max_momentary(powers) is not None) == has_integrated
    assert (bs1770.max_short_term(powers) is not None) == has_short_term


def test_digital_silence_has_no_loudness() -> None:
    powers = bs1770.block_powers(constant(duration=4.0), 16_000)

    assert (bs1770.integrated(powers), bs1770.max_momentary(powers), bs1770.max_short_term(powers)) == (None,) * 3


@pytest.mark.parametrize(("level", "expected"), [(-66.0, -69.0), (-68.0, None)])
def test_blocks_below_minus_70_lufs_do_not_count(level: float, expected: float | None) -> None:
    powers = bs1770.block_powers(tone(level), 16_000)

    assert bs1770.integrated(powers) == (expected if expected is None else pytest.approx(expected, abs=0.1))
    assert bs1770.max_momentary(powers) == pytest.approx(level - 3.0, abs=0.1)


# The mean of both halves lies 2.7 LU below the louder one, so the relative gate lies 12.7 LU below it.
@pytest.mark.parametrize(("level", "expected"), [(-31.0, -22.7), (-34.0, -20.0)])
def test_blocks_10_lu_below_the_mean_do_not_count(level: float, expected: float) -> None:
    powers = bs1770.block_powers(steps((-20.0, 20), (level, 20)), 48_000)

    assert bs1770.integrated(powers) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("sample_rate", [1_000, 2_000, 3_363, 3_364, 3_365])
def test_filters_are_stable_where_the_shelf_lies_above_the_band(sample_rate: int) -> None:
    powers = bs1770.block_powers(noise(1, duration=10.0, sample_rate=sample_rate), sample_rate)

    assert np.isfinite(powers).all()
    assert math.isclose(powers[-1], powers[10], rel_tol=0.9)


def test_block_of_other_channels_is_refused() -> None:
    with pytest.raises(InternalError, match=r"^a block of shape \(16000, 2\) for 1 channels$"):
        bs1770.KWeighting(16_000, 1).update(noise(1, num_channels=2))
