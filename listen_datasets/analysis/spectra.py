"""Short-time spectra of a clip, taken once for all extractors that ask for the same, in blocks of frames.

An extractor that works on spectra says how frames are cut (:class:`Framing`), takes from each block of frames what it
needs, and concludes when the clip is through: memory holds a block of spectra, however long the clip. What becomes of
a frame does not depend on the block that it lies in, but for the rounding of sums.

The transform is taken in single precision, which differs from the double one by less than 0.001 dB where there is
signal; an extractor that looks at empty bands asks for `double`.
"""

from __future__ import annotations

import abc
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets.analysis.sound import Row, Samples, Sound

Floats = npt.NDArray[Any]  # float32, or float64 if the framing says double

BLOCK_SAMPLES = 1 << 17
"""Samples in a block of frames, half as many in double precision: what is under way stays in the second-level cache."""


@dataclass(frozen=True, kw_only=True)
class Framing:
    """How a clip is cut into frames.

    Attributes:
        sample_rate: Hz.
        channels: What becomes of several channels: ``mean`` or ``first``.
        n_fft: Length of the transform.
        hop_length: Samples between two frames.
        win_length: Length of the window, if not that of the transform: in its middle, or at its beginning for `inside`.
        window: ``hann``, ``hamming`` or ``povey``.
        edges: Frame k is centred at k hops with ``zeros`` or a mirror image (``reflect``) beyond the ends, or begins at
            k hops and lies ``inside`` the clip.
        preemphasis: Share of a sample of a frame taken from the next one.
        remove_dc: Whether the mean of a frame is taken away.
        double: Whether the transform is taken in double precision.
    """

    sample_rate: int
    n_fft: int
    hop_length: int
    channels: str = "mean"
    win_length: int | None = None
    window: Literal["hann", "hamming", "povey"] = "hann"
    edges: Literal["zeros", "reflect", "inside"] = "zeros"
    preemphasis: float = 0.0
    remove_dc: bool = False
    double: bool = False

    @property
    def bins(self) -> int:
        """How many values a spectrum has."""
        return self.n_fft // 2 + 1


class Block:
    """Neighbouring frames.

    Args:
        first: Number of the first frame.
        frames: (n, frame length): the samples, before the window.
        power: (n, bins): squared magnitudes.
        before: The power of the frame before (bins); None at the beginning.
    """

    def __init__(self, first: int, frames: Samples, power: Floats, before: Floats | None) -> None:
        self.first = first
        self.frames = frames
        self.power = power
        self.before = before
        self._known: dict[object, Floats] = {}

    def once(self, key: object, compute: Callable[[], Floats]) -> Floats:
        """Return what several extractors derive from the block alike, computed for the first of them."""
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]


