from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from listen_datasets.probes import Fact
from listen_datasets.testing.signals import Signal, clipped, constant, noise, quantised, tone

Measure = Callable[..., dict[str, Fact]]
LARGEST = 32767 / 32768


def steps(*values: float) -> Signal:
    # A sample of a finer step than 8 bits shows that full scale is not 127/128.
    return np.array([[value] for value in (*values, 0.001)], dtype=np.float32)


def flat_tops(level_dbfs: float, gain_db: float = 6.0) -> Signal:
    """Return a sweep that was clipped and then attenuated: its slopes meet the ceiling at ever other values."""
    time = np.arange(16_000) / 16_000
    sweep = np.sin(2 * np.pi * (80 * time + 70 * time**2))[:, np.newaxis]
    cut = np.clip(sweep * 10 ** (gain_db / 20), -1, 1)
    return quantised(np.asarray(cut * 10 ** (level_dbfs / 20), dtype=np.float32), 16)


@pytest.mark.parametrize(
    ("values", "longest", "clipped_samples"),
    [
        ((0, LARGEST, LARGEST, LARGEST, 0), 3, 3),
        ((0, -1, -1, -1, -1, 0), 4, 4),
        ((-1, -LARGEST, -1), 3, 3),
        ((LARGEST, LARGEST, 0, LARGEST, LARGEST), 0, 0),
        ((LARGEST, LARGEST, -1, LARGEST, LARGEST), 0, 0),
        ((1.5, 7.0, 1.0), 3, 3),
        ((0.9999, 0.9999, 0.9999), 0, 0),
        ((LARGEST, LARGEST, LARGEST, -1, -1, -1, -1), 4, 7),
    ],
)
def test_runs_of_three_of_one_sign_at_full_scale_count(
    waveform: Measure, values: tuple[float, ...], longest: int, clipped_samples: int
) -> None:
    facts = waveform(steps(*values))
    assert facts["clipped_fraction"] == round(clipped_samples / (len(values) + 1), 6)
    assert facts["longest_clipped_run"] == longest
    assert facts["clipping_ceiling_dbfs"] == (0.0 if clipped_samples else None)


def test_a_run_that_the_recording_ends_in_counts(waveform: Measure) -> None:
    assert waveform(steps(0.0, 0.3)[:-1], constant(LARGEST, duration=0.1))["longest_clipped_run"] == 1600


def test_a_full_scale_tone_that_is_not_cut_off_is_not_clipped(waveform: Measure) -> None:
    assert waveform(quantised(tone(0.0), 16))["clipped_fraction"] == 0.0


def test_an_overdriven_tone_is_clipped_for_the_share_that_arithmetic_says(waveform: Measure) -> None:
    # A sine of twice full scale lies above it for 2/3 of the time; 320 samples a period leave an error of 1 %.
    assert waveform(clipped(tone(0.0, 50.0), 6.0206))["clipped_fraction"] == pytest.approx(2 / 3, abs=0.01)


def test_runs_are_those_of_one_channel(waveform: Measure) -> None:
    one_each = np.array([[LARGEST, 0.001], [0.0, LARGEST], [LARGEST, 0.0], [0.0, LARGEST]], dtype=np.float32)
    assert waveform(one_each)["clipped_fraction"] == 0.0


def test_eight_bits_clip_at_their_own_full_scale(waveform: Measure) -> None:
    facts = waveform(quantised(clipped(tone(0.0, 50.0), 6.0206), 8))
    assert facts["clipped_fraction"] == pytest.approx(2 / 3, abs=0.01)
    assert facts["clipping_ceiling_dbfs"] in {0.0, -0.07}


@pytest.mark.parametrize("level", [-0.5, -3.0, -20.0])
def test_flat_tops_below_full_scale_are_found_with_their_ceiling(waveform: Measure, level: float) -> None:
    facts = waveform(flat_tops(level))
    assert facts["clipping_ceiling_dbfs"] == pytest.approx(level, abs=0.01)
    assert facts["clipped_fraction"] == pytest.approx(2 / 3, abs=0.01)


def test_one_channel_with_flat_tops_is_enough(waveform: Measure) -> None:
    facts = waveform(np.concatenate([noise(1, -30.0), flat_tops(-3.0)], axis=1))
    assert facts["clipped_fraction"] == pytest.approx(1 / 3, abs=0.01)


def test_the_ceiling_is_that_under_which_most_samples_lie(waveform: Measure) -> None:
    facts = waveform(np.concatenate([flat_tops(-6.0, 0.5), flat_tops(-3.0, 12.0)], axis=1))
    assert facts["clipping_ceiling_dbfs"] == pytest.approx(-3.0, abs=0.01)


def test_what_was_counted_below_a_higher_peak_is_void(waveform: Measure) -> None:
    later = noise(1, -30.0)
    later[8000] = 0.9
    assert waveform(flat_tops(-3.0), later)["clipping_ceiling_dbfs"] == pytest.approx(
        -3.0, abs=0.01
    )  # the negative side
    later[9000] = -0.9
    assert waveform(flat_tops(-3.0), later)["clipped_fraction"] == 0.0


def test_only_runs_at_the_highest_ceiling_count(waveform: Measure) -> None:
    facts = waveform(flat_tops(-6.0), flat_tops(-3.0))
    assert facts["clipped_fraction"] == pytest.approx(1 / 3, abs=0.01)
    assert facts["longest_clipped_run"] == waveform(flat_tops(-3.0))["longest_clipped_run"]
    assert facts["clipping_ceiling_dbfs"] == pytest.approx(-3.0, abs=0.01)


@pytest.mark.parametrize("step", [1, -1])
def test_a_flat_top_that_a_clip_begins_or_ends_in_is_judged_by_its_other_end(waveform: Measure, step: int) -> None:
    top = np.array([0.4] * 200 + [0.3, 0.1, -0.2, 0.2, 0.395, 0.2], dtype=np.float32)[::step, np.newaxis]
    facts = waveform(quantised(top, 16))
    assert facts["longest_clipped_run"] == 200
    assert facts["clipping_ceiling_dbfs"] == pytest.approx(-7.96, abs=0.01)


SQUARE = np.sign(tone(0.0, 97.0))
LOOK_ALIKES = {
    "square wave": SQUARE * np.float32(0.5),
    "square wave above noise": noise(1, -50.0) * np.float32(0.1) + quantised(SQUARE * np.float32(0.5), 16),
    "pulses of changing level": quantised(SQUARE * np.linspace(0.1, 0.5, 16_000, dtype=np.float32)[:, np.newaxis], 16),
    "slow tone of 16 bits": quantised(tone(-1.0, 11.3, duration=2.0), 16),
    "slow tone that begins at its peak": quantised(tone(-20.0, 3.125, duration=2.0)[1_280:], 16),
    "tone of few steps": quantised(tone(-80.0, 440.0), 16),
    "8 bits made quiet": quantised(quantised(tone(-1.0, 111.7), 8) * np.float32(0.7), 16),
    "6 bits made quiet": quantised(quantised(noise(1, -14.0), 6) * np.float32(0.7), 16),
    "noise": quantised(noise(1, -20.0), 16),
    "offset": constant(0.3),
    "silence": constant(0.0),
    "samples held for four": np.repeat(quantised(noise(2, -20.0, duration=0.25), 16), 4, axis=0),
}


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_what_has_equal_samples_for_another_reason_is_not_clipped(waveform: Measure, name: str) -> None:
    facts = waveform(LOOK_ALIKES[name])
    assert facts["clipped_fraction"] == pytest.approx(0.0, abs=0.001)
