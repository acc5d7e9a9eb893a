"""The probe ``waveform`` against its definitions, written down once more in the plainest way, over made-up recordings."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from listen_datasets.probes import Fact
from listen_datasets.probes.waveform import Waveform
from listen_datasets.testing.signals import Signal, quantised

Floats = npt.NDArray[np.float64]
FULL_SCALE = 1 - 2.0**-15


def runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first of each run of true values, and the one behind its last."""
    steps = np.diff(np.concatenate([[0], mask.astype(int), [0]]))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def decibels(power: float) -> float:
    return 10 * math.log10(power)


def windows(samples: Floats, sample_rate: int) -> Iterator[Floats]:
    length = max(round(0.01 * sample_rate), 1)
    for first in range(0, len(samples), length):
        yield samples[first : first + length]


def silence(samples: Floats, sample_rate: int) -> dict[str, Fact]:
    def total(chosen: list[bool]) -> int:
        return sum(len(window) for window, is_so in zip(cut, chosen, strict=True) if is_so)

    cut = list(windows(samples, sample_rate))
    silent = [bool(((window**2).mean(axis=0) < 1e-6).all()) for window in cut]
    leading = [all(silent[: index + 1]) for index in range(len(cut))]
    trailing = [all(silent[index:]) for index in range(len(cut))]
    return {
        "silent_fraction": total(silent) / len(samples),
        "digital_silence_fraction": total([not window.any() for window in cut]) / len(samples),
        "leading_silence": total(leading) / sample_rate,
        "trailing_silence": total(trailing) / sample_rate,
    }


def noise(samples: Floats, sample_rate: int) -> dict[str, Fact]:
    length = 2 * max(round(0.01 * sample_rate), 1)
    powers = [
        float((samples[first : first + length] ** 2).mean()) for first in range(0, len(samples) - length + 1, length)
    ]
    levels = [decibels(power) for power in powers if power > 0]
    if len(levels) < 10:
        return {"noise_floor_dbfs": None, "snr_db": None}
    quiet, loud = np.percentile(levels, [10, 95], method="inverted_cdf")
    return {"noise_floor_dbfs": float(quiet), "snr_db": float(loud - quiet)}


def ceiling(side: Floats, full_scale: float) -> list[int] | None:
    """Return the lengths of the clipped runs of one sign of a channel; None if it was not clipped."""
    side = np.minimum(side, FULL_SCALE)
    top = float(side.max())
    found = [(first, end) for first, end in runs(side == top) if end - first >= 3] if top > 0 else []
    drops = [top - side[first - 1] for first, _ in found if first > 0]
    drops += [top - side[end] for _, end in found if end < len(side)]
    step = top - max([0.0, *side[side < top]])
    is_clipped = top >= full_scale or (bool(drops) and 8 * step <= np.mean(drops) <= top / 2)
    return [end - first for first, end in found] if found and is_clipped else None


def clipping(samples: Floats) -> dict[str, Fact]:
    full_scale = 1 - 2.0**-7 if (samples * 128 % 1 == 0).all() else FULL_SCALE
    sides = [sign * channel for channel in samples.T for sign in (1, -1)]
    found = [(side, lengths) for side in sides if (lengths := ceiling(side, full_scale))]
    most = max(found, key=lambda item: sum(item[1]), default=None)
    return {
        "clipped_fraction": sum(sum(lengths) for _, lengths in found) / samples.size,
        "longest_clipped_run": max((max(lengths) for _, lengths in found), default=0),
        "clipping_ceiling_dbfs": None if most is None else 2 * decibels(min(float(most[0].max()), FULL_SCALE)),
    }


