"""Recordings in lhotse manifests: where their files lie, which channels those hold, and what is no file.

A source may be a file, a URL, a shell command that writes a recording, or bytes in memory
(https://lhotse.readthedocs.io/en/latest/corpus.html). Files are read; nothing else is fetched or run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from listen_datasets.inputs import Found, InputProblem
from listen_datasets.metadata.shown import shown
from listen_datasets.stores.lhotse_lines import BadLineError
from listen_datasets.stores.row_names import RowNames


@dataclass(frozen=True)
class Source:
    """A file of a recording, or something else that it comes from.

    Attributes:
        path: As a table names it: relative if the file lies below the folder of the store.
        channels: Numbers of the channels in it.
        problem: Why it is not read; None for a file.
    """

    path: str
    channels: frozenset[int]
    problem: InputProblem | None = None


@dataclass(frozen=True)
class Recording:
    """A recording of a manifest.

    Attributes:
        id: Its id.
        sources: What it is put together from, by channels.
        sample_rate: In Hz, as the manifest says; None if it does not, or speaks of a copy at another rate.
        is_transformed: Whether the manifest speaks of another sound than that of the files.
    """

    id: str
    sources: tuple[Source, ...]
    sample_rate: int | None
    is_transformed: bool

    def of_channels(self, wanted: object) -> Iterator[Source]:
        """Yield the sources that hold some of the channels (a number or a list); all if none are named."""
        numbers = wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]
        there = {channel for source in self.sources for channel in source.channels}
        asked = there.intersection(number for number in numbers if isinstance(number, int))
        return (source for source in self.sources if not asked or not source.channels or asked & source.channels)


class Recordings:
    """Makes recordings out of what manifests say.

    Attributes:
        refused: What is no file, to be reported, by its path in the store.
    """

    def __init__(self, root: Path) -> None:
        """Begin with none.

        Args:
            root: The folder of the store.
        """
        self._roots = (os.path.abspath(root), os.path.realpath(root))  # noqa: PTH100 - manifests have either spelling
        self._names = RowNames()
        self._count = 0
        self.refused: dict[str, Found] = {}

    def made(self, value: object) -> Recording:
        """Return the recording that a JSON value is.

        Raises:
            BadLineError: It is none.
        """
        if not isinstance(value, dict) or not isinstance(value.get("id"), str):
            raise BadLineError("it is no recording: it has no `id`")
        sources = value.get("sources")
        if not isinstance(sources, list) or not sources:
            raise BadLineError("the recording has no sources")
        is_transformed = bool(value.get("transforms"))
        rate = value.get("sampling_rate")
        is_rate = isinstance(rate, int) and not isinstance(rate, bool) and not is_transformed
        made = tuple(self._source(source, value["id"]) for source in sources)
        return Recording(value["id"], made, rate if is_rate else None, is_transformed)

    def _source(self, value: object, name: str) -> Source:
        if not isinstance(value, dict) or not isinstance(value.get("type"), str):
            raise BadLineError("a source of the recording has no `type`")
        channels = value.get("channels")
        listed = channels if isinstance(channels, list) else []
        numbers = frozenset(channel for channel in listed if isinstance(channel, int))
        if value["type"] != "file":
            return self._foreign(value, name, numbers)
        if not isinstance(value.get("source"), str):
            raise BadLineError("a source of the recording names no file")
        return Source(self._relative(value["source"]), numbers)

    def _foreign(self, value: Mapping[str, Any], name: str, channels: frozenset[int]) -> Source:
        """Return a source that is no file. What it says is not repeated: URLs and commands may hold secrets."""
        kind = shown(value["type"], 20)
        self._count += 1
        path = self._names.path("", f"{kind}:{name}".replace("/", "_"), self._count)
        reason = f"the recording {shown(name, 80)} is no file, but comes from a source of the type {kind}"
        problem = InputProblem("input.no_file", f"{reason}, which is not fetched or run")
        self.refused[path] = Found(path, "refused", problem=problem)
        return Source(path, channels, problem)

    def _relative(self, path: str) -> str:
        """Return a path relative to the folder of the store if it is an absolute one beneath it, else as it is."""
        if path.startswith("/") and ".." not in path.split("/"):
            for root in self._roots:
                if path.startswith(root.rstrip("/") + "/"):
                    return path[len(root.rstrip("/")) + 1 :]
        return path
