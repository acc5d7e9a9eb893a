from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from listen_datasets.analysis import spectra
from listen_datasets.analysis.spectra import Framing
from listen_datasets.testing.signals import noise

FRAMINGS = {
    "zeros": Framing(sample_rate=16_000, n_fft=512, hop_length=160),
    "reflect": Framing(sample_rate=16_000, n_fft=400, hop_length=160, edges="reflect"),
    "inside": Framing(
        sample_rate=16_000,
        n_fft=512,
        win_length=400,
        hop_length=160,
        edges="inside",
        window="povey",
        preemphasis=0.97,
        remove_dc=True,
    ),
    "double": Framing(sample_rate=16_000, n_fft=512, hop_length=100, double=True),
}


def powers(framing: Framing, **how: Any) -> np.ndarray[Any, Any]:
    frames = spectra.cut(noise(1, duration=2.0)[:, 0], framing)
    assert frames is not None
    return np.concatenate([block.power.copy() for block in spectra.blocks(frames, framing, **how)])


@pytest.mark.parametrize("frames_a_block", [1, 7, 64])
@pytest.mark.parametrize("name", FRAMINGS)
def test_a_frame_is_the_same_in_whatever_block_it_lies(name: str, frames_a_block: int) -> None:
    framing = FRAMINGS[name]
    size = framing.n_fft * frames_a_block * (2 if framing.double else 1)

    whole = powers(framing, block_samples=1 << 24)

    assert np.allclose(powers(framing, block_samples=size), whole, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", FRAMINGS)
def test_a_block_knows_the_frame_before_it(name: str) -> None:
    framing = FRAMINGS[name]
    frames = spectra.cut(noise(1)[:, 0], framing)
    assert frames is not None

    blocks = [(block.before, block.power.copy()) for block in spectra.blocks(frames, framing, framing.n_fft * 8)]

    assert blocks[0][0] is None
    assert all(
        after[0] is not None and np.array_equal(after[0], before[1][-1]) for before, after in itertools.pairwise(blocks)
    )


@pytest.mark.parametrize(("edges", "num_samples"), [("reflect", 200), ("inside", 399)])
def test_a_signal_too_short_for_its_edges_has_no_frames(edges: str, num_samples: int) -> None:
    assert spectra.cut(np.zeros(num_samples, np.float32), FRAMINGS[edges]) is None
    assert spectra.cut(np.zeros(num_samples + 1, np.float32), FRAMINGS[edges]) is not None
