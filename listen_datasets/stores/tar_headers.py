"""The headers of a tar archive, one after the other: ustar, GNU and PAX, with sparse files.

Source: POSIX.1-2024, `pax`, sections "ustar Interchange Format" and "pax Extended Header"; the GNU tar manual, "Basic Tar
Format" and "Storing Sparse Files". Nothing in a header is believed: numbers are in range, extensions are short, and
the check sum is right, or the archive is damaged from there on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from listen_datasets.inputs import InputProblem
from listen_datasets.stores.content import LARGEST, Content, damaged
from listen_datasets.stores.tar_sparse import Extent, sparse_map
from listen_datasets.text import visible

BLOCK = 512
MAX_EXTENSION = 1 << 20
"""Bytes of a long name or of an extended header."""

_MAX_EXTENSIONS = 16
_ZEROS = bytes(BLOCK)
_TAIL = 1 << 20
_RECORD = re.compile(rb"(\d{1,10}) ")
# Links and folders have no data whatever their size says; what is unknown counts as a file, as POSIX asks.
_WITHOUT_DATA = frozenset(b"123456")
_FILES = frozenset(b"0\x007S")
# What is not used is not kept either: it could be gigabytes, and global values are looked at for each member.
_USED = frozenset(
    {
        "path",
        "size",
        "mtime",
        "GNU.sparse.name",
        "GNU.sparse.major",
        "GNU.sparse.realsize",
        "GNU.sparse.size",
        "GNU.sparse.map",
    }
)
_GLOBAL, _EXTENDED, _SOLARIS, _LONG_NAME, _LONG_LINK = b"g", b"x", b"X", b"L", b"K"


class Entry(NamedTuple):
    """What one header says.

    Attributes:
        name: As it stands there.
        type: The type flag, one byte: ``0`` for a file, ``1`` and ``2`` for links, ``5`` for a folder.
        offset: Where its data begins.
        stored: Bytes of data in the archive.
        size: Bytes of the file; more than `stored` if it is sparse.
        mtime: As it stands there.
        extents: Where the stored bytes belong; None if the file is not sparse.
    """

    name: bytes
    type: bytes
    offset: int
    stored: int
    size: int
    mtime: bytes
    extents: tuple[Extent, ...] | None = None

    @property
    def end(self) -> int:
        """Return where its data ends."""
        return self.offset + self.stored

    @property
    def is_file(self) -> bool:
        """Tell whether it is a regular file."""
        return self.type[0] in _FILES and not self.name.endswith(b"/")

    @property
    def is_folder(self) -> bool:
        """Tell whether it is a folder; the oldest archives say so by a slash alone."""
        return self.type == b"5" or (self.type[0] in _FILES and self.name.endswith(b"/"))


def entries(content: Content) -> Iterator[Entry]:
    """Yield the headers of the members in the order of the archive. Their data is passed by, not looked at.

    Raises:
        InputProblem: ``input.archive_damaged``: a header is damaged, data or end marker are missing, or more follows the
            end; or what `content` raises. What was yielded before holds, but for a last entry whose data is cut short.
    """
    offset = 0
    common: dict[str, bytes] = {}
    while (found := _next_entry(content, offset, common)) is not None:
        yield found
        if found.stored and not content.at(found.end - 1, 1):
            raise damaged(f"it ends inside the member {visible(_shown(found.name))}")
        offset = _padded(found.end)


def is_header(block: bytes) -> bool:
    """Tell whether bytes begin with a header of a member."""
    try:
        _check_header(block[:BLOCK], 0)
    except InputProblem:
        return False
    return bool(block[0])


def _next_entry(content: Content, offset: int, common: dict[str, bytes]) -> Entry | None:
    """Return the next member with what the extension headers before it say; None at the end of the archive."""
    own: dict[str, bytes] = {}
    is_announced = False
    for _ in range(_MAX_EXTENSIONS):
        block = content.at(offset, BLOCK)
        if block == _ZEROS:
            if is_announced:
                raise damaged(f"at byte {offset:,} it ends where a member is announced")
            _check_tail(content, offset + BLOCK)
            return None
        _check_header(block, offset)
        kind, size = block[156:157], _number(block[124:136], offset)
        if kind not in {_GLOBAL, _EXTENDED, _SOLARIS, _LONG_NAME, _LONG_LINK}:
            return _entry(content, block, offset, {**common, **own})
        is_announced = is_announced or kind != _GLOBAL
        _extend(own, common, kind, _extension(content, offset + BLOCK, size))
        offset = _padded(offset + BLOCK + size)
    raise damaged(f"at byte {offset:,} there are more than {_MAX_EXTENSIONS} extension headers for one member")


def _check_header(block: bytes, offset: int) -> None:
    if not block:
        raise damaged("its end marker is missing, so it may have been cut there")
    if len(block) < BLOCK:
        raise damaged(f"it ends inside the header at byte {offset:,}")
    outside = block[:148] + block[156:]
    stated, total = _number(block[148:156], offset), sum(outside) + 8 * 32
    # Old programs summed signed bytes.
    if stated != total and stated != total - 256 * sum(byte > 127 for byte in outside):
        raise damaged(f"the header at byte {offset:,} is damaged: its check sum is {total}, not {stated}")


def _check_tail(content: Content, offset: int) -> None:
    """Read on to the end, past a second block of zeros and padding."""
    while piece := content.at(offset, _TAIL):
        if piece.count(0) != len(piece):
            raise damaged("more data follows its end marker; archives that were joined are read to the first end only")
        offset += len(piece)


def _extension(content: Content, offset: int, size: int) -> bytes:
    if size > MAX_EXTENSION:
        raise damaged(
            f"the extension header at byte {offset:,} has {size:,} bytes, over the limit of {MAX_EXTENSION:,}"
        )
    data = content.at(offset, size)
    if len(data) < size:
        raise damaged(f"it ends inside the extension header at byte {offset:,}")
    return data


def _extend(own: dict[str, bytes], common: dict[str, bytes], kind: bytes, data: bytes) -> None:
    match kind:
        case b"L":
            own["path"] = data.split(b"\0", 1)[0]
        case b"g":
            common.update(_records(data))
        case b"x" | b"X":
            own.update(_records(data))


def _records(data: bytes) -> dict[str, bytes]:
    """Return the ``length key=value`` lines of an extended header, as far as they are used.

    What GNU tar repeats for a sparse file is joined by commas, which is how its later versions write it.
    """
    values: dict[str, bytes] = {}
    spots: list[bytes] = []
    start = 0
    while start < len(data) and data[start]:
        match = _RECORD.match(data, start)
        end = start + int(match[1]) if match else 0
        key, is_there, value = data[match.end() if match else start : end - 1].partition(b"=")
        # A length that reaches no further than itself would never end.
        if not is_there or end > len(data) or data[end - 1 : end] != b"\n":
            raise damaged("an extended header is not made of `length key=value` lines")
        if key in {b"GNU.sparse.offset", b"GNU.sparse.numbytes"}:
            spots.append(value)
        if (name := key.decode("utf-8", "replace")) in _USED:
            values[name] = value
        start = end
    return {**values, "GNU.sparse.map": b",".join(spots)} if spots else values


def _entry(content: Content, block: bytes, offset: int, extended: Mapping[str, bytes]) -> Entry:
    kind = block[156:157]
    name = extended.get("GNU.sparse.name") or extended.get("path") or _name(block)
    stored = _decimal(extended["size"]) if "size" in extended else _number(block[124:136], offset)
    mtime = extended.get("mtime") or block[136:147].strip(b" \0")
    start = offset + BLOCK
    if kind[0] in _WITHOUT_DATA:
        return Entry(name, kind, start, 0, 0, mtime)
    sparse = sparse_map(content, block, start, stored, extended)
    if sparse is None:
        return Entry(name, kind, start, stored, stored, mtime)
    return Entry(name, kind, sparse.start, sparse.stored, sparse.size, mtime, sparse.extents)


def _name(block: bytes) -> bytes:
    name = block[:100].split(b"\0", 1)[0]
    # GNU tar keeps other things where ustar has the prefix.
    prefix = block[345:500].split(b"\0", 1)[0] if block[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _number(field: bytes, offset: int) -> int:
    """Return a number of a header: octal text, or GNU's binary form for what is larger than that can say."""
    if field[0] == 0x80:
        value = int.from_bytes(field[1:], "big")
    else:
        try:
            value = int(field.strip(b" \0") or b"0", 8)
        except ValueError as error:
            raise damaged(f"the header at byte {offset:,} is damaged: {field!r} is no number") from error
    if not 0 <= value <= LARGEST:
        raise damaged(f"the header at byte {offset:,} is damaged: {value} is no length")
    return value


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 18:
        raise damaged(f"an extended header gives the size {visible(_shown(text))}")
    return int(text)


def _padded(offset: int) -> int:
    return -(-offset // BLOCK) * BLOCK


def _shown(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
