"""How much work a schema may ask for, proved before any row is looked at.

A few lines of ``$ref`` can ask for 2^30 checks of one value. The work is counted on the schema alone: how many schemas
meet at one place of a row, at most, however the row looks.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from listen_datasets.errors import SchemaError
from listen_datasets.metadata.shown import pointer
from listen_datasets.metadata.strict_json import MAX_DEPTH
from listen_datasets.schema.document import Document
from listen_datasets.schema.keywords import subschemas

MAX_CHECKS = 10_000
"""Most schemas that may apply to one value of a row."""
MAX_WORK = 1_000_000
"""Most schemas that are counted to find out."""

_Place = frozenset[tuple[str, int]]


@dataclass
class _Links:
    """Where the checks of one schema lead, as JSON Pointers: to the same value, to any value below, to a named one."""

    same: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)


_NOWHERE = _Links()


def check_budget(document: Document) -> None:
    """Prove that no value of a row meets more than ``MAX_CHECKS`` schemas.

    Raises:
        SchemaError: One may, or a ``$ref`` leads back to itself without going into the value.
    """
    links = {at: _links(document, at) for at in document.nodes}
    rank = _ranks(links, document.name)
    # How often each schema meets the value at some place of a row; places that look alike are looked at once.
    places = {frozenset({("", 1)})}
    seen: set[_Place] = set()
    work = 0
    for _ in range(MAX_DEPTH):
        seen |= places
        below: set[_Place] = set()
        for place in places:
            meeting = _spread(place, links, rank)
            work += len(meeting)
            if meeting.total() > MAX_CHECKS or work > MAX_WORK:
                message = f"the schema may check one value more than {MAX_CHECKS} times"
                raise SchemaError(message, where=document.name, hint="untangle the $ref that refer to each other")
            below.update(_below(meeting, links))
        places = below - seen
        if not places:
            return


def _links(document: Document, at: str) -> _Links:
    schema, links = document.nodes[at], _Links()
    if (target := document.targets.get(schema.get("$ref", ""))) is not None:
        links.same.append(target)
    for inner in subschemas(schema):
        if isinstance(inner.schema, dict) and inner.place != "apart":
            leads_to = at + pointer(*inner.steps)
            if inner.place == "same":
                links.same.append(leads_to)
            elif inner.steps[0] == "properties":
                links.named[str(inner.steps[1])] = leads_to
            else:
                links.below.append(leads_to)
    return links


def _ranks(links: Mapping[str, _Links], name: str) -> dict[str, int]:
    """Number the schemas so that each comes before those that it applies to the same value."""
    rank: dict[str, int] = {}
    for start in links:
        path: dict[str, Iterator[str]] = {} if start in rank else {start: iter(links[start].same)}
        while path:
            at = next(reversed(path))
            following = next(path[at], None)
            if following is None:
                del path[at]
                rank[at] = -len(rank)
            elif following in path:
                message = "the $ref leads back to itself without going into the value"
                raise SchemaError(message, where=f"{name}#{following}")
            elif following not in rank:
                path[following] = iter(links[following].same)
    return rank


def _spread(place: _Place, links: Mapping[str, _Links], rank: Mapping[str, int]) -> Counter[str]:
    """Return how often each schema meets the value, those among them that are applied by others."""
    meeting = Counter(dict(place))
    todo = [(rank[at], at) for at in meeting]
    heapq.heapify(todo)
    while todo:
        _, at = heapq.heappop(todo)
        for target in links[at].same:
            if target not in meeting:
                heapq.heappush(todo, (rank[target], target))
            meeting[target] = min(meeting[target] + meeting[at], MAX_CHECKS + 1)
    return meeting


def _below(meeting: Mapping[str, int], links: Mapping[str, _Links]) -> Iterator[_Place]:
    """Yield how often each schema may meet a value below, for each name that it may have and for any other name."""
    unnamed: Counter[str] = Counter()
    named: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for at, times in meeting.items():
        for target in links[at].below:
            unnamed[target] += times
        for name, target in links[at].named.items():
            named[name][target] += times
    yield frozenset(unnamed.items())
    for targets in named.values():
        # A schema that leads nowhere needs no closer look, and most columns have one.
        if unnamed or any(links[target] != _NOWHERE for target in targets):
            yield frozenset((unnamed + targets).items())
