"""Intake: what an ingest would read, what is known of it already, and how it is put together.

It decides and decodes nothing: :mod:`listen_datasets.stages.ingest` maps :mod:`listen_datasets.audio` over what these
modules find.
"""

from __future__ import annotations

from typing import NamedTuple

from listen_datasets.model import Finding

Recording = tuple[str, str]
"""Name of the source, and path in it."""

Said = tuple[str, Finding]
"""A finding with the name of the source that it is about: two sources may hold files of the same path."""


class Item(NamedTuple):
    """A recording that is to be read.

    Attributes:
        source: Name of its source.
        path: Its path there.
        bytes: Its size as listed.
        stamp: What changes with its content without being read; None if there is no such thing.
        position: Where it lies in an archive: members are read fastest in this order.
    """

    source: str
    path: str
    bytes: int
    stamp: str | None
    position: int

    @property
    def recording(self) -> Recording:
        """Source and path."""
        return self.source, self.path
