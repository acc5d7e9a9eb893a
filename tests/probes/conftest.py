"""How the tests of probes measure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from listen_datasets.probes import Fact
from listen_datasets.probes.waveform import Waveform
from listen_datasets.testing.signals import Signal


@pytest.fixture
def waveform() -> Callable[..., dict[str, Fact]]:
    """Return a function that gives the facts of the probe ``waveform`` of signals one after the other."""

    def measure(*parts: Signal, sample_rate: int = 16_000) -> dict[str, Fact]:
        samples = np.ascontiguousarray(np.concatenate(parts))
        probe = Waveform(sample_rate, samples.shape[1])
        probe.update(samples)
        return probe.finish()

    return measure
