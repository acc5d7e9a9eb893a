"""What an archive is found to hold: members that can be opened, by path, and everything else with its reason."""

from __future__ import annotations

import heapq
import operator
from collections.abc import Callable, Iterator

from listen_datasets.inputs import Found, InputProblem, Kind
from listen_datasets.stores.members import Limits, Member, Names, nested


class Roster:
    """Takes the members of one archive in, in the order of the archive, and gives them back sorted."""

    def __init__(self, archive: str, limits: Limits) -> None:
        """Begin with none.

        Args:
            archive: What the archive itself is called where it is reported.
            limits: How much may be in it.
        """
        self._archive = archive
        self._limits = limits
        self._ordinals: dict[str, int] = {}
        self._others: list[Found] = []
        self._names = Names()
        self._count = 0
        self._bytes = 0

    def count(self, size: int) -> None:
        """Count a member of any kind.

        Raises:
            InputProblem: ``input.archive_limit``.
        """
        self._count += 1
        self._bytes += size
        if self._count > self._limits.members:
            raise InputProblem("input.archive_limit", f"it has more than {self._limits.members:,} members")
        if self._bytes > self._limits.bytes:
            raise InputProblem("input.archive_limit", f"its members have more than {self._limits.bytes:,} bytes")

    def admit(self, member: Member, ordinal: int, size: int, kind: Kind, problem: InputProblem | None = None) -> None:
        """Take a member in: for opening if nothing speaks against it, else for the report.

        Args:
            member: Its name.
            ordinal: The number to remember it by.
            size: Its bytes.
            kind: What it is.
            problem: Why it cannot be read, whatever its name is.
        """
        path, junk = member.path, member.junk
        self._names.add(path)
        if member.problem is not None:
            odd = member.problem.code == "input.odd_name"
            self._others.append(Found(path, "odd_name" if odd else "refused", problem=member.problem))
        elif kind != "file" or junk:
            self._others.append(Found(path, kind, junk, size if kind == "file" else None))
        elif (archive := nested(path)) is not None:
            self._others.append(Found(path, "unreadable", bytes=size, problem=archive))
        elif problem is not None or path in self._ordinals:
            self._refuse(path, size, problem or self._names.problem(path))
        else:
            self._ordinals[path] = ordinal

    def give_up(self, problem: InputProblem) -> None:
        """Report that the archive cannot be read to its end."""
        self._others.append(Found(self._archive, "unreadable", problem=problem))

    def withdraw(self, path: str, size: int, problem: InputProblem) -> None:
        """Refuse a member that was taken in, if it was."""
        if self._ordinals.pop(path, None) is not None:
            self._refuse(path, size, problem)

    def ordinal(self, path: str) -> int | None:
        """Return the number of a member that can be opened."""
        return self._ordinals.get(path)

    def found(self, described: Callable[[str, int], Found]) -> Iterator[Found]:
        """Yield everything, sorted by path.

        Args:
            described: Gives path and number of a member what is known of it.
        """
        others = sorted(self._others, key=operator.attrgetter("path"))
        return heapq.merge(self._files(described), others, key=operator.attrgetter("path"))

    def _files(self, described: Callable[[str, int], Found]) -> Iterator[Found]:
        for path in sorted(self._ordinals):
            found = described(path, self._ordinals[path])
            problem = self._names.problem(path)
            yield found if problem is None else Found(path, "refused", bytes=found.bytes, problem=problem)

    def _refuse(self, path: str, size: int, problem: InputProblem | None) -> None:
        self._others.append(Found(path, "refused", bytes=size, problem=problem))
