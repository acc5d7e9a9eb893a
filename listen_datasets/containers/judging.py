"""What a container promised, beside what came out of the decoder: most damage is seen by nobody else."""

from __future__ import annotations

from typing import NamedTuple

from listen_datasets.containers import flac, flac_frames
from listen_datasets.containers.magic import identify
from listen_datasets.containers.structure import ByteSource, Part, Problem, Structure, truncated
from listen_datasets.model import Scalar

SHORTEST = 0.01
"""Seconds below which a recording is worth a warning."""

_LOSSLESS_PREFIXES = ("pcm_", "float", "flac", "alac", "wavpack", "alaw", "ulaw")
"""Codecs whose number of samples is exact; what others add at the ends is not always said."""

_BEHIND = ("audio.trailing_bytes", "audio.partial_frame")
"""What decoders may stumble over behind the last sample."""


class Decoded(NamedTuple):
    """What came out of the decoder.

    Attributes:
        num_samples: Samples per channel.
        sample_rate: Hz.
        md5: Hex MD5 over all of them, as FLAC takes it.
        failure: Why the decoder stopped before the end of the file; None if it did not.
    """

    num_samples: int
    sample_rate: int
    md5: str
    failure: str | None = None


def judge(source: ByteSource, structure: Structure, decoded: Decoded) -> tuple[Problem, ...]:
    """Compare what was decoded with what the container promised.

    Args:
        source: The file.
        structure: What the walk through it found.
        decoded: What came out.

    Returns:
        The problems; an error is the last one.
    """
    reason = _in_frames(source, structure, decoded)
    if reason is not None:
        return (reason,)
    problems: tuple[Problem, ...] = ()
    if decoded.failure is not None:
        if not _is_complete(structure, decoded):
            return (_failed(structure, decoded),)
        if not any(problem.code in _BEHIND for problem in structure.problems):
            problems = (Problem("audio.trailing_bytes", "warning", "foreign bytes follow the last sample"),)
    if not decoded.num_samples:
        return (Problem("audio.no_samples", "error", "not one sample can be decoded"),)
    return problems + _promises(source, structure, decoded)


def _in_frames(source: ByteSource, structure: Structure, decoded: Decoded) -> Problem | None:
    """Look at the frames of a FLAC file, unless it is proven that they are those that were encoded."""
    identified = identify(source)
    if structure.container != "flac" or isinstance(identified, Problem):
        return None
    if structure.md5 == decoded.md5 and decoded.failure is None:
        return None
    part = Part(source, identified.start)
    frames = flac.first_frame(part)
    if isinstance(frames, Problem):
        return frames
    return flac_frames.examine(
        part, frames, structure.bits_per_sample or 16, ran_out=not _is_complete(structure, decoded)
    )


def _is_complete(structure: Structure, decoded: Decoded) -> bool:
    """Tell whether everything that was promised came out, whatever stopped the decoder behind it."""
    if structure.md5 is not None:
        return structure.md5 == decoded.md5
    declared = structure.declared_num_samples
    return declared is not None and abs(decoded.num_samples - declared) <= structure.slack


def _failed(structure: Structure, decoded: Decoded) -> Problem:
    message = f"the decoder stopped after {decoded.num_samples:,} samples: {decoded.failure}"
    hint = "get an undamaged copy of the file"
    return Problem("audio.decode_error", "error", message, hint, _numbers(structure, decoded))


def _promises(source: ByteSource, structure: Structure, decoded: Decoded) -> tuple[Problem, ...]:
    """Compare the length, then the MD5."""
    declared, is_proven = structure.declared_num_samples, structure.md5 == decoded.md5
    if declared is not None and abs(decoded.num_samples - declared) > structure.slack:
        message = f"the header promises {declared:,} samples and {decoded.num_samples:,} were decoded"
        if structure.container == "flac" and decoded.num_samples < declared and not is_proven:
            return (truncated(message, found=source.size),)
        numbers = _numbers(structure, decoded)
        if not (structure.codec or "").startswith(_LOSSLESS_PREFIXES):
            return (Problem("audio.inexact_length", "warning", message, None, numbers),)
        return (Problem("audio.length_mismatch", "error", message, None, numbers),)
    if structure.md5 is not None and not is_proven:
        message = f"the decoded samples have the MD5 {decoded.md5}, the header promises {structure.md5}"
        return (Problem("audio.md5_mismatch", "error", message, "get an undamaged copy of the file"),)
    return (_very_short(decoded),) if decoded.num_samples < SHORTEST * decoded.sample_rate else ()


def _very_short(decoded: Decoded) -> Problem:
    seconds = decoded.num_samples / decoded.sample_rate
    message = f"it lasts {1000 * seconds:.3g} ms ({decoded.num_samples:,} samples)"
    return Problem("audio.very_short", "warning", message, "look at it", {"decoded_samples": decoded.num_samples})


def _numbers(structure: Structure, decoded: Decoded) -> dict[str, Scalar]:
    return {"decoded_samples": decoded.num_samples, "declared_samples": structure.declared_num_samples}
