"""What a container and the decoder of its first audio stream say of the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from listen_datasets.containers.structure import Problem, Structure

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.codeccontext import AudioCodecContext
    from av.container import InputContainer

EDITED = "mp4"
"""The family whose packets have a duration that tells padding from sound."""

_WIDTHS = {"u8": 1, "s16": 2, "flt": 4, "dbl": 8}
_LOSSLESS = frozenset({"alac", "flac", "wavpack", "wmalossless"})
_RAW = {"pcm_alaw": "alaw", "pcm_mulaw": "ulaw", "pcm_f32": "float32", "pcm_f64": "float64"}


def describe(container: InputContainer, family: str, first: AudioFrame) -> Structure:
    """Return what a container says of its first audio stream.

    Args:
        container: The open container.
        family: What it is called.
        first: The first frame, whose sample rate is right where that of the header is half of it.
    """
    stream = container.streams.audio[0]
    codec = stream.codec_context.codec.canonical_name
    is_exact = codec in _LOSSLESS or codec.startswith("pcm_")
    return Structure(
        container=family,
        codec=_codec(codec),
        sample_rate=first.sample_rate,
        num_channels=first.layout.nb_channels,
        bits_per_sample=8 * width(stream.codec_context, first.format.packed.name) if is_exact else None,
        declared_num_samples=_declared(container, family, first.sample_rate),
        # Lengths are rounded to a coarser clock, and encoders differ in how they count their padding.
        slack=2 * first.samples + first.sample_rate // 100,
        problems=_several(len(container.streams.audio)),
    )


def _declared(container: InputContainer, family: str, sample_rate: int) -> int | None:
    """Return the length that is written in the file; what FFmpeg estimates from the bit rate says nothing."""
    stream = container.streams.audio[0]
    if family == EDITED and stream.duration and stream.time_base:
        declared: int = round(stream.duration * stream.time_base * sample_rate)
        return declared
    # These give the length of the longest stream, in millionths of a second.
    if family in {"asf", "matroska"} and len(container.streams) == 1 and container.duration:
        longest: int = round(container.duration * sample_rate / 1_000_000)
        return longest
    return None


def _several(count: int) -> tuple[Problem, ...]:
    if count == 1:
        return ()
    message = f"it holds {count} audio streams, of which the first is used"
    hint = "take out the one that is meant, for example with: ffmpeg -i IN -map 0:a:1 -c copy OUT"
    return (Problem("audio.several_streams", "warning", message, hint, {"streams": count}),)


def width(context: AudioCodecContext, kind: str) -> int:
    """Return of how many high bytes a sample consists: FFmpeg gives 20 and 24 bits as 32.

    Sources: Apple, "Apple Lossless Format: Magic Cookie Description"; RFC 9639 (STREAMINFO).
    """
    if kind != "s32":
        return _WIDTHS[kind]
    codec, extra = context.codec.canonical_name, context.extradata or b""
    if codec.startswith("pcm_s24"):
        return 3
    if codec == "alac" and len(extra) >= 18:
        # The cookie stands in an atom with a header of 12 bytes, and the bit depth in its sixth byte.
        return -(-extra[17] // 8) if 1 <= extra[17] <= 32 else 4
    if codec == "flac" and len(extra) >= 18:
        info = extra[-34:]
        return -(-((int.from_bytes(info[12:14], "big") >> 4 & 31) + 1) // 8)
    return 4


def _codec(name: str) -> str:
    """Return the codec as the manifest calls it: PCM without its byte order."""
    if not name.startswith("pcm_"):
        return name
    bare = name.removesuffix("le").removesuffix("be") if name[-2:] in {"le", "be"} else name
    return _RAW.get(bare, bare)
