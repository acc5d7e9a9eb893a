from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from listen_datasets import recipe
from listen_datasets.extractors.log_mel import LogMel
from listen_datasets.testing.signals import constant, noise, tone


def log_mel(samples: npt.NDArray[np.float32], sample_rate: int, config: recipe.LogMel) -> npt.NDArray[np.float32]:
    levels = LogMel(config)(samples, sample_rate)["log_mel"]
    assert isinstance(levels, np.ndarray)
    return levels


def test_column_is_a_list_of_frames_in_db() -> None:
    (field,) = LogMel(recipe.LogMel(n_mels=40)).fields()

    assert field.name == "log_mel"
    assert str(field.type) == "list<item: fixed_size_list<item: float>[40]>"
    assert field.metadata[b"unit"] == b"dB"


@pytest.mark.parametrize(("num_samples", "frames"), [(1, 1), (255, 1), (256, 2), (16_000, 63)])
def test_frames_are_centred_from_the_first_sample_on(num_samples: int, frames: int) -> None:
    samples = noise(1, duration=num_samples / 16_000)

    assert log_mel(samples, 16_000, recipe.LogMel()).shape == (frames, 64)


def test_recording_without_samples_is_a_frame_of_silence() -> None:
    assert log_mel(np.empty((0, 1), np.float32), 16_000, recipe.LogMel()) == pytest.approx(-100.0)


def test_tone_is_loudest_in_its_band() -> None:
    # 8 kHz is 45.245 mel, and up to 1 kHz a mel is 200/3 Hz: the tenth of 65 steps is the middle of the band 9.
    levels = log_mel(tone(frequency=45.245 * 10 / 65 * 200 / 3), 16_000, recipe.LogMel())

    assert set(levels[5:-5].argmax(axis=1)) == {9}


@pytest.mark.parametrize("top_db", [20.0, 80.0])
def test_levels_reach_top_db_below_the_maximum_and_no_further(top_db: float) -> None:
    samples = np.concatenate([tone(0.0), constant(0.0)])

    levels = log_mel(samples, 16_000, recipe.LogMel(top_db=top_db))

    assert levels.max() - levels.min() == pytest.approx(top_db, abs=1e-4)


def test_channels_are_averaged() -> None:
    left, right = noise(1), noise(2)

    stereo = log_mel(np.hstack([left, right]), 16_000, recipe.LogMel())

    assert np.array_equal(stereo, log_mel((left + right) * np.float32(0.5), 16_000, recipe.LogMel()))


def test_same_extractor_gives_the_same_for_the_same_samples() -> None:
    extractor = LogMel(recipe.LogMel())
    first, other = noise(1), noise(2, duration=2.0)

    before = extractor(first, 16_000)["log_mel"]
    extractor(other, 16_000)
    extractor(first, 8_000)

    assert np.array_equal(np.asarray(extractor(first, 16_000)["log_mel"]), np.asarray(before))


def test_samples_are_left_alone() -> None:
    samples = noise(1)

    log_mel(samples, 16_000, recipe.LogMel())

    assert np.array_equal(samples, noise(1))
