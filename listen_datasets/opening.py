"""Open a recording with the decoder that its bytes ask for: libsndfile, or FFmpeg where PyAV is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy.typing as npt

from listen_datasets import decoding, decoding_av
from listen_datasets.containers import Problem, Structure, examine, identify
from listen_datasets.decoding import Block
from listen_datasets.inputs import InputProblem, OpenInput


class Pieces(Protocol):
    """The samples of a recording, once through.

    Attributes:
        decoder: Name and version of the decoder.
        sample_rate: Hz.
        num_channels: Number of channels.
        num_samples: Samples per channel that were decoded so far.
        failure: Why decoding ended before the end of the stream; None if it did not.
    """

    decoder: str
    sample_rate: int
    num_channels: int
    num_samples: int
    failure: str | None

    def __iter__(self) -> Iterator[Block]:
        """Yield block after block."""
        ...

    def pcm(self, raw: npt.NDArray[Any]) -> memoryview:
        """Return samples as the bytes that `pcm_md5` is taken over."""
        ...

    @property
    def is_integer(self) -> bool:
        """Whether the samples are integers and hence finite."""
        ...

    def close(self) -> None:
        """Free the decoder; the descriptor stays open."""
        ...


def look_into(file: OpenInput, path: str, *, codecs: bool) -> tuple[Structure, Pieces | None] | Problem:
    """Examine a recording.

    Args:
        file: The recording.
        path: Its path, for the extension alone.
        codecs: Whether FFmpeg may decode what libsndfile does not read, where PyAV is installed.

    Returns:
        What its container says, and, where FFmpeg had to look into it, the recording opened; or what is wrong if it is no
        container that is read.

    Raises:
        InputProblem: FFmpeg cannot open it.
    """
    examined = examine(file, path)
    if not isinstance(examined, Problem):
        return examined, None
    family = _foreign(file) if codecs and decoding_av.is_installed() else None
    if family is None:
        return examined
    pieces = decoding_av.blocks(file, family)
    return pieces.structure, pieces


def decoders() -> list[str]:
    """Return names and versions of all decoders that are installed."""
    return [decoding.DECODER, *([decoding_av.version()] if decoding_av.is_installed() else [])]


def open_known(file: OpenInput) -> Pieces:
    """Open a recording that was measured before.

    Raises:
        InputProblem: It cannot be opened any more, such as by a decoder that is no longer installed.
    """
    family = _foreign(file)
    if family is None:
        return decoding.blocks(file.fd)
    if not decoding_av.is_installed():
        raise InputProblem("audio.unsupported", "the extra `codecs`, which it was ingested with, is not installed")
    return decoding_av.blocks(file, family)


def _foreign(file: OpenInput) -> str | None:
    """Return the family of containers if it is one that FFmpeg reads and libsndfile does not."""
    identified = identify(file)
    if isinstance(identified, Problem) or identified.container not in decoding_av.DEMUXERS:
        return None
    return identified.container
