"""ID3 tags, at the start and the end of MP3 files and in chunks of other files.

tinytag knows what the frames mean in three versions of ID3, but it believes every length, inflates nothing and knows no
unsynchronisation. So frames are walked through here, and tinytag gets a small tag that is made of the text frames alone:
no pictures, no compressed or encrypted frames, no extended header, and no more than `MAX_ENTRIES` frames.

Sources: id3.org, ID3v1, ID3v2.2.0, ID3v2.3.0, and ID3v2.4.0 (structure and native frames).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tinytag import TinyTag, TinyTagException

from listen_datasets.containers import tags as around
from listen_datasets.containers.structure import ByteSource
from listen_datasets.tags.entry import MAX_ENTRIES, MAX_ENTRY, Entry, Held, Unreadable, Window
from listen_datasets.tags.names import COMMON

V1_LENGTH = 128
MAX_UNSYNCHRONISED = 1 << 20
"""Bytes of a tag that has to be read as a whole because it is unsynchronised as a whole."""

_UNSYNCHRONISED, _EXTENDED, _V22_COMPRESSED = 0x80, 0x40, 0x40
# Frame flags that change what the bytes mean, by version: compressed or encrypted; grouping byte; unsynchronised; length.
_FLAGS = {2: (0, 0, 0, 0), 3: (0xC0, 0x20, 0, 0), 4: (0x0C, 0x40, 0x02, 0x01)}
_ID = re.compile(rb"[A-Z][A-Z0-9]{2,3}\Z")
_TEXT = re.compile(rb"T...?|W...?|COMM?|USLT|ULT")


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame: its id, its second byte of flags, and where its content lies."""

    id: bytes
    flags: int
    start: int
    size: int


def entries(source: ByteSource) -> Iterator[Entry]:
    """Yield the texts of the ID3v2 tag at the start of a source.

    Raises:
        Unreadable: It contradicts its format, or goes beyond what lds reads.
    """
    length = min(around.before(source, 0), source.size)
    if not length:
        return
    head = source.read(0, 10)
    version, flags = head[3], head[5]
    if version not in _FLAGS or (version == 2 and flags & _V22_COMPRESSED):
        raise Unreadable(f"an ID3 tag of version 2.{version} is in a form that nobody writes")
    made: list[bytes] = []
    trouble = None
    try:
        made.extend(_texts(_body(source, length, version, flags), version, flags))
    except Unreadable as error:
        trouble = error
    yield from _interpreted(_tag(version, b"".join(made)))
    if trouble is not None:
        raise trouble


def v1_entries(source: ByteSource) -> Iterator[Entry]:
    """Yield the texts of the ID3v1 tag at the end of a source."""
    tag = source.read(max(source.size - V1_LENGTH, 0), V1_LENGTH)
    if tag.startswith(b"TAG") and len(tag) == V1_LENGTH:
        yield from _interpreted(_tag(4, b"") + tag)


def _body(source: ByteSource, length: int, version: int, flags: int) -> ByteSource:
    if not flags & _UNSYNCHRONISED or version == 4:
        return Window(source, 10, length)
    if length > MAX_UNSYNCHRONISED:
        raise Unreadable(f"an unsynchronised ID3 tag of {length:,} bytes is larger than lds reads")
    return Held(_synchronised(source.read(10, length - 10)))


def _synchronised(data: bytes) -> bytes:
    return data.replace(b"\xff\x00", b"\xff")


