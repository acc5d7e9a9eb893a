from __future__ import annotations

import numpy as np
import pytest
import soxr

from listen_datasets.fingerprints import HOP, Fingerprint
from listen_datasets.fingerprints.measuring import Fingerprinter
from listen_datasets.testing.signals import noise
from listen_datasets.testing.sounds import RATE, heard, melody


def alike(first: Fingerprint, second: Fingerprint) -> float:
    """Return the share of signs that two fingerprints of one length have in common."""
    differing = np.unpackbits((first.signs ^ second.signs).view(np.uint8)).mean()
    return 1 - float(differing)


def same(first: Fingerprint, second: Fingerprint) -> bool:
    arrays = ("codes", "signs", "levels")
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in arrays)


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 44_100])
@pytest.mark.parametrize("step", [1, 997, 65_536])
def test_it_does_not_matter_where_blocks_are_cut(sample_rate: int, step: int) -> None:
    samples = noise(1, duration=0.3, sample_rate=sample_rate, num_channels=2).astype(np.float32)
    whole, pieces = Fingerprinter(sample_rate, 2), Fingerprinter(sample_rate, 2)
    whole.update(samples)
    for first in range(0, len(samples), step):
        pieces.update(samples[first : first + step])
    assert same(whole.finish(), pieces.finish())


@pytest.mark.parametrize("gain_db", [-20, 6])
def test_codes_and_signs_do_not_depend_on_the_gain(gain_db: float) -> None:
    sound = melody(1, 2.0)
    first, second = heard(sound), heard(sound * np.float32(10 ** (gain_db / 20)))
    assert np.mean(first.codes == second.codes) > 0.99
    assert alike(first, second) > 0.999
    assert np.median(second.levels.astype(int) - first.levels) == gain_db


def test_neither_does_the_sample_rate_matter() -> None:
    sound = melody(1, 2.0, 44_100)
    other = soxr.resample(sound, 44_100, 16_000, quality="HQ")
    assert alike(heard(sound, 44_100), heard(other, 16_000)) > 0.97


def test_silence_has_neither_codes_nor_levels() -> None:
    silent = heard(np.zeros(RATE, np.float32))
    assert not silent.codes.any()
    assert not silent.levels.any()


@pytest.mark.parametrize(("count", "codes", "hops"), [(0, 0, 0), (1, 0, 1), (1023, 0, 8), (1024, 1, 8), (1025, 1, 9)])
def test_a_code_looks_at_an_eighth_of_a_second(count: int, codes: int, hops: int) -> None:
    found = heard(np.ones(count, np.float32))
    assert (len(found.codes), len(found.signs), len(found.levels)) == (codes, hops, hops)


def test_the_first_sign_is_that_of_the_first_sample() -> None:
    samples = np.zeros(4 * HOP, np.float32)
    samples[2 * HOP] = 1.0
    found = heard(samples)
    assert found.signs[2] & np.uint64(1) == 1
    assert np.argmax(found.levels) in (1, 2)
