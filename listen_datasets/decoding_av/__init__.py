"""Decoding by FFmpeg through PyAV, for containers that libsndfile does not read: MPEG-4, Windows Media, Matroska, AVI.

FFmpeg knows hundreds of formats, some of which name other files or addresses. So the demuxer is the one that belongs to
the magic bytes, bytes come from the open descriptor alone, and no protocol is allowed.

What the encoder added before the first and behind the last sample is left out as FFmpeg's own tools do it: at the
start by the edit list of MPEG-4 or the delay that a codec declares, at the end by the duration of the last packet of
MPEG-4 or the padding that Matroska declares. Where a file says nothing of it, as in ADTS, it stays.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.metadata
import importlib.util
from typing import TYPE_CHECKING

import msgspec

from listen_datasets.decoding import BLOCK
from listen_datasets.decoding_av import extents
from listen_datasets.decoding_av.frames import AvBlocks
from listen_datasets.inputs import InputProblem, OpenInput
from listen_datasets.text import visible

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["DEMUXERS", "AvBlocks", "blocks", "is_installed", "version"]

DEMUXERS = {
    "mp4": "mov",
    "asf": "asf",
    "matroska": "matroska",
    "avi": "avi",
    "flv": "flv",
    "adts": "aac",
    "mpeg_audio": "mp3",
    "ogg_flac": "ogg",
    "wavpack": "wv",
    "ac3": "ac3",
    "amr": "amr",
}
"""Families of containers that are decoded, by the names of `listen_datasets.containers.foreign`: FFmpeg's demuxer."""

_CODECS = [
    "aac",
    "aac_latm",
    "alac",
    "mp1float",
    "mp2float",
    "mp3float",
    "mp1",
    "mp2",
    "mp3",
    "wmav1",
    "wmav2",
    "wmapro",
    "wmalossless",
    "wmavoice",
    "opus",
    "vorbis",
    "flac",
    "wavpack",
    "ac3",
    "eac3",
    "dca",
    "amrnb",
    "amrwb",
    "speex",
    "pcm_u8",
    "pcm_s8",
    "pcm_s16le",
    "pcm_s16be",
    "pcm_s24le",
    "pcm_s24be",
    "pcm_s32le",
    "pcm_s32be",
    "pcm_f32le",
    "pcm_f32be",
    "pcm_f64le",
    "pcm_f64be",
    "pcm_alaw",
    "pcm_mulaw",
]
"""FFmpeg's decoders that may run: none of video, subtitles or pictures, which would be decoded to learn their sizes."""

_STRICT = {"err_detect": "crccheck+explode"}
"""Checksums of frames are compared, where a codec has some, and a wrong one is an error."""

_OPTIONS = {
    "protocol_whitelist": "none",
    "codec_whitelist": ",".join(_CODECS),
    "max_streams": "64",
    "enable_drefs": "0",  # references of MPEG-4 to other files
}


class _Reading:
    """A recording as FFmpeg reads it, with a place of its own; the descriptor's is left as it is."""

    def __init__(self, file: OpenInput) -> None:
        self._file = file
        self._at = 0

    def read(self, size: int) -> bytes:
        data = self._file.read(self._at, size) if self._at < self._file.size else b""
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Return the new place, or what FFmpeg takes for an error where damaged files lead before the beginning."""
        target = offset + (0, self._at, self._file.size)[whence]
        if target < 0:
            return -errno.EINVAL
        self._at = target
        return target

    def tell(self) -> int:
        return self._at


def is_installed() -> bool:
    """Tell whether PyAV is there, without importing it."""
    return importlib.util.find_spec("av") is not None


def version() -> str:
    """Return the version of PyAV, without importing it."""
    return f"PyAV {importlib.metadata.version('av')}"


def blocks(file: OpenInput, family: str, frames: int = BLOCK) -> AvBlocks:
    """Open a recording in a container that libsndfile does not read.

    Args:
        file: The recording.
        family: What `listen_datasets.containers.identify` calls its container; one of `DEMUXERS`.
        frames: Samples per channel in a block, at most.

    Raises:
        InputProblem: ``audio.truncated``, ``audio.malformed``, ``audio.decode_error``, ``audio.no_samples`` or
            ``audio.unsupported``.
    """
    import av  # noqa: PLC0415 - an extra
    from av.error import FFmpegError  # noqa: PLC0415

    extent = extents.problems(file, family)
    for problem in extent:
        if problem.severity == "error":
            raise InputProblem(problem.code, problem.message)
    try:
        container = av.open(_Reading(file), "r", format=DEMUXERS[family], options=_OPTIONS, metadata_errors="replace")
    except FFmpegError as error:
        reason = f"the decoder cannot open it: {visible(error.strerror or 'unknown')}"
        raise InputProblem("audio.decode_error", reason) from error
    with contextlib.ExitStack() as stack:
        stack.callback(container.close)
        _check_streams(container)
        opened = AvBlocks(container, family, frames)
        opened.structure = msgspec.structs.replace(opened.structure, problems=(*extent, *opened.structure.problems))
        stack.pop_all()
    return opened


def _check_streams(container: InputContainer) -> None:
    if not container.streams.audio:
        raise InputProblem("audio.no_samples", "it holds no audio stream")
    context = container.streams.audio[0].codec_context
    if context is None or context.codec.name not in _CODECS:
        name = "that is unknown or encrypted" if context is None else f"called {visible(context.name)}"
        raise InputProblem("audio.unsupported", f"it holds sound of a coding {name}, which lds does not read")
    context.thread_count = 1
    context.options = _STRICT
