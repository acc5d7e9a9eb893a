"""Which members a tar archive has and where they lie, found out by reading it forwards and no further than needed."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

from listen_datasets.inputs import Found, InputProblem, Kind
from listen_datasets.stores.content import Content
from listen_datasets.stores.members import Limits, judged
from listen_datasets.stores.roster import Roster
from listen_datasets.stores.tar_headers import Entry, entries
from listen_datasets.stores.tar_sparse import Extent

_KINDS: dict[bytes, Kind] = {b"1": "link", b"2": "link", b"3": "special", b"4": "special", b"6": "special"}
_MAX_PIECES = 1 << 18
_VOLUME_LABEL, _CONTINUED = b"V", b"M"


class Place(NamedTuple):
    """Where a member lies.

    Attributes:
        offset: Where its data begins.
        stored: Bytes of data in the archive.
        size: Bytes of the file.
        extents: Where the stored bytes belong; None if the file is not sparse.
    """

    offset: int
    stored: int
    size: int
    extents: tuple[Extent, ...] | None = None


class TarIndex:
    """The members of an archive.

    Attributes:
        content: The archive.
    """

    def __init__(self, content: Content, limits: Limits, name: str) -> None:
        """Begin at the beginning; nothing is read yet.

        Args:
            content: The archive.
            limits: How much may be in it.
            name: What the archive itself is called where it is reported.
        """
        self.content = content
        self._entries = entries(content)
        self._roster = Roster(name, limits)
        self._offsets = array("Q")
        self._sizes = array("Q")
        self._sparse: dict[int, Place] = {}
        self._pieces = 0
        self._last: tuple[str, Entry] | None = None

    def find(self, path: str) -> Place | None:
        """Return where a member lies; None if there is none of that name that can be read."""
        while (ordinal := self._roster.ordinal(path)) is None:
            if not self._advance():
                return None
        size = self._sizes[ordinal]
        return self._sparse.get(ordinal) or Place(self._offsets[ordinal], size, size)

    def found(self, stamp: str) -> Iterator[Found]:
        """Read to the end and yield the members sorted by path.

        Args:
            stamp: What says that the archive is unchanged.
        """

        def described(path: str, ordinal: int) -> Found:
            size, offset = self._sizes[ordinal], self._offsets[ordinal]
            return Found(path, "file", bytes=size, stamp=f"{stamp}-{offset}-{size}", position=offset)

        while self._advance():
            pass
        return self._roster.found(described)

    def _advance(self) -> bool:
        """Take in one more member; False at the end, or where the archive cannot be read on."""
        try:
            entry = next(self._entries, None)
            if entry is not None:
                self._count(entry)
        except InputProblem as problem:
            self._entries = iter(())
            self._give_up(problem)
            return False
        if entry is not None:
            self._take(entry)
        return entry is not None

    def _count(self, entry: Entry) -> None:
        self._roster.count(entry.size)
        self._pieces += len(entry.extents or ())
        if self._pieces > _MAX_PIECES:
            raise InputProblem("input.archive_limit", f"its sparse members have more than {_MAX_PIECES:,} pieces")

    def _take(self, entry: Entry) -> None:
        member = judged(entry.name)
        self._last = (member.path, entry)
        if entry.is_folder or entry.type == _VOLUME_LABEL:
            return
        rest = InputProblem("input.member_damaged", "it is the rest of a member that another archive begins")
        kind = _KINDS.get(entry.type, "file")
        self._roster.admit(member, len(self._offsets), entry.size, kind, rest if entry.type == _CONTINUED else None)
        if entry.extents is not None:
            self._sparse[len(self._offsets)] = Place(entry.offset, entry.stored, entry.size, entry.extents)
        self._offsets.append(entry.offset)
        self._sizes.append(entry.size)

    def _give_up(self, problem: InputProblem) -> None:
        """Report the archive, and its last member if that is not all there."""
        self._roster.give_up(problem)
        if self._last is not None and self._last[1].end > self.content.reached:
            path, entry = self._last
            code = "input.archive_limit" if problem.code == "input.archive_limit" else "input.member_damaged"
            self._roster.withdraw(path, entry.size, InputProblem(code, f"it is not all there: {problem.reason}"))
