"""The samples of clips: cut out of recordings that are decoded forwards, once, and never kept as a whole.

Seeking in an untrusted file is how decoders go wrong, so a clip in the middle of a recording costs decoding all that
lies before it. That is paid once for all clips of a recording that are asked for together, in the order of their
beginnings; they may overlap. What is held is one clip, a block, and what later clips share with it.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets.errors import InternalError
from listen_datasets.inputs import InputProblem, OpenInput
from listen_datasets.spans import Samples
from listen_datasets.stores import Store
from listen_datasets.text import visible

if TYPE_CHECKING:
    from listen_datasets.opening import Pieces

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]

CHANGED = "input.changed"
"""Code of the problem that a recording is not what was ingested."""


class Exact(NamedTuple):
    """A clip as the codec gives it.

    Attributes:
        samples: (num_samples, num_channels), as :class:`listen_datasets.decoding.Block` has them.
        pcm: The same as the bytes that `pcm_md5` is taken over.
        sample_rate: Hz.
    """

    samples: Array
    pcm: memoryview
    sample_rate: int

    @property
    def width(self) -> int:
        """Bytes of a sample in `pcm`."""
        return len(self.pcm) // self.samples.size


def are_cut(manifest: pa.Table) -> pa.ChunkedArray:
    """Return a mask (n clips) of those that are a part of their recording, not all of it."""
    is_recording = pc.equal(manifest.column("clip_id"), manifest.column("recording_id"))
    is_all = pc.equal(manifest.column("num_samples"), manifest.column("recording_num_samples"))
    return pc.invert(pc.or_(is_recording, pc.fill_null(is_all, fill_value=False)))


def place(start: float, num_samples: int, sample_rate: int) -> Samples:
    """Return the samples of a row of the manifest, whose `start` in seconds is a sample divided by the rate."""
    return Samples(round(start * sample_rate), num_samples)


def floats(store: Store, path: str, sha256: str, places: Sequence[Samples]) -> Iterator[tuple[Floats, int]]:
    """Yield the samples (num_samples, num_channels) of clips of a recording, read only, full scale 1; and the rate in Hz.

    Args:
        store: Where the recording lies.
        path: Its path there.
        sha256: Digest that its bytes must have; this is proven before anything is decoded.
        places: Where the clips lie in it, in the order of their beginnings.

    Raises:
        InputProblem: It is gone, cannot be read, or is not what was ingested. The clips so far are right all the same.
    """
    with _decoding(store, path, sha256) as (file, pieces):
        for samples in cut((block.floats for block in pieces), places):
            file.check_unchanged()
            samples.flags.writeable = False
            yield samples, pieces.sample_rate


def exact(store: Store, path: str, sha256: str, places: Sequence[Samples]) -> Iterator[Exact]:
    """Yield clips of a recording as the codec gives them; arguments and errors are those of :func:`floats`."""
    with _decoding(store, path, sha256) as (file, pieces):
        for samples in cut((block.raw for block in pieces), places):
            file.check_unchanged()
            yield Exact(samples, pieces.pcm(samples), pieces.sample_rate)


def cut(blocks: Iterable[Array], places: Sequence[Samples]) -> Iterator[Array]:
    """Yield the samples of each clip, as an array of its own.

    Args:
        blocks: Samples (n, num_channels) that follow each other; memory that may be used again for the next block.
        places: Where the clips lie, in the order of their beginnings.

    Raises:
        InputProblem: ``input.changed``: the blocks end inside a clip.
        InternalError: A clip begins before the one that precedes it.
    """
    window = _Window(blocks)
    for number, wanted in enumerate(places, start=1):
        following = places[number].first if number < len(places) else _end(wanted)
        if following < wanted.first:
            raise InternalError(f"{wanted} and {places[number]} of a recording are not in order")
        yield window.take(wanted, following)


class _Window:
    """What was decoded and is still needed."""

    def __init__(self, blocks: Iterable[Array]) -> None:
        self._blocks = iter(blocks)
        self._held: deque[tuple[int, Array]] = deque()
        self._end = 0

    def take(self, wanted: Samples, following: int) -> Array:
        """Return the samples of a clip, and hold those from `following` on for the next one."""
        taken: Array | None = None
        for first, piece in self._held:
            taken = _copied(taken, wanted, first, piece)
        while self._end < _end(wanted):
            block = next(self._blocks, None)
            if block is None:
                reason = f"{self._end:,} samples can be decoded, and a clip ends at {_end(wanted):,}"
                raise InputProblem(CHANGED, reason)
            taken = _copied(taken, wanted, self._end, block)
            self._hold(block, following)
            self._end += len(block)
        while self._held and self._held[0][0] + len(self._held[0][1]) <= following:
            self._held.popleft()
        if taken is None:
            raise InternalError(f"there are no samples in {wanted}")
        return taken

    def _hold(self, block: Array, following: int) -> None:
        unneeded = max(0, following - self._end)
        if unneeded < len(block):
            self._held.append((self._end + unneeded, block[unneeded:].copy()))


def _end(wanted: Samples) -> int:
    return wanted.first + wanted.num_samples


def _copied(taken: Array | None, wanted: Samples, first: int, piece: Array) -> Array | None:
    """Copy what a clip has in common with samples that begin at `first`; the array is made when there is something."""
    begin, end = max(wanted.first, first), min(_end(wanted), first + len(piece))
    if begin >= end:
        return taken
    if taken is None:
        taken = np.empty((wanted.num_samples, *piece.shape[1:]), piece.dtype)
    taken[begin - wanted.first : end - wanted.first] = piece[begin - first : end - first]
    return taken


@contextlib.contextmanager
def _decoding(store: Store, path: str, sha256: str) -> Iterator[tuple[OpenInput, Pieces]]:
    from listen_datasets.opening import open_known  # noqa: PLC0415 - start-up time: only workers decode

    with store.opened(path) as file:
        if file.sha256() != sha256:
            raise InputProblem(CHANGED, f"the bytes of {visible(path)} are not those that were ingested")
        pieces = open_known(file)
        try:
            yield file, pieces
        finally:
            pieces.close()
