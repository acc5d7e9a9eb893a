"""The packets of Apple Lossless in a Core Audio file, whose table is all that says how much there should be.

Source: Apple, "Core Audio Format Specification 1.0" (2006), section "Packet Table Chunk".
"""

from __future__ import annotations

import struct

import numpy as np

from listen_datasets.containers.chunks import Chunk
from listen_datasets.containers.structure import ByteSource, Problem, inconsistent, malformed, truncated

MAX_TABLE = 1 << 26
"""Bytes of a packet table; three a packet are usual, and a day at 768 kHz has 16 million packets."""

_PAKT = struct.Struct(">qqii")  # packets, valid samples, priming samples, remainder samples


def judge(source: ByteSource, pakt: Chunk | None, data: Chunk) -> tuple[int | None, tuple[Problem, ...]]:
    """Compare the packet table with the packets.

    Args:
        source: The file.
        pakt: The chunk of the table.
        data: The packets, without the edit count before them.

    Returns:
        The number of valid samples per channel, and what is wrong.
    """
    if pakt is None or not _PAKT.size <= pakt.size <= MAX_TABLE:
        return None, (malformed("the packet table is missing, too short or absurdly long"),)
    packets, valid, priming, remainder = _PAKT.unpack(source.read(pakt.start, _PAKT.size))
    if min(packets, valid, priming, remainder) < 0:
        return None, (malformed("the packet table holds negative numbers"),)
    count, total = _sizes(source.read(pakt.start + _PAKT.size, pakt.size - _PAKT.size), packets)
    if count != packets:
        return None, (malformed(f"the table says {packets:,} packets and lists {count:,}"),)
    if total > data.size:
        message = f"the packet table promises {total:,} bytes of packets and {data.size:,} are there"
        return None, (truncated(message, expected=data.start + total, found=data.end),)
    if total < data.size:
        message = f"the packet table lists {total:,} bytes of packets, their chunk has {data.size:,}"
        return valid, (inconsistent(message),)
    return valid, ()


def _sizes(table: bytes, packets: int) -> tuple[int, int]:
    """Return how many packet lengths the table holds, at most `packets`, and their sum.

    A length is a chain of 7 bits a byte, the most significant ones first; the last byte has its highest bit clear.
    """
    data = np.frombuffer(table, np.uint8)
    last = np.flatnonzero(data < 0x80)[:packets]
    if not len(last):
        return 0, 0
    data = data[: last[-1] + 1]
    places = last[np.searchsorted(last, np.arange(len(data)))] - np.arange(len(data))
    total = np.sum((data & 0x7F).astype(np.float64) * 128.0 ** np.minimum(places, 64))
    return len(last), int(min(total, 2.0**62))
