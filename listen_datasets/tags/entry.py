"""What readers of tags hand over, and how much they may read.

Tags are the part of a recording that strangers fill in most freely: a few bytes may claim gigabytes, or hold a hundred
thousand entries. So everything is read through an `Allowance`, and what goes beyond it is left unread and said.
"""

from __future__ import annotations

from typing import NamedTuple

from listen_datasets.containers.structure import ByteSource, Part

MAX_ENTRIES = 1_000
"""Tags of one file that are read."""

MAX_ENTRY = 1 << 15
"""Bytes of a tag that are read; the rest of a longer one is left out."""

MAX_BYTES = 2 << 20
"""Bytes that are read for the tags of one file."""

MAX_READS = 50_000
"""Places that are looked at for the tags of one file."""


class Entry(NamedTuple):
    """One tag.

    Attributes:
        name: Its canonical name, see `listen_datasets.tags.names`; its own name in lower case if it has none.
        text: Its value; bytes that are no text in the tag's encoding are escaped or replaced.
        is_valid: Whether there were no such bytes.
    """

    name: str
    text: str
    is_valid: bool = True


class Unreadable(Exception):  # noqa: N818 - it becomes a problem of the recording, not an error of lds
    """Why tags, or what follows them, are left unread. Caught in this package and kept there as a value."""


class Held:
    """Bytes in memory as a source."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes there, fewer only at the end."""
        return self._data[offset : offset + length]


class Window(Part):
    """A stretch of a source from one place to another."""

    def __init__(self, source: ByteSource, start: int, end: int) -> None:
        super().__init__(source, start)
        self.size = end - start

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes there, fewer only at the end."""
        return super().read(offset, max(min(length, self.size - offset), 0))


class Allowance:
    """A source of which only so much may be read.

    Raises `Unreadable` when more is asked for.
    """

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._bytes = MAX_BYTES
        self._reads = MAX_READS
        self.size = source.size

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes there, fewer only at the end.

        Raises:
            Unreadable: All that may be read was read.
        """
        data = self._source.read(offset, min(length, MAX_BYTES + 1))
        self._bytes -= len(data)
        self._reads -= 1
        if self._bytes < 0 or self._reads < 0:
            raise Unreadable(
                f"they are larger than the {MAX_BYTES >> 20} MiB, or more than the entries, that lds reads"
            )
        return data


def unspecified(name: str, data: bytes) -> Entry:
    """Return a tag in whose format no encoding is declared: UTF-8, of which ASCII is a part, or escaped bytes.

    What follows a NUL is padding.
    """
    text = data.split(b"\0", 1)[0]
    try:
        return Entry(name, text.decode().strip())
    except UnicodeDecodeError:
        return Entry(name, text.decode("utf-8", "backslashreplace").strip(), is_valid=False)
