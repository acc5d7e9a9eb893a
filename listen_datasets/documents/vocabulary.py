"""The words that the Hugging Face Hub allows in a dataset card.

Source: https://github.com/huggingface/hub-docs/blob/main/datasetcard.md, ``@huggingface/tasks`` 0.21.54.
"""

from __future__ import annotations

import itertools
import re

_TASK_CATEGORIES = """
    automatic-speech-recognition audio-classification audio-to-audio text-to-speech text-to-audio
    voice-activity-detection audio-text-to-text any-to-any
    text-classification token-classification table-question-answering question-answering zero-shot-classification
    translation summarization feature-extraction text-generation fill-mask sentence-similarity depth-estimation
    image-classification object-detection image-segmentation text-to-image image-to-text image-to-image image-to-video
    unconditional-image-generation video-classification reinforcement-learning robotics tabular-classification
    tabular-regression tabular-to-text table-to-text multiple-choice text-ranking text-retrieval time-series-forecasting
    text-to-video image-text-to-text image-text-to-image image-text-to-video visual-question-answering
    document-question-answering zero-shot-image-classification graph-ml mask-generation zero-shot-object-detection
    text-to-3d image-to-3d image-feature-extraction video-text-to-text keypoint-detection visual-document-retrieval
    video-to-video other
"""
TASK_CATEGORIES = frozenset(_TASK_CATEGORIES.split())

TASK_IDS = {
    "keyword-spotting": "audio-classification",
    "speaker-identification": "audio-classification",
    "audio-intent-classification": "audio-classification",
    "audio-emotion-recognition": "audio-classification",
    "audio-language-identification": "audio-classification",
}
"""Finer tasks of audio, and the category of each."""

_UNITS = ("", "K", "M", "B", "T")
_SIZES = tuple(f"{10**k}{unit}" for unit in _UNITS[1:] for k in (0, 1, 2))
SIZE_CATEGORIES = (
    "n<1K",
    *(f"{low}<n<{high}" for low, high in itertools.pairwise(_SIZES[:-2])),
    "n>1T",
    "other",
)

LANGUAGE = re.compile(r"[a-z]{2,3}|code|multilingual")
"""ISO 639-1, -2 or -3, and two words of the Hub."""

LANGUAGE_TAG = re.compile(r"([a-z]{2,3})(-[A-Za-z0-9]{2,8})+")
"""BCP 47, with the language as its first group."""


def size_category(clips: int) -> str:
    """Return the size category of a number of clips; a lower bound belongs to its category.

    >>> size_category(1000)
    '1K<n<10K'
    """
    if clips < 1000:
        return SIZE_CATEGORIES[0]
    power = len(str(clips)) - 1
    return SIZE_CATEGORIES[power - 2] if power < 12 else "n>1T"
