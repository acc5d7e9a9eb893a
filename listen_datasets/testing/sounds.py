"""Sounds that have a shape, and what fingerprints say of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from listen_datasets.fingerprints import Fingerprint
from listen_datasets.fingerprints.keeping import Row, packed
from listen_datasets.fingerprints.measuring import Fingerprinter
from listen_datasets.fingerprints.near import Clip, Match, matches
from listen_datasets.fingerprints.shelf import Shelf
from listen_datasets.progress import Silent

Samples = npt.NDArray[np.float32]

RATE = 8_000
"""Sample rate where none is said, in Hz."""


def melody(seed: int, seconds: float, sample_rate: int = RATE) -> Samples:
    """Return notes of an eighth of a second, each with overtones and a decay: a sound that is like no other seed's.

    Args:
        seed: Another one gives other notes.
        seconds: How long it lasts.
        sample_rate: Hz.
    """
    rng = np.random.default_rng(seed)
    at = np.arange(round(seconds * sample_rate)) / sample_rate
    note = (at * 8).astype(np.int64)
    pitches = rng.uniform(150, 500, note.max() + 1)[note]
    colours = rng.uniform(0.1, 1, (note.max() + 1, 6))
    phase = 2 * np.pi * np.cumsum(pitches) / sample_rate
    tones = sum(colours[note, number] * np.sin((number + 1) * phase) for number in range(6))
    return np.asarray(0.1 * tones * np.exp(-2 * (at * 8 % 1)), np.float32)


def heard(samples: Samples, sample_rate: int = RATE) -> Fingerprint:
    """Return the fingerprint of one channel."""
    listener = Fingerprinter(sample_rate, 1)
    listener.update(np.ascontiguousarray(samples.reshape(-1, 1), np.float32))
    return listener.finish()


def name(number: int) -> str:
    """Return what stands for the sha256 of a sound."""
    return f"{number:064}"


def found(folder: Path, sounds: Sequence[Samples | Fingerprint], clips: Sequence[Clip] | None = None) -> list[Match]:
    """Return the near duplicates among sounds.

    Args:
        folder: Where a file of fingerprints may be written.
        sounds: Each a recording, called by :func:`name`.
        clips: Parts of them; each as a whole if left out.
    """
    prints = [sound if isinstance(sound, Fingerprint) else heard(sound) for sound in sounds]
    path = folder / "part.parquet"
    path.write_bytes(packed(Row.of(name(number), one) for number, one in enumerate(prints)))
    shelf = Shelf([path])
    wanted = clips or [Clip(name(number), 0.0, None) for number in range(len(prints))]
    try:
        return matches(wanted, shelf, 0.7, Silent())
    finally:
        shelf.close()
