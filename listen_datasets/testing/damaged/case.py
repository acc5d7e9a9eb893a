"""One case: what a file is called, its bytes, and what has to be said about it."""

from __future__ import annotations

from typing import NamedTuple

from listen_datasets.model import Fate


class Case(NamedTuple):
    """A recording and what becomes of it.

    Attributes:
        name: What is wrong or odd about it.
        file_name: What to call it.
        data: Its bytes.
        code: The finding that it must give; None for none at all.
        fate: ``kept`` or ``rejected``.
    """

    name: str
    file_name: str
    data: bytes
    code: str | None
    fate: Fate

    def __str__(self) -> str:
        return f"{self.file_name}: {self.name}"


def fine(file_name: str, name: str, data: bytes) -> Case:
    """Return a case that is odd and right, and must pass without a finding."""
    return Case(name, file_name, data, None, Fate.KEPT)


def warned(file_name: str, name: str, data: bytes, code: str) -> Case:
    """Return a case that is kept with a warning."""
    return Case(name, file_name, data, code, Fate.KEPT)


def broken(file_name: str, name: str, data: bytes, code: str) -> Case:
    """Return a case that is rejected."""
    return Case(name, file_name, data, code, Fate.REJECTED)
