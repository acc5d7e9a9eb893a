"""The ``bext`` chunk of Broadcast Wave files: fields of fixed length.

Source: EBU Tech 3285 version 2 (2011), section 2.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from listen_datasets.tags.entry import Entry, Unreadable, unspecified

_LENGTH = 602
_FIELDS = (
    ("description", 0, 256),
    ("originator", 256, 288),
    ("originator_reference", 288, 320),
    ("origination_date", 320, 330),
    ("origination_time", 330, 338),
    ("coding_history", _LENGTH, None),
)


def entries(body: bytes) -> Iterator[Entry]:
    """Yield the fields; those that are not filled are empty.

    Args:
        body: The chunk, without its header.

    Raises:
        Unreadable: It is too short.
    """
    if len(body) < _LENGTH:
        raise Unreadable(f"a 'bext' chunk has {len(body)} bytes instead of at least {_LENGTH}")
    yield from (unspecified(name, body[start:end]) for name, start, end in _FIELDS)
    # Two halves of 32 bits, the lower one first, which is one little-endian number of 64.
    yield Entry("time_reference", str(int.from_bytes(body[338:346], "little")))
