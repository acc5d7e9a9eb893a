"""Decoding by libsndfile, from an open descriptor to its end, forwards and in blocks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import soundfile as sf

from listen_datasets.containers import Problem, identify, mp3, w64, wav
from listen_datasets.feeding import Feed
from listen_datasets.inputs import InputProblem
from listen_datasets.text import visible

BLOCK = 1 << 16
"""Samples per channel in a block."""

DECODER = f"libsndfile {sf.__libsndfile_version__}"
"""Name and version of the decoder."""

Floats = npt.NDArray[np.float32]


class _Form(NamedTuple):
    """In which type samples are read, what makes full scale 1, of how many high bytes they consist, and how many at once.

    What is read at once is lost where the decoder of MP3 gives up, be it on foreign bytes behind the last frame.
    """

    dtype: str
    scale: float
    width: int
    step: int = BLOCK


_SIXTEEN_BITS = _Form("int16", 2.0**-15, 2)
_FLOAT = _Form("float32", 1.0, 4)
# By libsndfile's names. It puts narrow integers into the high bytes of wide ones. Reading PCM as integers and scaling
# them here is ten times faster than libsndfile's conversion, and the MD5 needs the integers.
_FORMS = {
    "PCM_U8": _Form("int16", 2.0**-15, 1),
    "PCM_S8": _Form("int16", 2.0**-15, 1),
    "PCM_16": _SIXTEEN_BITS,
    "ALAW": _SIXTEEN_BITS,
    "ULAW": _SIXTEEN_BITS,
    "PCM_24": _Form("int32", 2.0**-31, 3),
    "PCM_32": _Form("int32", 2.0**-31, 4),
    "FLOAT": _FLOAT,
    "DOUBLE": _Form("float64", 1.0, 8),
    "VORBIS": _FLOAT,
    "OPUS": _FLOAT,
    "MPEG_LAYER_III": _Form("float32", 1.0, 4, 1152),
    "ALAC_16": _SIXTEEN_BITS,
}
_C_TYPES = {
    "int16": ("short", "short *"),
    "int32": ("int", "int *"),
    "float32": ("float", "float *"),
    "float64": ("double", "double *"),
}


class Block(NamedTuple):
    """Samples of one block; the arrays are used again for the next one.

    Attributes:
        raw: As the codec gives them (num_samples, num_channels): int16 or int32 (narrow integers stand in the high
            bytes), float32 or float64.
        floats: The same as float32 with full scale 1.
    """

    raw: npt.NDArray[Any]
    floats: Floats


class Blocks:
    """The samples of a recording, once through.

    Attributes:
        decoder: Name and version of the decoder.
        sample_rate: Hz.
        num_channels: Number of channels.
        num_samples: Samples per channel that were decoded so far.
        failure: Why decoding ended before the end of the stream; None if it did not.
    """

    def __init__(self, file: sf.SoundFile, frames: int, *, limit: int | None = None, feed: Feed | None = None) -> None:
        self._file = file
        self._limit = limit
        self._feed = feed
        self._form = _FORMS[file.subtype]
        # A short recording needs no large buffers. One sample more than there should be makes the decoder look at what
        # follows the last one.
        self._frames = min(frames, max(file.frames, 0) + 1)
        self.sample_rate: int = file.samplerate
        self.num_channels: int = file.channels
        self.decoder = DECODER
        self.num_samples = 0
        self.failure: str | None = None

    def __iter__(self) -> Iterator[Block]:
        """Yield block after block."""
        form = self._form
        shape = (self._frames, self.num_channels)
        raw = np.empty(shape, form.dtype)
        floats = raw if form.dtype == "float32" else np.empty(shape, np.float32)
        while count := self._read(raw):
            self.num_samples += count
            if form.dtype != "float32":
                with np.errstate(over="ignore"):  # a float64 beyond float32 becomes an infinity, which is found later
                    np.multiply(
                        raw[:count], np.float32(form.scale), out=floats[:count], casting="unsafe", dtype=np.float32
                    )
            yield Block(raw[:count], floats[:count])

    def _read(self, out: npt.NDArray[Any]) -> int:
        """Fill an array and return the number of samples per channel; 0 at the end."""
        wanted = len(out) if self._limit is None else min(len(out), self._limit - self.num_samples)
        done = 0
        while done < wanted and self.failure is None:
            count = self._read_once(out[done : min(done + self._form.step, wanted)])
            if count == 0:
                self.failure = self.failure or (self._feed.failure if self._feed else None)
                break
            done += count
        return done

    def _read_once(self, out: npt.NDArray[Any]) -> int:
        """Call libsndfile's plain block read.

        `SoundFile.read` seeks after each block, which fails for FLAC files that do not say how long they are, and reads no
        further than a header claims.
        """
        kind, pointer = _C_TYPES[self._form.dtype]
        handle = self._file._file  # noqa: SLF001 - soundfile has no public block read without seeks
        read = getattr(sf._snd, f"sf_readf_{kind}")  # noqa: SLF001
        count = int(read(handle, sf._ffi.cast(pointer, out.ctypes.data), len(out)))  # noqa: SLF001
        code = sf._snd.sf_error(handle)  # noqa: SLF001
        if code:
            text = sf._ffi.string(sf._snd.sf_error_number(code)).decode("utf-8", "replace")  # noqa: SLF001
            self.failure = visible(text).removeprefix("Error : ").rstrip(".")
        return max(count, 0)

    def pcm(self, raw: npt.NDArray[Any]) -> memoryview:
        """Return samples as the bytes that `pcm_md5` is taken over: interleaved, signed, little-endian, source width."""
        little = raw.astype(raw.dtype.newbyteorder("<"), copy=False)
        if self._form.width == raw.dtype.itemsize:
            return little.reshape(-1).view(np.uint8).data
        packed = np.empty((raw.size, self._form.width), np.uint8)
        surplus = raw.dtype.itemsize - self._form.width
        by_byte = little.reshape(-1).view(np.uint8).reshape(raw.size, raw.dtype.itemsize)
        for position in range(self._form.width):
            packed[:, position] = by_byte[:, surplus + position]
        return packed.reshape(-1).data

    @property
    def is_integer(self) -> bool:
        """Whether the samples are integers and hence finite."""
        return self._form.dtype.startswith("int")

    def close(self) -> None:
        """Free the decoder; the descriptor stays open."""
        self._file.close()
        if self._feed is not None:
            self._feed.close()


def blocks(fd: int, frames: int = BLOCK) -> Blocks:
    """Open a recording whose container was examined before; libsndfile itself guesses from some 25 formats.

    Args:
        fd: Descriptor at position 0; stays open.
        frames: Samples per channel in a block, at most.

    Raises:
        InputProblem: ``audio.decode_error`` or ``audio.unsupported``.
    """
    file = _opened(fd)
    if file.subtype not in _FORMS:
        subtype = file.subtype
        file.close()
        raise InputProblem("audio.unsupported", f"it holds samples of the kind {subtype}, which lds does not read")
    if file.format == "MP3" and not _is_counted(_Descriptor(fd)):
        file.close()
        return _uncounted(fd, frames)
    return Blocks(file, frames, limit=_limit(file, fd))


def _opened(fd: int) -> sf.SoundFile:
    try:
        return sf.SoundFile(fd, "r", closefd=False)
    except sf.LibsndfileError as error:
        raise InputProblem(
            "audio.decode_error", f"the decoder cannot open it: {visible(error.error_string)}"
        ) from error


def _is_counted(source: _Descriptor) -> bool:
    identified = identify(source)
    return not isinstance(identified, Problem) and mp3.is_counted(source, identified.start)


def _uncounted(fd: int, frames: int) -> Blocks:
    """Open an MP3 file that does not say how many frames it has.

    libsndfile estimates that from the size of the file and of the first frame, and stops there: with a variable bit rate
    anywhere. What comes through a pipe it reads to its end.
    """
    feed = Feed(fd)
    try:
        return Blocks(_opened(feed.descriptor), frames, feed=feed)
    except BaseException:
        feed.close()
        raise


class _Descriptor:
    """An open descriptor as a source of bytes; its position stays."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = os.fstat(fd).st_size

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._fd, length, offset)


def _limit(file: sf.SoundFile, fd: int) -> int | None:
    """Return how many samples there are where libsndfile takes all bytes to the end of the file for sound."""
    if file.format == "W64":
        return w64.walk(_Descriptor(fd)).declared_num_samples
    return wav.walk(_Descriptor(fd), "rf64").declared_num_samples if file.format == "RF64" else None
