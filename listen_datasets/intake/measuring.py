"""The pass over a recording, taken in a worker; it imports what measures and nothing else, as every worker starts so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from listen_datasets import registry
from listen_datasets.audio import Measured, Reading, Unusable, measure
from listen_datasets.intake import Recording
from listen_datasets.spans import Span
from listen_datasets.stores import Store

Task = tuple[Recording, tuple[Span, ...] | None]
"""A recording, and the clips that are wanted of it; None for the recording as a whole."""


@dataclass(frozen=True)
class Measure:
    """Measures one recording: picklable, and small.

    Attributes:
        stores: Where the recordings of each source lie.
        reading: How they are read.
    """

    stores: Mapping[str, Store]
    reading: Reading

    def prepare(self) -> None:
        """Import the probes."""
        for name in self.reading.probes:
            registry.find("probes", name)

    def __call__(self, task: Task) -> Measured | Unusable:
        """Return what :func:`listen_datasets.audio.measure` says."""
        (source, path), spans = task
        return measure(self.stores[source], path, self.reading, spans)
