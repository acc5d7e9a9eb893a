"""The one place that finds and opens the user's files; they are never written to.

A file is reached component by component beneath its source root, each opened relative to the one before and none of
them a link, and all work is then done on the file descriptor: a path that is checked and opened later may be another
file by then.
"""

from __future__ import annotations

from listen_datasets.inputs.names import AUDIO_SUFFIXES, is_audio, is_junk, safe_relative
from listen_datasets.inputs.problem import InputProblem
from listen_datasets.inputs.reading import OpenInput, opened
from listen_datasets.inputs.walking import MAX_DEPTH, Found, Kind, walk

__all__ = [
    "AUDIO_SUFFIXES",
    "MAX_DEPTH",
    "Found",
    "InputProblem",
    "Kind",
    "OpenInput",
    "is_audio",
    "is_junk",
    "opened",
    "safe_relative",
    "walk",
]
