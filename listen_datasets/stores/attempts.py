"""Trying again what failed in a way that may pass: a bounded number of times, and not at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from listen_datasets.inputs import InputProblem
from listen_datasets.model import Fate
from listen_datasets.stores.urls import shown

T = TypeVar("T")

PAUSES = (1.0, 5.0)
"""Seconds between attempts; there is one attempt more."""

_LONGEST_PAUSE = 60.0


class Again(Exception):  # noqa: N818 - a signal to `repeated`, seen by nobody else
    """A transfer failed in a way that may pass.

    Attributes:
        reason: With what, free of secrets.
        pause: Seconds that the other side asks to wait.
    """

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason, pause)
        self.reason = reason
        self.pause = pause


def repeated(attempt: Callable[[], T], url: str, pauses: Sequence[float]) -> T:
    """Return what an attempt returns, after some more if it raises `Again`.

    Args:
        attempt: What to try.
        url: What it is about.
        pauses: Seconds between attempts; the other side may ask for more, up to a minute.

    Raises:
        InputProblem: ``input.unreadable``: the last attempt failed too.
    """
    for pause in pauses:
        try:
            return attempt()
        except Again as again:
            time.sleep(min(max(pause, again.pause), _LONGEST_PAUSE))
    try:
        return attempt()
    except Again as again:
        reason = f"{shown(url)} cannot be fetched: {again.reason}"
        raise InputProblem("input.unreadable", reason, Fate.UNREADABLE) from None
