"""Spans: which samples of a recording a clip consists of.

A table gives times in seconds; a clip is a whole number of samples. The rule that leads from one to the other stands
here once, so that the worker that decodes and the coordinator that joins rows to clips agree.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

MAX_SECONDS = 24 * 60 * 60
"""Longest recording that is read."""

SLACK_SECONDS = 0.01
"""How far an end may lie beyond the end of the recording: tables round times to hundredths."""


_BEYOND_SECONDS = 2 * MAX_SECONDS  # 1e308 s are no number of samples


class Span(msgspec.Struct, frozen=True, order=True):
    """A part of a recording as a table gives it, in seconds.

    Attributes:
        start: Where it begins, from 0.
        end: Where it ends; at the end of the recording if None.
    """

    start: float
    end: float | None = None


class Samples(NamedTuple):
    """A part of a recording in samples.

    Attributes:
        first: Its first sample, from 0.
        num_samples: How many it has, at least 1.
        is_cut: It was to end later than the recording, by no more than the slack.
    """

    first: int
    num_samples: int
    is_cut: bool = False


def bounds(span: Span, sample_rate: int) -> tuple[int, int | None]:
    """Return the first sample and the one behind the last (None: all that follow), before the length is known.

    Times are rounded to the nearest sample; what lies beyond any recording stays there.

    Args:
        span: What was asked for; ``0 <= start < end``.
        sample_rate: Hz.
    """
    first = round(min(span.start, _BEYOND_SECONDS) * sample_rate)
    return first, None if span.end is None else round(min(span.end, _BEYOND_SECONDS) * sample_rate)


def resolve(span: Span, sample_rate: int, num_samples: int) -> Samples | Literal["outside", "empty"]:
    """Return the samples of a span of a recording.

    Args:
        span: What was asked for.
        sample_rate: Hz.
        num_samples: Samples per channel of the recording, from decoding.

    Returns:
        The samples; ``outside`` if it begins or ends beyond the recording; ``empty`` if it is shorter than a sample.
    """
    first, last = bounds(span, sample_rate)
    is_cut = last is not None and last > num_samples
    if first >= num_samples or (is_cut and last is not None and last - num_samples > SLACK_SECONDS * sample_rate):
        return "outside"
    end = num_samples if last is None or is_cut else last
    return Samples(first, end - first, is_cut) if end > first else "empty"


def name(recording_id: str, samples: Samples) -> str:
    """Return the id of a clip that is a span.

    >>> name("0a1b2c3d4e5f60718293", Samples(16000, 8000))
    '0a1b2c3d4e5f60718293_16000_8000'
    """
    return f"{recording_id}_{samples.first}_{samples.num_samples}"
