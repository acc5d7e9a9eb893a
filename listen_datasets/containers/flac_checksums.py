"""The checksums of FLAC frames, which no library of Python's has: eight bits over a header, sixteen over a frame.

Source: RFC 9639, sections 9.1.8 and 9.3.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

_Words = npt.NDArray[np.uint16]


def of_header(data: bytes) -> int:
    """Return the checksum of a frame header without its last byte."""
    state = 0
    for byte in data:
        state = int(_table(0x07, 8)[state ^ byte])
    return state


def of_frame(data: bytes) -> int:
    """Return the checksum of a frame without its last two bytes; with them it is zero.

    A checksum is linear, and zeros before the data do not change it. So those of single bytes are put together pair by
    pair: the left one is moved on by as many zeros as the right one has bytes, which is one look into a table.
    """
    states = _table(0x8005, 16)[np.frombuffer(data, np.uint8)]
    level = 0
    while len(states) > 1:
        if len(states) % 2:
            states = np.concatenate([np.zeros(1, np.uint16), states])
        states = _moved(level)[states[::2]] ^ states[1::2]
        level += 1
    return int(states[0]) if len(states) else 0


@functools.cache
def _table(polynomial: int, bits: int) -> _Words:
    """Return the remainders of all bytes, the most significant bit first."""
    states = np.arange(256, dtype=np.uint32) << (bits - 8)
    for _ in range(8):
        states = states << 1 ^ np.where(states >> (bits - 1) & 1, polynomial, 0)
    return (states & ((1 << bits) - 1)).astype(np.uint16)


@functools.cache
def _moved(level: int) -> _Words:
    """Return what becomes of each state when 2 ** level zeros follow."""
    if level == 0:
        states = np.arange(1 << 16, dtype=np.uint16)
        moved: _Words = _table(0x8005, 16)[states >> 8] ^ states << 8
    else:
        half = _moved(level - 1)
        moved = half[half]
    return moved
