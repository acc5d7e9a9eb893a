"""What the walk through a container finds, without decoding a sample."""

from __future__ import annotations

from typing import Protocol

import msgspec

from listen_datasets.model import Scalar, Severity


class ByteSource(Protocol):
    """Bytes that can be read at any place, such as an open input."""

    @property
    def size(self) -> int:
        """Number of bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes there, fewer only at the end."""
        ...


class Part:
    """The bytes of a source from a place on, for containers behind a foreign tag."""

    def __init__(self, source: ByteSource, start: int) -> None:
        self._source = source
        self._start = start
        self.size = source.size - start

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes there, fewer only at the end."""
        return self._source.read(self._start + offset, length)


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong with a recording; becomes a finding where the recording is accounted for.

    Attributes:
        code: The finding code, such as ``audio.truncated``.
        severity: With ``error`` the recording is rejected.
        message: One sentence with what was expected and what was there.
        hint: What to do next.
        evidence: The numbers behind it.
    """

    code: str
    severity: Severity
    message: str
    hint: str | None = None
    evidence: dict[str, Scalar] | None = None


class Structure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a container says of its content. All of it is a claim until the samples are decoded.

    Attributes:
        container: ``wav``, ``rf64``, ``w64``, ``aiff``, ``caf``, ``flac``, ``ogg`` or ``mp3``.
        codec: As in the manifest.
        sample_rate: Hz.
        num_channels: Number of channels.
        bits_per_sample: Width of a stored sample; null for Vorbis, Opus and MP3.
        declared_num_samples: Samples per channel; null if the container does not say.
        slack: By how many samples a faultless decoder may miss the declared number.
        md5: Hex MD5 of the decoded samples, if it is stored.
        problems: In the order in which they were found.
    """

    container: str
    codec: str | None = None
    sample_rate: int | None = None
    num_channels: int | None = None
    bits_per_sample: int | None = None
    declared_num_samples: int | None = None
    slack: int = 0
    md5: str | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def error(self) -> Problem | None:
        """The first problem for which the recording is rejected."""
        return next((problem for problem in self.problems if problem.severity == "error"), None)


def truncated(message: str, *, found: int, expected: int | None = None) -> Problem:
    """Return the problem of a file that ends early, with the bytes that it has and, if known, those it should have."""
    evidence: dict[str, Scalar] = {"found_bytes": found}
    if expected is not None:
        evidence["expected_bytes"] = expected
    return Problem("audio.truncated", "error", message, "get a whole copy of the file", evidence)


def malformed(message: str, hint: str | None = None) -> Problem:
    """Return the problem of a container that contradicts its format."""
    return Problem("audio.malformed", "error", message, hint)


def damaged(message: str) -> Problem:
    """Return the problem of bytes that changed after they were written."""
    return Problem("audio.damaged", "error", message, "get an undamaged copy of the file")


def spliced(message: str) -> Problem:
    """Return the problem of a second stream or header behind the first, which decoders drop or mix up."""
    return Problem("audio.spliced", "error", message, "take the file apart, or export the recording anew")


def unsupported(what: str, command: str | None = "ffmpeg -i IN -c:a flac OUT.flac") -> Problem:
    """Return the problem of audio in a form that lds does not read, with the command that converts it, if any does."""
    hint = f"convert it first, for example with: {command}" if command else None
    return Problem("audio.unsupported", "error", f"it is {what}, which lds does not read", hint)


def inconsistent(message: str) -> Problem:
    """Return the problem of a header with a wrong number that no decoder needs."""
    return Problem("audio.inconsistent_header", "warning", message)


def unknown_length(message: str) -> Problem:
    """Return the problem of a stream whose encoder never wrote its length."""
    return Problem("audio.unknown_length", "warning", message, "the length is taken from the decoded samples")


def trailing(count: int) -> Problem:
    """Return the problem of bytes after the end of the container."""
    return Problem(
        "audio.trailing_bytes", "warning", f"{count:,} bytes follow the end of the audio", None, {"bytes": count}
    )


def after_end(source: ByteSource, end: int) -> tuple[Problem, ...]:
    """Judge what follows the end of a container: nothing, foreign bytes, or another recording that is glued to it."""
    if end >= source.size:
        return ()
    if is_beginning(source.read(end, 12)):
        return (spliced(f"a second recording begins at byte {end:,}, behind the end of the first"),)
    return (trailing(source.size - end),)


def is_beginning(head: bytes) -> bool:
    """Tell whether these 12 bytes may begin a container that holds no other one, apart from MP3."""
    kind, form = head[:4], head[8:12]
    if kind in {b"RIFF", b"RF64", b"BW64"}:
        return form == b"WAVE"
    if kind == b"FORM":
        return form in {b"AIFF", b"AIFC"}
    return kind in {b"fLaC", b"OggS"} or head[:6] == b"caff\0\1" or head[:8] == b"riff\x2e\x91\xcf\x11"
