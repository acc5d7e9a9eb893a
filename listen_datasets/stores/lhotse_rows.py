"""Supervisions and cuts of lhotse as rows: which span of which file they are about, and what they say of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from listen_datasets.digest import canonical_json
from listen_datasets.stores.lhotse_lines import BadLineError
from listen_datasets.stores.lhotse_recordings import Recording
from listen_datasets.stores.own_columns import KEY, free

_OURS = frozenset({KEY, "split", "start", "duration", "end", "offset", "sample_rate", "id", "recording_id", "cut_id"})
_READ = frozenset({"id", "recording_id", "start", "duration"})
_STRUCTURED = ("alignment",)  # lists of lists of texts and numbers: no column but one of JSON can hold them
_DIGITS = 9  # decimals of a second in a sum of two times; far below a sample


def of_supervision(value: object, find: Callable[[str], Recording | None]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a supervision: one for each file that holds channels of it.

    Args:
        value: The JSON value.
        find: Returns the recording with an id; None if there is none.

    Raises:
        BadLineError: It is no supervision.
    """
    if not isinstance(value, dict) or not isinstance(value.get("recording_id"), str):
        raise BadLineError("the line is no supervision: it has no `recording_id`")
    span = {"start": _time(value, "start"), "duration": _time(value, "duration")}
    said = {"id": value.get("id"), "recording_id": value["recording_id"], **span, **_said(value)}
    recording = find(value["recording_id"])
    if recording is None:
        # No file has this name, so that the row is reported as one that has no recording.
        yield {KEY: f"recording:{value['recording_id']}", **said}
        return
    for source in recording.of_channels(value.get("channel")):
        yield {KEY: source.path, **said, "sample_rate": recording.sample_rate}


def whole(recording: Recording) -> Iterator[dict[str, Any]]:
    """Yield the rows of a recording that no supervision is about: one for each of its files."""
    for source in recording.sources:
        yield {KEY: source.path, "recording_id": recording.id, "sample_rate": recording.sample_rate}


def of_cut(value: Mapping[str, Any], recording: Recording) -> Iterator[dict[str, Any]]:
    """Yield the rows of a cut: one for each of its supervisions, or one for all of it.

    Times of supervisions count from the beginning of the cut.

    Raises:
        BadLineError: Its times or its supervisions are none.
    """
    start, duration = _time(value, "start"), _time(value, "duration")
    supervisions = value.get("supervisions") or [{"start": 0, "duration": duration, "channel": value.get("channel")}]
    if not isinstance(supervisions, list) or not all(isinstance(item, dict) for item in supervisions):
        raise BadLineError("the supervisions of the cut are no list of objects")
    for item in supervisions:
        begin = round(start + _time(item, "start"), _DIGITS)
        row = {**item, "start": begin, "duration": _time(item, "duration"), "recording_id": recording.id}
        for found in of_supervision(row, lambda _: recording):
            yield _with_custom({**found, "cut_id": value.get("id")}, value.get("custom"), "cut.")


def _time(value: Mapping[str, Any], name: str) -> float:
    time = value.get(name)
    if isinstance(time, bool) or not isinstance(time, int | float) or not math.isfinite(time):
        raise BadLineError(f"`{name}` is no number of seconds")
    return float(time)


def _said(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said about a span; the keys of ``custom`` are columns like the others."""
    said = {key: item for key, item in value.items() if key not in _OURS and key != "custom"}
    for key in sorted((_OURS - _READ) & value.keys()):
        said[free(f"original_{key}", "original_", said)] = value[key]
    for key in _STRUCTURED:
        if said.get(key) is not None:
            said[key] = canonical_json(said[key]).decode()
    return _with_custom(said, value.get("custom"), "custom.")


def _with_custom(said: dict[str, Any], custom: object, prefix: str) -> dict[str, Any]:
    """Return what is said with the keys of ``custom`` beside it; those that would hide another column get a prefix."""
    own = custom if isinstance(custom, dict) else {} if custom is None else {"custom": custom}
    said = dict(said)
    for key, item in own.items():
        said[free(key, prefix, _OURS, said)] = item
    return said
