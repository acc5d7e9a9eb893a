"""Members of a tar shard as samples: everything with one key, which is the name up to its first dot.

Readers of WebDataset put together the members of one key that follow each other. Where a key comes back later in the
shard, or where dots in names make several samples share a key, they silently give other samples than were written
(https://github.com/webdataset/webdataset, ``group_by_keys``). Here such members still find each other, and it is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from listen_datasets import catalogue
from listen_datasets.inputs import Found, is_audio
from listen_datasets.model import Finding
from listen_datasets.text import visible

JSON = "json"
TEXTS = frozenset(
    {"cls", "cls2", "id", "lab", "label", "lang", "language", "speaker", "spk", "text", "trans", "transcript", "txt"}
)
"""Extensions of members that hold one text about the sample."""


@dataclass(frozen=True)
class Part:
    """A member of a sample.

    Attributes:
        found: The member as the archive gave it.
        infix: What stands between the first dot of its name and its extension; empty for nothing.
        kind: Its extension in lower case.
    """

    found: Found
    infix: str
    kind: str


@dataclass
class Sample:
    """Everything in a shard that has one key.

    Attributes:
        key: Folder and name up to the first dot.
        sounds: Its recordings, those that cannot be opened among them.
        sidecars: What says something about them.
        is_scattered: Whether members of other samples lie between its own.
    """

    key: str
    sounds: list[Part] = field(default_factory=list)
    sidecars: list[Part] = field(default_factory=list)
    is_scattered: bool = False

    def about(self, sound: Part) -> Iterator[Part]:
        """Yield what is said about one of its recordings, and not about another one of them."""
        others = {part.infix for part in self.sounds} - {sound.infix, ""}
        return (part for part in self.sidecars if part.infix not in others)

    def is_merged(self) -> bool:
        """Tell whether it is several samples whose names have dots."""
        infixes = {part.infix for part in self.sounds} - {""}
        described = infixes & {part.infix for part in self.sidecars}
        return len(infixes) > 1 and (len(described) > 1 or all(infix[0].isdigit() for infix in infixes))


def part_of(found: Found) -> tuple[str, Part] | None:
    """Return the key of a member, and what it is there; None if its name has no dot, so that it is of no sample."""
    folder, slash, name = found.path.rpartition("/")
    stem, dot, ending = name.partition(".")
    if not dot or not stem:
        return None
    infix, _, kind = ending.rpartition(".")
    return f"{folder}{slash}{stem}", Part(found, infix, kind.lower())


def grouped(members: Sequence[Found]) -> tuple[list[Sample], list[Found]]:
    """Return the samples in a shard, and what is of none.

    Args:
        members: In the order of the archive.
    """
    samples: dict[str, Sample] = {}
    rest: list[Found] = []
    begun: set[str] = set()
    last: str | None = None
    for found in members:
        placed = None if found.junk else part_of(found)
        if placed is None:
            rest.append(found)
            continue
        key, part = placed
        sample = samples.setdefault(key, Sample(key))
        if found.kind == "file":  # others have no place in the archive
            sample.is_scattered |= key != last and key in begun
            begun.add(key)
            last = key
        if is_audio(found.path):
            sample.sounds.append(part)
        elif found.kind == "file" and (part.kind == JSON or part.kind in TEXTS):
            sample.sidecars.append(part)
        else:
            rest.append(found)
    return [sample for sample in samples.values() if sample.sounds or sample.sidecars], rest


def oddities(sample: Sample, shard: str) -> Iterator[Finding]:
    """Yield what readers would make of a sample that is not what was written."""
    place = f"{shard}/{sample.key}"
    if sample.is_scattered:
        yield catalogue.finding(
            "input.scattered_sample",
            f"The members of the sample {visible(sample.key)} do not follow each other in the shard.",
            path=place,
        )
    if sample.is_merged():
        yield catalogue.finding(
            "input.merged_samples",
            f"Several samples have the key {visible(sample.key)}, because their names have dots.",
            path=place,
            evidence={"recordings": len(sample.sounds)},
        )
    elif sum(part.found.kind == "file" for part in sample.sounds) > 1:
        yield catalogue.finding(
            "input.several_sounds",
            f"The sample {visible(sample.key)} holds several recordings, each of which is one here.",
            path=place,
            evidence={"recordings": len(sample.sounds)},
        )