def _texts(body: ByteSource, version: int, flags: int) -> Iterator[bytes]:
    """Yield the text frames, each as a whole frame without flags."""
    values = 0
    opaque, grouped, unsynchronised, counted = _FLAGS[version]
    for frame in _frames(body, version, _extended(body, version) if version > 2 and flags & _EXTENDED else 0):
        if not _TEXT.fullmatch(frame.id):
            continue
        if frame.flags & opaque:
            raise Unreadable(f"the ID3 frame {frame.id.decode()} is compressed or encrypted")
        skip = (1 if frame.flags & grouped else 0) + (4 if frame.flags & counted else 0)
        content = body.read(frame.start + skip, min(frame.size - skip, MAX_ENTRY))
        if frame.flags & unsynchronised:
            content = _synchronised(content)
        if not content:
            continue
        # A frame may hold many texts, and tinytag looks for each among those before it.
        values += content.count(b"\0\0" if content[0] in {1, 2} else b"\0") + 1
        if values > MAX_ENTRIES:
            raise Unreadable(f"an ID3 tag has more than {MAX_ENTRIES:,} texts")
        yield _frame(version, frame.id, content)


def _extended(body: ByteSource, version: int) -> int:
    """Return the length of the extended header."""
    size = int.from_bytes(body.read(0, 4), "big") + 4 if version == 3 else _synchsafe(body.read(0, 4))
    if not 6 <= size <= body.size:
        raise Unreadable(f"the extended header of an ID3 tag of {body.size:,} bytes claims {size:,}")
    return size


def _frames(body: ByteSource, version: int, at: int) -> Iterator[_Frame]:
    """Yield all frames up to the padding or the end."""
    id_length, header_length = (3, 6) if version == 2 else (4, 10)
    for _ in range(MAX_ENTRIES):
        header = body.read(at, header_length)
        if len(header) < header_length or not header.strip(b"\0"):
            return
        frame_id = header[:id_length]
        if not _ID.match(frame_id):
            raise Unreadable(f"no ID3 frame begins at byte {at:,} of its tag")
        size = _size(body, version, header, at)
        at += header_length
        if at + size > body.size:
            raise Unreadable(f"the ID3 frame {frame_id.decode()} of {size:,} bytes ends beyond its tag")
        yield _Frame(frame_id, header[9] if version > 2 else 0, at, size)
        at += size
    raise Unreadable(f"an ID3 tag has more than {MAX_ENTRIES:,} frames")


def _size(body: ByteSource, version: int, header: bytes, at: int) -> int:
    if version == 2:
        return int.from_bytes(header[3:6], "big")
    plain = int.from_bytes(header[4:8], "big")
    if version == 3:
        return plain
    size = _synchsafe(header[4:8])
    # Old versions of iTunes wrote plain lengths into tags of version 2.4.
    is_plain = size != plain and not _is_border(body, at + 10 + size) and _is_border(body, at + 10 + plain)
    return plain if is_plain else size


def _is_border(body: ByteSource, at: int) -> bool:
    """Tell whether a frame may end there: at the tag's end, before padding or before another frame."""
    following = body.read(at, 4)
    return at == body.size or following[:1] == b"\0" or bool(_ID.match(following))


def _synchsafe(data: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=False))


def _frame(version: int, frame_id: bytes, content: bytes) -> bytes:
    size = len(content)
    if version == 2:
        return frame_id + size.to_bytes(3, "big") + content
    return frame_id + (_as_synchsafe(size) if version == 4 else size.to_bytes(4, "big")) + b"\0\0" + content


def _as_synchsafe(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def _tag(version: int, frames: bytes) -> bytes:
    # tinytag stops some bytes before the end, and takes a "TAG" among the last 128 bytes of a file for ID3v1.
    padded = frames + bytes(V1_LENGTH)
    return b"ID3" + bytes([version, 0, 0]) + _as_synchsafe(len(padded)) + padded


def _interpreted(tag: bytes) -> Iterator[Entry]:
    """Yield what tinytag reads in a tag that was made here."""
    try:
        found = TinyTag.get(file_obj=io.BytesIO(tag), duration=False, image=False)
    except TinyTagException as error:
        raise Unreadable(f"an ID3 tag cannot be read: {error}") from error
    for key, values in found.as_dict().items():
        if isinstance(values, list):
            for value in values:
                yield Entry(COMMON.get(key, key), str(value), "\ufffd" not in str(value))
