"""Sparse members of tar archives: which stored bytes belong where, in the four ways that GNU tar has written it.

Source: the GNU tar manual, "Storing Sparse Files".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from listen_datasets.stores.content import LARGEST, Content, damaged

MAX_EXTENTS = 1 << 16
"""Stored pieces of one sparse file."""

_BLOCK = 512
_FIELD = 12
_LONGEST_MAP = 48 * MAX_EXTENTS


class Extent(NamedTuple):
    """A piece of a sparse file: where it belongs, and its bytes. All else are zeros."""

    offset: int
    length: int


class Sparse(NamedTuple):
    """What is known of a sparse file.

    Attributes:
        start: Where its stored data begins.
        stored: Bytes of stored data.
        size: Bytes of the file.
        extents: Its pieces in order.
    """

    start: int
    stored: int
    size: int
    extents: tuple[Extent, ...]


def sparse_map(
    content: Content, header: bytes, start: int, stored: int, extended: Mapping[str, bytes]
) -> Sparse | None:
    """Return the map of a sparse member; None if it is an ordinary file.

    Args:
        content: The archive.
        header: The member's header.
        start: Where what follows the header begins.
        stored: Bytes of data that the header gives.
        extended: What extension headers say.

    Raises:
        InputProblem: ``input.archive_damaged``: the map makes no sense.
    """
    if header[156:157] == b"S":
        numbers, behind = _in_headers(content, header, start)
        return _checked(behind, stored, _octal(header[483:495]), numbers)
    if extended.get("GNU.sparse.major") == b"1":
        numbers, length = _in_data(content.at(start, min(stored, _LONGEST_MAP)))
        size = _decimal(extended.get("GNU.sparse.realsize", b""))
        return _checked(start + length, stored - length, size, numbers)
    if "GNU.sparse.map" in extended:
        numbers = [_decimal(text) for text in extended["GNU.sparse.map"].split(b",") if text]
        return _checked(start, stored, _decimal(extended.get("GNU.sparse.size", b"")), numbers)
    return None


def _in_headers(content: Content, header: bytes, start: int) -> tuple[list[int], int]:
    """Return the numbers of an old GNU map, and where the data behind its last block begins."""
    numbers = list(_fields(header[386:482]))
    goes_on = header[482]
    while goes_on and len(numbers) <= 2 * MAX_EXTENTS:
        block = content.at(start, _BLOCK)
        if len(block) < _BLOCK:
            raise damaged("it ends inside the map of a sparse file")
        numbers += _fields(block[:504])
        goes_on = block[504]
        start += _BLOCK
    return numbers, start


def _fields(data: bytes) -> Iterator[int]:
    """Yield the numbers of a block of an old map; unused places are empty."""
    for at in range(0, len(data), 2 * _FIELD):
        if data[at + _FIELD]:
            yield _octal(data[at : at + _FIELD])
            yield _octal(data[at + _FIELD : at + 2 * _FIELD])


def _in_data(text: bytes) -> tuple[list[int], int]:
    """Return the numbers of the map that stands before the data, a line each, and its length with padding."""
    first, _, rest = text.partition(b"\n")
    count = 2 * _decimal(first)
    lines = rest.split(b"\n", count)[:count] if count <= 2 * MAX_EXTENTS else []
    if len(lines) < count:
        raise damaged("the map of a sparse file is too long, or cut short")
    length = len(first) + 1 + sum(len(line) + 1 for line in lines)
    return [_decimal(line) for line in lines], -(-length // _BLOCK) * _BLOCK


def _checked(start: int, stored: int, size: int, numbers: Sequence[int]) -> Sparse:
    """Return a map whose pieces lie in order inside the file and are what is stored.

    Raises:
        InputProblem: They do not.
    """
    extents = tuple(Extent(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=False))
    ends = [extent.offset + extent.length for extent in extents]
    is_ordered = all(end <= after.offset for end, after in zip(ends, extents[1:], strict=False))
    is_inside = max(ends, default=0) <= size <= LARGEST
    is_stored = sum(extent.length for extent in extents) == stored
    if len(numbers) % 2 or len(extents) > MAX_EXTENTS or not (is_ordered and is_inside and is_stored):
        raise damaged("the map of a sparse file makes no sense")
    return Sparse(start, stored, size, extents)


def _octal(field: bytes) -> int:
    try:
        return int.from_bytes(field[1:], "big") if field[0] == 0x80 else int(field.strip(b" \0") or b"0", 8)
    except ValueError as error:
        raise damaged("the map of a sparse file holds what is no number") from error


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 18:
        raise damaged("the map of a sparse file holds what is no number")
    return int(text)
