"""Ids of recordings: made of their content, and kept for ever once given."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

from listen_datasets.intake import Recording

STEM = 20
"""Hex digits of the sha256 that an id begins with: 80 bits, so that a million recordings meet by chance once in 10^12."""


def recording_ids(found: Iterable[tuple[Recording, str]], earlier: Mapping[Recording, tuple[str, str]]) -> list[str]:
    """Return an id for every recording.

    A recording keeps the id it had. Of other copies of the same bytes, a renamed one takes over the id of the one that is
    gone, and a new one gets the lowest number that is free; both in the order of their paths.

    Args:
        found: Recording and sha256 of each (n), sorted by source and path; gone through several times.
        earlier: sha256 and id of those that were there before.
    """
    kept: dict[Recording, str] = {}
    for recording, sha256 in found:
        before = earlier.get(recording)
        if before is not None and before[0] == sha256:
            kept[recording] = before[1]
    freed = _by_stem(name for recording, (_, name) in earlier.items() if recording not in kept)
    taken = _by_stem(kept.values())
    copies = Counter(sha256[:STEM] for recording, sha256 in found if recording not in kept)
    numbered = {
        stem: _free(stem, freed, taken)
        for stem, number in copies.items()
        if number > 1 or stem in freed or stem in taken
    }
    del copies  # as large as the rest together

    def given(sha256: str) -> str:
        stem = sha256[:STEM]
        return next(numbered[stem]) if stem in numbered else stem

    return [kept.get(recording) or given(sha256) for recording, sha256 in found]


def _by_stem(names: Iterable[str]) -> dict[str, list[str]]:
    stems: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        stems[name[:STEM]].append(name)
    return stems


def _free(stem: str, freed: Mapping[str, Sequence[str]], taken: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield ids that may be given to copies of some bytes."""
    old = sorted(freed.get(stem, ()), key=lambda name: (len(name), name))
    yield from old
    used = {*old, *taken.get(stem, ())}
    for number in count():
        name = f"{stem}-{number}" if number else stem
        if name not in used:
            yield name
