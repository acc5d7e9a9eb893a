"""Names that need care and are nothing to complain about: no shell, pattern or format may look at them."""

from __future__ import annotations

from collections.abc import Iterator

from listen_datasets.testing.damaged.case import Case, fine
from listen_datasets.testing.damaged.wav import PLAIN

_NAMES = (
    "A.WAV",
    "-rf.wav",
    " spaces  inside .wav",
    'it\'s "quoted".wav',
    "$(date) `id` ;&|.wav",
    "%s %n {0} {file}.wav",
    "[a-z]*?.wav",
    "a\\b.wav",
    "naïve 録音 \U0001f3b5.wav",
    "nai\u0308ve.wav",
    "<b>.wav",
    "CON.wav",
    "..wav.wav",
    "n" * 251 + ".wav",
)


def cases() -> Iterator[Case]:
    """Yield a plain recording under each of the names."""
    for file_name in _NAMES:
        yield fine(file_name, "a name that needs care", PLAIN)
