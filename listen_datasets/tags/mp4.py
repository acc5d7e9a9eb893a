"""Tags of MPEG-4 and QuickTime files, in atoms below ``moov``.

As with ID3, the atoms are walked through here and tinytag, which knows what the items of iTunes mean, gets a small file
that is made of those that hold texts.

Sources: ISO/IEC 14496-12 (boxes); Apple, "QuickTime File Format" (user data, metadata keys).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from tinytag import TinyTag, TinyTagException

from listen_datasets.containers.structure import ByteSource
from listen_datasets.tags.entry import MAX_ENTRIES, MAX_ENTRY, Entry, Unreadable, unspecified
from listen_datasets.tags.names import COMMON, QUICKTIME

_PREFIX = "com.apple.quicktime."
_DATA_HEADER = 8  # type and language
_TEXT = 1  # of the types that the data of an item may have: UTF-8


@dataclass(frozen=True, slots=True)
class _Atom:
    id: bytes
    start: int
    end: int


def sections(source: ByteSource) -> Iterator[Iterator[Entry]]:
    """Yield the tags of the file, of its user data and of its metadata."""
    for moov in _named(source, 0, source.size, b"moov"):
        for atom in _atoms(source, moov.start, moov.end):
            if atom.id == b"udta":
                yield _user_data(source, atom)
                for meta in _named(source, atom.start, atom.end, b"meta"):
                    yield _items(source, meta)
            elif atom.id == b"meta":
                yield _keyed(source, atom)


def _atoms(source: ByteSource, at: int, end: int) -> Iterator[_Atom]:
    """Yield the atoms of a stretch."""
    for _ in range(MAX_ENTRIES):
        header = source.read(at, min(16, end - at))
        if len(header) < 8:
            return
        size, start = int.from_bytes(header[:4], "big"), at + 8
        if size == 1:
            size, start = int.from_bytes(header[8:16], "big"), at + 16
        stop = end if size == 0 else at + size
        if not start <= stop <= end:
            raise Unreadable(f"the atom at byte {at:,} ends beyond the one that it lies in")
        yield _Atom(header[4:8], start, stop)
        at = stop
    raise Unreadable(f"there are more than {MAX_ENTRIES:,} atoms in one")


def _named(source: ByteSource, at: int, end: int, name: bytes) -> Iterator[_Atom]:
    return (atom for atom in _atoms(source, at, end) if atom.id == name)


def _inside(source: ByteSource, meta: _Atom) -> dict[bytes, _Atom]:
    """Return the atoms in ``meta``, which begins with four bytes of version and flags in MPEG-4 but not in QuickTime."""
    is_plain = source.read(meta.start + 4, 4) == b"hdlr"
    return {atom.id: atom for atom in _atoms(source, meta.start if is_plain else meta.start + 4, meta.end)}


def _user_data(source: ByteSource, udta: _Atom) -> Iterator[Entry]:
    """Yield the texts of QuickTime (two bytes of length, two of language, the text) and the place that 3GPP writes."""
    for atom in _atoms(source, udta.start, udta.end):
        key = atom.id.decode("latin-1")
        if key == "loci" or (key.startswith("\xa9") and atom.end - atom.start > 4):
            text = source.read(atom.start + 4, min(max(atom.end - atom.start - 4, 0), MAX_ENTRY))
            yield unspecified(QUICKTIME.get(key, key), text)


def _items(source: ByteSource, meta: _Atom) -> Iterator[Entry]:
    """Yield the items of an iTunes list, as tinytag understands them."""
    ilst = _inside(source, meta).get(b"ilst")
    if ilst is None:
        return
    made = _box(b"meta", bytes(4) + _box(b"ilst", b"".join(_whole(source, ilst))))
    made = _box(b"ftyp", b"M4A \0\0\0\0") + _box(b"moov", _box(b"udta", made))
    try:
        found = TinyTag.get(file_obj=io.BytesIO(made), duration=False, image=False)
    except TinyTagException as error:
        raise Unreadable(f"the list of items cannot be read: {error}") from error
    for key, values in found.as_dict().items():
        name = QUICKTIME.get(key, COMMON.get(key, key))
        for value in values if isinstance(values, list) else ():
            yield Entry(name, str(value), "\ufffd" not in str(value))


def _whole(source: ByteSource, ilst: _Atom) -> Iterator[bytes]:
    """Yield the items that are no pictures and not too long, and in which all that lies there fits."""
    values = 0
    for item in _atoms(source, ilst.start, ilst.end):
        if item.id == b"covr" or item.end - item.start > MAX_ENTRY:
            continue
        parts = list(_atoms(source, item.start, item.end))
        if any(part.end - part.start < _DATA_HEADER for part in parts if part.id == b"data"):
            raise Unreadable("an item of the list is too short")
        # An item may hold many values, and tinytag looks for each among those before it.
        values += len(parts)
        if values > MAX_ENTRIES:
            raise Unreadable(f"there are more than {MAX_ENTRIES:,} values in the list of items")
        yield _box(item.id, source.read(item.start, item.end - item.start))


def _box(name: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + name + body


def _keyed(source: ByteSource, meta: _Atom) -> Iterator[Entry]:
    """Yield the metadata of QuickTime: a list of keys, and items that are numbered by it."""
    inside = _inside(source, meta)
    if b"keys" not in inside or b"ilst" not in inside:
        return
    keys = [
        source.read(key.start, min(key.end - key.start, 256)).decode("utf-8", "replace").removeprefix(_PREFIX).lower()
        for key in _atoms(source, inside[b"keys"].start + 8, inside[b"keys"].end)
    ]
    for item in _atoms(source, inside[b"ilst"].start, inside[b"ilst"].end):
        number = int.from_bytes(item.id, "big") - 1
        for data in _named(source, item.start, item.end, b"data"):
            if number < len(keys) and source.read(data.start, 4) == _TEXT.to_bytes(4, "big"):
                value = source.read(data.start + 8, min(max(data.end - data.start - 8, 0), MAX_ENTRY))
                text = value.decode("utf-8", "backslashreplace")
                yield Entry(QUICKTIME.get(keys[number], keys[number]), text)
