"""Recordings by their ids, which are unique in one manifest, but not among the manifests of several splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from listen_datasets.stores.lhotse_lines import BadLineError
from listen_datasets.stores.lhotse_recordings import Recording


@dataclass(slots=True)
class Entry:
    """A recording where a manifest names it first.

    Attributes:
        recording: The recording.
        path: Of the manifest.
        line: In the manifest.
        is_mentioned: Whether a supervision is about it.
    """

    recording: Recording
    path: str
    line: int
    is_mentioned: bool = False


class Ids:
    """The recordings of all manifests of a folder."""

    def __init__(self) -> None:
        """Begin with none."""
        self._entries: dict[str, list[Entry]] = {}

    def add(self, recording: Recording, path: str, line: int) -> bool:
        """Take a recording in; False if it is known with the same sources already.

        Raises:
            BadLineError: The manifest has another recording with this id.
        """
        entries = self._entries.setdefault(recording.id, [])
        if any(entry.recording.sources == recording.sources for entry in entries):
            return False
        other = next((entry for entry in entries if entry.path == path), None)
        if other is not None:
            raise BadLineError(f"the id of the recording stands in {path}:{other.line} already, with another source")
        entries.append(Entry(recording, path, line))
        return True

    def find(self, name: str, path: str) -> Recording | None:
        """Return the recording that a supervision is about; None if there is none.

        Args:
            name: Id of the recording.
            path: Of the manifest with the supervision. If several recordings have the id, the one is meant that stands
                in the manifest of this name with ``recordings`` for ``supervisions``.

        Raises:
            BadLineError: Several recordings have the id, and none of them stands there.
        """
        entries = self._entries.get(name, [])
        if len(entries) > 1:
            wanted = _counterpart(path)
            entries = [entry for entry in entries if _stem(entry.path) == wanted]
            if len(entries) != 1:
                raise BadLineError(
                    "several manifests have a recording with this `recording_id`, each with another source"
                )
        for entry in entries:
            entry.is_mentioned = True
            return entry.recording
        return None

    def unmentioned(self) -> Iterator[Entry]:
        """Yield the recordings that no supervision is about."""
        return (entry for entries in self._entries.values() for entry in entries if not entry.is_mentioned)


def _counterpart(path: str) -> str:
    folder, slash, name = _stem(path).rpartition("/")
    return f"{folder}{slash}{name.replace('supervisions', 'recordings')}"


def _stem(path: str) -> str:
    return path.removesuffix(".gz").removesuffix(".jsonl")
