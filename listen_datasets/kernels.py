"""Loops over samples compiled to machine code by numba, ahead of their first call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])
EXACT: frozenset[str] = frozenset()
"""Arithmetic as written."""

CONTRACTED = frozenset({"contract", "nsz"})
"""A product and a sum may be rounded once, together."""

REORDERED = frozenset({"contract", "nsz", "nnan", "reassoc"})
"""Sums and maxima may be taken in any order, several at a time; there must be no NaN.

The order depends on the processor, but not on anything else: the last digits of a double may differ, which rounding
(:mod:`listen_datasets.probes.rounding`) hides.
"""


def inlined(liberties: frozenset[str] = EXACT) -> Callable[[F], F]:
    """Mark a loop that compiled ones of the same module call: it is compiled with them and never by itself.

    Args:
        liberties: What the compiler may do to its arithmetic.
    """

    def decorate(loop: F) -> F:
        return cast("F", numba.njit(nogil=True, fastmath=set(liberties))(loop))

    return decorate


def compiled(signature: object, liberties: frozenset[str] = EXACT) -> Callable[[F], F]:
    """Compile a loop for the given types when its module is imported; the machine code is kept for the next process.

    The kept code is looked up by the state of the module's own file: a loop may call those of its own module alone
    (see :func:`inlined`), or it would go on with an old version of the other one.

    Args:
        signature: Types of result and arguments, as text such as ``"void(Array(float32, 2, 'C', True), float64[::1])"``
            or made of ``numba.types``. Arrays must be of exactly these types and contiguous; ``True`` lets read-only
            ones in as well.
        liberties: What the compiler may do to arithmetic.
    """
    options = {"nogil": True, "fastmath": set(liberties)}

    def decorate(loop: F) -> F:
        try:
            return cast("F", numba.njit(signature, cache=True, **options)(loop))
        except (RuntimeError, OSError):
            # Neither the package's folder nor the user's cache can be written, or the disk is full: compile for this
            # process alone.
            return cast("F", numba.njit(signature, **options)(loop))

    return decorate