def holes(channel: Floats, sample_rate: int) -> list[int]:
    """Return the lengths of the dropouts of a channel."""
    window = max(round(0.01 * sample_rate), 1)
    edge = max(window // 10, 1)
    zeros = [run for run in runs(channel == 0) if run[1] - run[0] >= min(max(16, window // 10), window)]
    sounding = sum(len(part) for part in windows(channel, sample_rate) if part.any())
    found = []
    for index, (first, end) in enumerate(zeros):
        before = zeros[index - 1][1] if index else 0
        behind = zeros[index + 1][0] if index + 1 < len(zeros) else len(channel)
        if end == len(channel) or min(first - before, behind - end) < window // 2 or first == 0:
            continue
        power = min(float((part**2).mean()) for part in (channel[max(first - edge, 0) : first], channel[end:][:edge]))
        step = float(np.abs(channel[channel != 0]).min())
        least = max(decibels((channel**2).sum() / sounding) - 15, 2 * decibels(step) + 12, -60)
        # The probe keeps levels in steps of 1 dB.
        if power > 0 and decibels(power) >= -60 and min(math.floor(decibels(power)), -1) >= math.ceil(least):
            found.append(end - first)
    return found


def dropouts(samples: Floats, sample_rate: int) -> dict[str, Fact]:
    found = [holes(channel, sample_rate) for channel in samples.T]
    longest = max((length for lengths in found for length in lengths), default=None)
    return {
        "num_dropouts": max(map(len, found)),
        "longest_dropout": None if longest is None else longest / sample_rate,
    }


def made_up(generator: np.random.Generator) -> tuple[Signal, int]:
    """Return a recording with zeros, flat tops and coarse steps in random places, and its sample rate."""
    sample_rate = int(generator.choice([1_000, 1_650, 8_000, 16_000]))
    num_samples, num_channels = int(generator.integers(2, sample_rate // 2)), int(generator.integers(1, 4))
    sweep = np.sin(np.arange(num_samples)[:, np.newaxis] ** 1.3 * generator.uniform(0.001, 0.1, num_channels))
    hiss = generator.standard_normal((num_samples, num_channels))
    mixed = sweep * generator.uniform(0, 3) + hiss * 10 ** generator.uniform(-4, 0)
    cut = np.clip(mixed, -generator.uniform(0.01, 1.1), generator.uniform(0.01, 1.1))
    samples = quantised(np.asarray(cut, dtype=np.float32), int(generator.choice([4, 8, 16, 24])))
    for _ in range(generator.integers(0, 6)):
        first = generator.integers(0, num_samples) if generator.random() < 0.8 else 0
        length = generator.choice([1, 15, 16, 17, 80, 700])
        channel = generator.integers(0, num_channels) if generator.random() < 0.6 else slice(None)
        samples[first : first + length, channel] = generator.choice([0.0, -0.0])
    return samples, sample_rate


def measured(samples: Signal, sample_rate: int, generator: np.random.Generator) -> dict[str, Fact]:
    probe = Waveform(sample_rate, samples.shape[1])
    for block in np.split(samples, np.sort(generator.integers(0, len(samples), 5))):
        probe.update(np.ascontiguousarray(block))
    return probe.finish()


TOLERANCE = {"noise_floor_dbfs": 0.051, "snr_db": 0.101, "clipping_ceiling_dbfs": 0.0051}


@pytest.mark.parametrize("seed", range(300))
def test_facts_are_those_of_the_definitions(seed: int) -> None:
    generator = np.random.default_rng(seed)
    samples, sample_rate = made_up(generator)
    wide = samples.astype(np.float64)
    expected = {
        **silence(wide, sample_rate),
        **noise(wide, sample_rate),
        **clipping(wide),
        **dropouts(wide, sample_rate),
    }
    facts = measured(samples, sample_rate, generator)
    assert {name: facts[name] for name in expected} == {
        name: value if value is None else pytest.approx(value, abs=TOLERANCE.get(name, 1e-6))
        for name, value in expected.items()
    }


def test_the_made_up_recordings_have_what_is_compared() -> None:
    found = [measured(*made_up(np.random.default_rng(seed)), np.random.default_rng(seed)) for seed in range(300)]
    assert sum(facts["num_dropouts"] != 0 for facts in found) >= 20
    assert sum(facts["clipping_ceiling_dbfs"] not in {None, 0.0} for facts in found) >= 20
    assert sum(facts["snr_db"] is not None for facts in found) >= 100
    assert sum(facts["leading_silence"] != 0 for facts in found) >= 10
