"""What holds for every probe."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets import registry, tables
from listen_datasets.probes import Fact
from listen_datasets.testing.signals import Signal, clipped, constant, noise, tone

NAMES = registry.names("probes")
RATE = 8_000


def facts(name: str, samples: Signal, borders: tuple[int, ...] = ()) -> dict[str, Fact]:
    probe = registry.find("probes", name)(RATE, samples.shape[1])
    for block in np.split(samples, sorted(borders)):
        probe.update(block.copy())
    result: dict[str, Fact] = probe.finish()
    return result


# Two channels with noise, a loud tone that clips, and silence at both ends.
RECORDING = np.concatenate(
    [
        constant(0.0, duration=0.2, sample_rate=RATE, num_channels=2),
        noise(1, -45.0, duration=0.3, sample_rate=RATE, num_channels=2),
        clipped(tone(-1.0, 440.0, duration=0.3, sample_rate=RATE, num_channels=2), 3.0),
        noise(2, -30.0, duration=0.2, sample_rate=RATE, num_channels=2),
        constant(0.0, duration=0.103, sample_rate=RATE, num_channels=2),
    ]
)


@pytest.mark.parametrize("name", NAMES)
@given(borders=st.lists(st.integers(0, len(RECORDING)), max_size=8).map(tuple))
def test_facts_do_not_depend_on_where_the_blocks_are_cut(name: str, borders: tuple[int, ...]) -> None:
    assert facts(name, RECORDING, borders) == facts(name, RECORDING)


@pytest.mark.parametrize("name", NAMES)
def test_a_block_of_one_sample_is_as_good_as_any(name: str) -> None:
    short = RECORDING[1_500:4_500].copy()
    assert facts(name, short, tuple(range(1, len(short)))) == facts(name, short)


@pytest.mark.parametrize("name", NAMES)
def test_a_block_may_be_used_again_after_the_call(name: str) -> None:
    part = RECORDING[1_700:8_700].copy()
    probe = registry.find("probes", name)(RATE, 2)
    buffer = np.empty((1000, 2), np.float32)
    for first in range(0, len(part), 1000):
        buffer[:] = part[first : first + 1000]
        probe.update(buffer)
        buffer[:] = 7
    assert probe.finish() == facts(name, part)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("samples", [RECORDING, RECORDING[:0], RECORDING[:1]])
def test_every_column_gets_a_plain_value(name: str, samples: Signal) -> None:
    result = facts(name, samples.copy())
    assert tuple(result) == registry.find("probes", name).columns
    values = [item for value in result.values() for item in (value if isinstance(value, list) else [value])]
    assert {type(value) for value in values} <= {float, int, type(None)}
    assert all(value is None or math.isfinite(value) for value in values)


@pytest.mark.parametrize("name", NAMES)
def test_a_read_only_block_is_accepted(name: str) -> None:
    block = RECORDING.copy()
    block.flags.writeable = False
    assert facts(name, block) == facts(name, RECORDING)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("sample_rate", "num_channels"), [(1_000, 1), (1_001, 3), (768_000, 2), (48_000, 64)])
def test_formats_at_the_limits_are_measured(name: str, sample_rate: int, num_channels: int) -> None:
    samples = noise(1, duration=0.05, sample_rate=sample_rate, num_channels=num_channels)
    probe = registry.find("probes", name)(sample_rate, num_channels)
    probe.update(samples)
    facts = probe.finish()
    assert set(facts) == set(probe.columns)
    assert {len(value) for value in facts.values() if isinstance(value, list)} <= {num_channels}


def test_the_probes_fill_the_signal_columns_of_the_manifest() -> None:
    owned = {name for name, entry in tables.owned_columns().items() if entry["x-group"] == "signal"}
    given_columns = [column for name in NAMES for column in registry.find("probes", name).columns]
    assert sorted(given_columns) == sorted(owned)
