"""The sha256 of recordings, taken in a worker; it imports next to nothing, because starting is most of the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from listen_datasets.inputs import InputProblem
from listen_datasets.intake import Recording
from listen_datasets.stores import Store


@dataclass(frozen=True)
class Hash:
    """Hashes some recordings: picklable, and small."""

    stores: Mapping[str, Store]

    def __call__(self, recordings: Sequence[Recording]) -> list[str]:
        """Return the sha256 of each (source, path), or the code of why it cannot be read."""
        return [self._one(source, path) for source, path in recordings]

    def _one(self, source: str, path: str) -> str:
        try:
            with self.stores[source].opened(path) as file:
                digest = file.sha256()
                file.check_unchanged()
                return digest
        except InputProblem as problem:
            return problem.code
