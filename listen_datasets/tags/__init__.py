"""Tags embedded in recordings: those that a recipe asks for, and how many hold something personal.

Nobody's tags are copied unasked: see `read_tags`. Pictures are never read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice

import msgspec

from listen_datasets.containers import tags as around
from listen_datasets.containers.magic import MAX_TAGS
from listen_datasets.containers.structure import ByteSource, Part, Problem
from listen_datasets.tags import chunked, id3, mp4, privacy, vorbis
from listen_datasets.tags.entry import MAX_ENTRIES, Allowance, Entry, Unreadable
from listen_datasets.tags.names import ALL, NAMES, PERSONAL, check_known, chosen
from listen_datasets.tags.wording import MAX_TEXT, Flaws
from listen_datasets.text import visible

__all__ = ["ALL", "MAX_TEXT", "NAMES", "PERSONAL", "Tags", "check_known", "read_tags"]

MAX_TROUBLES = 8
"""Sections of damaged tags after which the others are not looked at."""

Sections = Iterator[Iterator[Entry]]


class Tags(msgspec.Struct, frozen=True):
    """What was found in the tags of a recording.

    Attributes:
        values: The tags that were asked for, by canonical name; several of one name are joined with ``; ``.
        privacy: How many tags hold personal content, by the kinds of `privacy.KINDS`; kinds without any are left out.
        problems: Warnings and notes: personal content, texts that had to be escaped or cut, tags that cannot be read.
    """

    values: dict[str, str]
    privacy: dict[str, int]
    problems: tuple[Problem, ...] = ()


_NONE = Tags({}, {})


def read_tags(source: ByteSource, container: str, wanted: Sequence[str] = ()) -> Tags:
    """Read the tags of a recording whose container was examined before.

    Args:
        source: Its bytes.
        container: As `listen_datasets.containers` names it.
        wanted: Canonical names, see `NAMES`, or `ALL` for those that are not personal.
    """
    entries, troubles = _gathered(Allowance(source), container)
    if not entries and not troubles:
        return _NONE
    counts = privacy.counts(entries)
    flaws = Flaws()
    values = _values(entries, wanted, flaws)
    problems = [*_personal(counts), *flaws.problems()]
    if troubles:
        message = f"some tags were not read: {'; '.join(map(visible, dict.fromkeys(troubles)))}"
        problems.append(Problem("tags.unreadable", "warning", message))
    return Tags(values, counts, tuple(problems))


def _gathered(source: Allowance, container: str) -> tuple[list[Entry], list[str]]:
    """Return all tags, and why some could not be read; damage in one section leaves the others as they are."""
    entries: list[Entry] = []
    troubles: list[str] = []
    sections = chain(_sections(source, container), [_old(entries, source)] if container == "mp3" else [])
    while True:
        try:
            section = next(sections, None)
            if section is None:
                break
            entries.extend(islice(section, MAX_ENTRIES + 1 - len(entries)))
        except Unreadable as trouble:
            troubles.append(str(trouble))
        if len(entries) > MAX_ENTRIES or len(troubles) >= MAX_TROUBLES:
            troubles.append("there are too many")
            break
    return entries, troubles


def _old(entries: Sequence[Entry], source: Allowance) -> Iterator[Entry]:
    """Yield what ID3v1 says of fields that are not filled otherwise: there its texts are the same, cut to 30 bytes."""
    filled = {entry.name for entry in entries}
    yield from (entry for entry in id3.v1_entries(source) if entry.name not in filled)


def _sections(source: ByteSource, container: str) -> Sections:
    start = 0
    for _ in range(MAX_TAGS):
        length = around.before(source, start)
        if not length:
            break
        yield id3.entries(Part(source, start))
        start += length
    reader = _READERS.get(container)
    if reader is not None and start < source.size:
        yield from reader(Part(source, start) if start else source)


_READERS: dict[str, Callable[[ByteSource], Sections]] = {
    "wav": lambda source: chunked.sections(source, "wav"),
    "rf64": lambda source: chunked.sections(source, "rf64"),
    "aiff": lambda source: chunked.sections(source, "aiff"),
    "caf": lambda source: chunked.sections(source, "caf"),
    "flac": vorbis.flac_sections,
    "ogg": vorbis.ogg_sections,
    "mp4": mp4.sections,
}


def _values(entries: Sequence[Entry], wanted: Sequence[str], flaws: Flaws) -> dict[str, str]:
    by_name: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.text.strip():
            by_name[entry.name].append(entry)
    values: dict[str, str] = {}
    for name in chosen(wanted):
        # Where the star alone asks for it: an address in a comment is as personal as one in a field of its own.
        kept = [entry for entry in by_name.get(name, ()) if name in wanted or not privacy.kinds(entry)]
        if kept:
            values[name] = "; ".join(dict.fromkeys(flaws.mended(entry) for entry in kept))
    return values


def _personal(counts: dict[str, int]) -> Iterator[Problem]:
    if counts:
        found = ", ".join(f"{kind} {count}" for kind, count in counts.items())
        hint = "readers of the published file see them; strip the tags from a copy if that is not meant"
        if counts.keys() <= {"device_serial"}:
            yield Problem("privacy.serials", "note", f"embedded tags hold serial numbers ({found})", hint, {**counts})
        else:
            yield Problem("privacy.tags", "warning", f"embedded tags hold personal content ({found})", hint, {**counts})
