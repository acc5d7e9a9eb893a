"""The samples of a stream, frame by frame, in blocks of one size."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from listen_datasets.decoding import Block
from listen_datasets.decoding_av import streams
from listen_datasets.inputs import InputProblem
from listen_datasets.text import visible

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.codeccontext import AudioCodecContext
    from av.container import InputContainer


class _Form(NamedTuple):
    """In which type samples are handed over, and what makes full scale 1."""

    dtype: str
    scale: float


# By FFmpeg's names of packed samples.
_FORMS = {
    "u8": _Form("int16", 2.0**-15),
    "s16": _Form("int16", 2.0**-15),
    "s32": _Form("int32", 2.0**-31),
    "flt": _Form("float32", 1.0),
    "dbl": _Form("float64", 1.0),
}


class AvBlocks:
    """The samples of the first audio stream, once through: the interface of `listen_datasets.decoding.Blocks`.

    Attributes:
        structure: What the container says, with the problems of its extent and its streams.
        decoder: Name and version of the decoder.
        sample_rate: Hz, of the decoded samples.
        num_channels: Number of channels.
        num_samples: Samples per channel that were decoded so far.
        failure: Why decoding ended before the end of the stream; None if it did not.
    """

    def __init__(self, container: InputContainer, family: str, frames: int) -> None:
        """Decode the first frame, which alone tells what the others are like: headers leave out half of AAC's rates.

        Raises:
            InputProblem: ``audio.no_samples``, ``audio.decode_error`` or ``audio.unsupported``.
        """
        self._container = container
        self._context: AudioCodecContext = container.streams.audio[0].codec_context
        self._has_edits = family == streams.EDITED
        self.num_samples = 0
        self.failure: str | None = None
        self._decoded = self._decode()
        self._first = next(self._decoded, None)
        if self._first is None:
            reason = f"the decoder cannot begin: {self.failure}" if self.failure else "not one sample can be decoded"
            raise InputProblem("audio.decode_error" if self.failure else "audio.no_samples", reason)
        kind = self._first.format.packed.name
        if kind not in _FORMS:
            raise InputProblem("audio.unsupported", f"it holds samples of the kind {kind}, which lds does not read")
        self._like = _likeness(self._first)
        self._form = _FORMS[kind]
        self._width = streams.width(self._context, kind)
        self._frames = max(frames, 1)
        self.sample_rate, self.num_channels = self._like[:2]
        self.structure = streams.describe(container, family, self._first)
        self.decoder = _decoder()

    def __iter__(self) -> Iterator[Block]:
        """Yield block after block."""
        shape = (self._frames, self.num_channels)
        raw = np.empty(shape, self._form.dtype)
        floats = raw if self._form.dtype == "float32" else np.empty(shape, np.float32)
        filled = 0
        for samples in self._samples():
            at = 0
            while at < len(samples):
                count = min(len(samples) - at, self._frames - filled)
                raw[filled : filled + count] = samples[at : at + count]
                at, filled = at + count, filled + count
                if filled == self._frames:
                    yield self._block(raw, floats, filled)
                    filled = 0
        if filled:
            yield self._block(raw, floats, filled)
        declared = self.structure.declared_num_samples
        # Demuxers take damage for the end.
        if self.failure is None and declared is not None and self.num_samples < declared - self.structure.slack:
            self.failure = f"the stream ends after {self.num_samples:,} of {declared:,} samples"

    def _block(self, raw: npt.NDArray[Any], floats: npt.NDArray[np.float32], count: int) -> Block:
        self.num_samples += count
        if raw is not floats:
            scale = np.float32(self._form.scale)
            with np.errstate(over="ignore"):  # a float64 beyond float32 becomes an infinity, which is found later
                np.multiply(raw[:count], scale, out=floats[:count], casting="unsafe", dtype=np.float32)
        return Block(raw[:count], floats[:count])

    def _samples(self) -> Iterator[npt.NDArray[Any]]:
        """Yield the samples (num_samples, num_channels) of each frame, the last without what lies behind the end."""
        frame = self._first
        while frame is not None:
            if _likeness(frame) != self._like:
                self.failure = "the stream changes its sample rate, its channels or its kind of samples"
                return
            following = next(self._decoded, None)
            is_last = following is None and self.failure is None
            yield self._array(frame)[: _duration(frame) if is_last and self._has_edits else None]
            frame = following

    def _array(self, frame: AudioFrame) -> npt.NDArray[Any]:
        planes = frame.to_ndarray()
        samples: npt.NDArray[Any] = planes.T if frame.format.is_planar else planes.reshape(-1, self.num_channels)
        # Narrow integers stand in the high bytes.
        return (samples.astype(np.int16) - 128) << 8 if samples.dtype == np.uint8 else samples

    def _decode(self) -> Generator[AudioFrame, None, None]:
        """Yield the frames up to the end of the stream or to the first packet that is damaged."""
        from av.error import EOFError as EndOfFile  # noqa: PLC0415 - an extra
        from av.error import FFmpegError  # noqa: PLC0415

        try:
            for packet in self._container.demux(audio=0):
                if packet.is_corrupt:
                    self.failure = "a packet is damaged or incomplete"
                    return
                yield from self._context.decode(packet)
        except EndOfFile:
            return
        except FFmpegError as error:
            self.failure = visible(error.strerror or "unknown")

    def pcm(self, raw: npt.NDArray[Any]) -> memoryview:
        """Return samples as the bytes that `pcm_md5` is taken over: interleaved, signed, little-endian, source width."""
        little = np.ascontiguousarray(raw, raw.dtype.newbyteorder("<")).reshape(-1)
        by_byte = little.view(np.uint8).reshape(raw.size, raw.dtype.itemsize)
        return np.ascontiguousarray(by_byte[:, raw.dtype.itemsize - self._width :]).reshape(-1).data

    @property
    def is_integer(self) -> bool:
        """Whether the samples are integers and hence finite."""
        return self._form.dtype.startswith("int")

    def close(self) -> None:
        """Free the decoder; the descriptor stays open."""
        self._decoded.close()
        self._container.close()


def _likeness(frame: AudioFrame) -> tuple[int, int, str]:
    return frame.sample_rate, frame.layout.nb_channels, frame.format.packed.name


def _duration(frame: AudioFrame) -> int:
    """Return how many samples of the last frame belong to the sound; the rest is padding."""
    if not frame.duration or frame.time_base is None:
        return int(frame.samples)
    return int(min(max(round(frame.duration * frame.time_base * frame.sample_rate), 0), frame.samples))


def _decoder() -> str:
    import av  # noqa: PLC0415 - an extra

    version = ".".join(str(part) for part in av.library_versions["libavcodec"])
    return f"PyAV {av.__version__} / FFmpeg libavcodec {version}"