class OfSpectra(abc.ABC):
    """An extractor of ours that works on spectra.

    Attributes:
        framing: How it wants its frames.
        width: How many values :meth:`observe` gives for a frame.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    framing: Framing
    width: int

    @abc.abstractmethod
    def fields(self) -> list[pa.Field]:
        """Return the columns it gives."""

    @abc.abstractmethod
    def observe(self, block: Block) -> Floats:
        """Return what it needs of a block: (n, width). It must not change the block."""

    @abc.abstractmethod
    def conclude(self, observed: Floats, mono: Samples) -> Row:
        """Return the values of the clip by column.

        Args:
            observed: (frames, width), of all blocks; its own to change.
            mono: The signal that was cut into frames.
        """

    def __call__(self, samples: Samples, sample_rate: int) -> Row:
        """Return the values of one clip by column."""
        (row,) = measure(Sound(samples, sample_rate), [self])
        return row


def measure(sound: Sound, extractors: Sequence[OfSpectra]) -> list[Row]:
    """Return the rows of extractors that have one framing in common."""
    framing = extractors[0].framing
    mono = sound.mono(framing.sample_rate, framing.channels)
    frames = cut(mono, framing)
    if frames is None:
        return [dict.fromkeys((field.name for field in one.fields()), None) for one in extractors]
    kind = np.float64 if framing.double else np.float32
    observed = [np.empty((len(frames), one.width), kind) for one in extractors]
    for block in blocks(frames, framing):
        end = block.first + len(block.power)
        for one, target in zip(extractors, observed, strict=True):
            target[block.first : end] = one.observe(block)
    return [one.conclude(values, mono) for one, values in zip(extractors, observed, strict=True)]


def cut(mono: Samples, framing: Framing) -> Samples | None:
    """Return the frames of a signal as a view; None if it is too short for its edges, or for a single frame."""
    length = framing.n_fft
    if framing.edges == "inside":
        length = framing.win_length or length
        padded = mono
    elif framing.edges == "reflect":
        if len(mono) <= length // 2:
            return None
        padded = np.pad(mono, length // 2, mode="reflect")
    else:
        padded = np.pad(mono, length // 2)
    if len(padded) < length:
        return None
    return np.lib.stride_tricks.sliding_window_view(padded, length)[:: framing.hop_length]


def blocks(frames: Samples, framing: Framing, block_samples: int = BLOCK_SAMPLES) -> Iterator[Block]:
    """Yield all frames in blocks; a block is not valid any more when the next one is asked for."""
    import scipy.fft  # noqa: PLC0415 - start-up time: only workers compute

    from listen_datasets.analysis import bins  # noqa: PLC0415 - the same

    kind: Any = np.float64 if framing.double else np.float32
    shape = window(framing)
    # Large temporaries go back to the system and are faulted in again, so the blocks share theirs.
    most = max(1, min(len(frames), block_samples // (framing.n_fft * (2 if framing.double else 1))))
    windowed = np.zeros((most, framing.n_fft), kind)
    power = np.empty((most, framing.bins), kind)
    width = frames.shape[1]
    before: Floats | None = None
    for first in range(0, len(frames), most):
        piece = frames[first : first + most]
        count = len(piece)
        np.multiply(_prepared(piece, framing), shape, out=windowed[:count, :width])
        windowed[:count, width:] = 0
        parts = scipy.fft.rfft(windowed[:count], axis=1, overwrite_x=True).view(kind)
        bins.powers(parts, power[:count])
        yield Block(first, piece, power[:count], before)
        before = power[count - 1].copy()


def _prepared(frames: Samples, framing: Framing) -> Floats:
    """Return frames as Kaldi's `ProcessWindow` leaves them before the window: without mean, with pre-emphasis."""
    if not framing.remove_dc and not framing.preemphasis:
        return frames
    prepared = frames - frames.mean(axis=1, keepdims=True) if framing.remove_dc else frames.copy()
    if framing.preemphasis:
        share = prepared.dtype.type(framing.preemphasis)
        shifted = np.concatenate([prepared[:, :1], prepared[:, :-1]], axis=1)
        prepared -= share * shifted
    return prepared


@functools.lru_cache(maxsize=16)
def window(framing: Framing) -> Floats:
    """Return the window, as long as the frames.

    Hann and Hamming are periodic, as for `scipy.signal.get_window`; Povey's is Kaldi's, the symmetric Hann window to
    the power of 0.85.
    """
    length = framing.win_length or framing.n_fft
    steps = np.arange(length)
    if framing.window == "povey":
        shape = (0.5 - 0.5 * np.cos(2 * np.pi * steps / (length - 1))) ** 0.85
    else:
        offset = 0.5 if framing.window == "hann" else 0.54
        shape = offset - (1 - offset) * np.cos(2 * np.pi * steps / length)
    if framing.edges != "inside":
        left = (framing.n_fft - length) // 2
        shape = np.pad(shape, (left, framing.n_fft - length - left))
    return shape.astype(np.float64 if framing.double else np.float32)


@functools.lru_cache(maxsize=16)
def frequencies(framing: Framing) -> npt.NDArray[np.float64]:
    """Return the frequency of each bin in Hz."""
    return np.fft.rfftfreq(framing.n_fft, 1 / framing.sample_rate).astype(np.float64)
