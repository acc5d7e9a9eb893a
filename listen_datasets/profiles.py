"""Profiles of ``[validate]``: what recordings of a kind are usually held to, so that nobody begins with thirty thresholds.

A profile gives keys other defaults; whatever a recipe says itself stands. The figures are conventions of the field, not
laws: the comments say where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SPEECH: Mapping[str, Any] = {
    # Below 0.2 s there is no word; above 40 s recognisers of today cannot be trained on one clip.
    "min-duration": 0.2,
    "max-duration": 40.0,
    "max-silent-fraction": 0.8,
    "max-leading-silence": 1.0,
    "max-trailing-silence": 1.0,
    "min-loudness": -45.0,
    # The estimate lies 4 dB above the ratio of active speech to noise: 15 dB of it are hard to understand.
    "min-snr": 15.0,
    "min-bandwidth-ratio": 0.2,
}

_MUSIC: Mapping[str, Any] = {
    # A drum alone may be that short.
    "min-duration": 0.05,
    "max-silent-fraction": 0.8,
    "min-loudness": -45.0,
    # The loudest releases of commercial music reach about -5 LUFS.
    "max-loudness": -4.0,
    # MP3 of 128 kbit/s ends at 16 of 22.05 kHz, a share of 0.73.
    "min-cutoff-ratio": 0.8,
    "min-class-clips": 5,
}

_SOUND_EVENT: Mapping[str, Any] = {
    "min-duration": 0.05,
    "max-silent-fraction": 0.9,
    "max-trailing-silence": 5.0,
    # Five folds for cross-validation, as ESC-50 and UrbanSound8K have, need a clip in each.
    "min-class-clips": 5,
    "max-class-imbalance": 50.0,
}

_STRICT: Mapping[str, Any] = {
    "min-duration": 0.1,
    "duration-tolerance": 0.01,
    "max-clipped-fraction": 0.0,
    "max-silent-fraction": 0.5,
    "max-leading-silence": 0.5,
    "max-trailing-silence": 0.5,
    "max-dc-offset": 0.005,
    "min-loudness": -40.0,
    "max-loudness": -5.0,
    "min-bandwidth-ratio": 0.4,
    "min-cutoff-ratio": 0.9,
    "min-channel-correlation": -0.5,
    "min-class-clips": 10,
    "max-class-imbalance": 10.0,
    "max-shortcut": 0.7,
}

VALIDATE: Mapping[str, Mapping[str, Any]] = {
    "speech": _SPEECH,
    "music": _MUSIC,
    "sound-event": _SOUND_EVENT,
    "strict": _STRICT,
}
"""Values of keys of ``[validate]``, by profile."""
