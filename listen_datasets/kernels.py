"""Loops over samples compiled to machine code by numba, ahead of their first call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(signature: str) -> Callable[[F], F]:
    """Compile a loop for the given types when its module is imported; the machine code is kept for the next process.

    Args:
        signature: numba's spelling, such as ``"void(Array(float32, 2, 'C', True), float64[::1])"``. Arrays must then
            be of exactly these types and contiguous; ``True`` lets read-only ones in as well.
    """

    def decorate(loop: F) -> F:
        try:
            return cast("F", numba.njit(signature, cache=True, nogil=True)(loop))
        except (RuntimeError, OSError):
            # Neither the package's folder nor the user's cache can be written, or the disk is full: compile for this
            # process alone.
            return cast("F", numba.njit(signature, nogil=True)(loop))

    return decorate
