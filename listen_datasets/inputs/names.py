"""What the names of files say, and which of those that a table gives may be opened."""

from __future__ import annotations

import re

from listen_datasets.inputs.problem import InputProblem
from listen_datasets.text import has_control, visible

AUDIO_SUFFIXES = frozenset(
    {".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".caf", ".flac", ".ogg", ".oga", ".opus", ".mp3",
     # Forms that are refused with a way to convert them: a recording must not be passed over without a word.
     ".3gp", ".aac", ".ac3", ".amr", ".ape", ".asf", ".au", ".avi", ".dff", ".dsf", ".dts", ".flv", ".m4a", ".m4b",
     ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp4", ".mpc", ".mpeg", ".mpg", ".ra", ".rm", ".shn", ".snd", ".sph",
     ".spx", ".tak", ".tta", ".voc", ".webm", ".wma", ".wmv", ".wv"}
)  # fmt: skip
"""File name extensions of recordings, in lower case; they are compared without regard to case."""

_AUDIO_ENDINGS = tuple(AUDIO_SUFFIXES)  # str.endswith takes no set

_JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini"})
_FOREIGN = re.compile(r"/|~|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://|-$")


def is_audio(path: str) -> bool:
    """Tell whether a path has the extension of a recording, in any case."""
    return path.lower().endswith(_AUDIO_ENDINGS)


def is_junk(name: str) -> bool:
    """Tell whether a file name is hidden, or one of those that operating systems leave behind."""
    return name.startswith(".") or name.lower() in _JUNK_NAMES


def is_plain(path: str) -> bool:
    """Tell whether a path is UTF-8 without control characters."""
    if path.isascii() and path.isprintable():
        return True
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return not has_control(path)


def shown(path: str) -> str:
    """Return a path as it may be printed and stored: escaped if it is not plain."""
    return path if is_plain(path) else visible(path, limit=len(path))


def safe_relative(text: str) -> str:
    """Return a path that a table gives, without ``.`` components and doubled slashes.

    Raises:
        InputProblem: ``metadata.unsafe_path``: it is empty or absolute, leaves the source, names a folder, a drive, a
            home, a URL or standard input, has backslashes, or holds characters that no file name should hold.
    """
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if not parts or text.endswith("/"):
        raise unsafe(text, "names no file")
    if not is_plain(text):
        raise unsafe(text, "holds control characters or is not valid text")
    if _FOREIGN.match(text) or "\\" in text:
        raise unsafe(text, "is not a path relative to the source root with / between folders")
    if ".." in parts:
        raise unsafe(text, "leaves the source")
    return "/".join(parts)


def unsafe(text: str, why: str) -> InputProblem:
    """Return the problem that a path must not be opened, with the words that come after it."""
    return InputProblem("metadata.unsafe_path", f"the path `{visible(text)}` {why}")
