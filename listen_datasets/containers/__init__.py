"""Containers of audio: what a file is, and a walk through its structure that finds damage without decoding.

Decoders accept most damaged files without a word, so the walk comes first: see `examine`.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from listen_datasets.containers import aiff, caf, flac, foreign, mp3, ogg, w64, wav
from listen_datasets.containers.judging import Decoded, judge
from listen_datasets.containers.magic import Identified, identify
from listen_datasets.containers.structure import ByteSource, Part, Problem, Structure
from listen_datasets.text import visible

__all__ = ["ByteSource", "Decoded", "Identified", "Problem", "Structure", "examine", "identify", "judge"]

_WALKS: dict[str, Callable[[ByteSource], Structure]] = {
    "wav": lambda source: wav.walk(source, "wav"),
    "rf64": lambda source: wav.walk(source, "rf64"),
    "w64": w64.walk,
    "aiff": aiff.walk,
    "caf": caf.walk,
    "flac": flac.walk,
    "ogg": ogg.walk,
    "mp3": lambda source: mp3.walk(source, 0),
}
_SUFFIXES = {
    "wav": frozenset({".wav", ".wave", ".bwf"}),
    "rf64": frozenset({".wav", ".wave", ".bwf", ".rf64"}),
    "w64": frozenset({".w64"}),
    "caf": frozenset({".caf"}),
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
    walk = _WALKS.get(identified.container)
    if walk is None:
        return foreign.refusal(identified.container)
    structure = walk(Part(source, identified.start) if identified.start else source)
    suffix = os.path.splitext(path)[1]  # noqa: PTH122 - a million times
    if not suffix or suffix.lower() in _SUFFIXES[identified.container]:
        return structure  # no extension says nothing wrong, and what lies in a table has no name of its own
    message = f"the extension is {visible(suffix)!r}, but the content is {identified.container}"
    warning = Problem("audio.extension", "warning", message, "rename the file")
    return msgspec.structs.replace(structure, problems=(*structure.problems, warning))
