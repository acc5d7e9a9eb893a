"""Containers of audio: what a file is, and a walk through its structure that finds damage without decoding.

Decoders accept most damaged files without a word, so the walk comes first: see `examine`.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from listen_datasets.containers import aiff, flac, mp3, ogg, wav
from listen_datasets.containers.magic import Identified, identify
from listen_datasets.containers.structure import ByteSource, Part, Problem, Structure
from listen_datasets.text import visible

__all__ = ["ByteSource", "Identified", "Problem", "Structure", "examine", "identify"]

_WALKS: dict[str, Callable[[ByteSource], Structure]] = {
    "wav": lambda source: wav.walk(source, "wav"),
    "rf64": lambda source: wav.walk(source, "rf64"),
    "aiff": aiff.walk,
    "flac": flac.walk,
    "ogg": ogg.walk,
    "mp3": lambda source: mp3.walk(source, 0),
}
_SUFFIXES = {
    "wav": frozenset({".wav"}),
    "rf64": frozenset({".wav", ".rf64"}),
    "aiff": frozenset({".aif", ".aiff", ".aifc"}),
    "flac": frozenset({".flac"}),
    "ogg": frozenset({".ogg", ".oga", ".opus"}),
    "mp3": frozenset({".mp3"}),
}


def examine(source: ByteSource, path: str) -> Structure | Problem:
    """Identify a file and walk through its structure.

    Args:
        source: Its bytes.
        path: Its path, for the extension alone.

    Returns:
        What its container says, with everything that is wrong about it; or, if it is no container that lds reads, what
        it is instead.
    """
    identified = identify(source)
    if isinstance(identified, Problem):
        return identified
    structure = _WALKS[identified.container](Part(source, identified.start) if identified.start else source)
    suffix = os.path.splitext(path)[1]  # noqa: PTH122 - a million times
    if suffix.lower() in _SUFFIXES[identified.container]:
        return structure
    message = f"the extension is {visible(suffix)!r}, but the content is {identified.container}"
    warning = Problem("audio.extension", "warning", message, "rename the file")
    return msgspec.structs.replace(structure, problems=(*structure.problems, warning))
