"""What a file is, by its first bytes and never by its name."""

from __future__ import annotations

from dataclasses import dataclass

from listen_datasets.containers import foreign, mp3, tags, w64
from listen_datasets.containers.structure import ByteSource, Problem, truncated

HEAD = 4096
"""Bytes that are looked at."""

MAX_TAGS = 8
"""ID3v2 tags that may stand before the audio."""

# Offset, bytes, what it is.
_NOT_AUDIO = (
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\x00", "an xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"PAR1", "a Parquet table"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x7fELF", "a program"),
    (0, b"version https://git-lfs.github.com/spec/", "a Git LFS pointer (run `git lfs pull`)"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"[playlist]", "a playlist"),
)
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")


@dataclass(frozen=True, slots=True)
class Identified:
    """What a file is.

    Attributes:
        container: ``wav``, ``rf64``, ``w64``, ``aiff``, ``caf``, ``flac``, ``ogg`` or ``mp3``, which lds walks through;
            or a family of :mod:`listen_datasets.containers.foreign`, such as ``mp4``.
        start: Where it begins: behind ID3v2 tags.
    """

    container: str
    start: int = 0


def identify(source: ByteSource) -> Identified | Problem:
    """Name the container, or say what the file is instead."""
    if source.size == 0:
        return Problem("audio.empty", "error", "the file is empty", evidence={"bytes": 0})
    start = 0
    for _ in range(MAX_TAGS):
        length = tags.before(source, start)
        if not length:
            break
        start += length
        if start >= source.size:
            return truncated("the file ends inside its ID3 tag", expected=start, found=source.size)
    head = source.read(start, HEAD)
    if len(head) < 12 and head[:4] in {b"RIFF", b"RF64", b"FORM", b"riff"}:
        return truncated("the file ends inside its first chunk", found=source.size)
    container = foreign.family(head) if head.startswith(b"OggS") else None
    container = container or _container(head) or ("mp3" if mp3.is_chain(source, start) else foreign.family(head))
    return Identified(container, start) if container else _otherwise(head)


def _container(head: bytes) -> str | None:
    kind, form = head[:4], head[8:12]
    if form == b"WAVE" and kind in {b"RIFF", b"RF64"}:
        return "wav" if kind == b"RIFF" else "rf64"
    if kind == b"FORM" and form in {b"AIFF", b"AIFC"}:
        return "aiff"
    if head.startswith(w64.RIFF) and head[24:40] == w64.WAVE:
        return "w64"
    return {b"fLaC": "flac", b"OggS": "ogg", b"caff": "caf"}.get(kind)


def _otherwise(head: bytes) -> Problem:
    known = next((name for offset, magic, name in _NOT_AUDIO if head.startswith(magic, offset)), None)
    what = known or _text(head) or f"of an unknown kind (it begins with {head[:8].hex(' ')})"
    return Problem("audio.not_audio", "error", f"it is {what}, not audio", "remove it or get the recording again")


def _text(head: bytes) -> str | None:
    """Name the kinds of text, and zeros."""
    if not head.strip(b"\0"):
        return "a file of zeros"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(_PAGES):
        return "an HTML page (a failed download?)"
    if start.startswith(b"<?xml") or (start.startswith(b"<") and b">" in start):
        return "an HTML page (a failed download?)" if b"<html" in start else "an XML document"
    if not _is_text(head):
        return None
    return "JSON" if start[:1] in {b"{", b"["} else "text"


def _is_text(head: bytes) -> bool:
    if any(byte < 32 and byte not in b"\t\n\r\f" for byte in head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character may be cut at the end of what was read.
        return error.start > len(head) - 4 and len(head) == HEAD
    return True
