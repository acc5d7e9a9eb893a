"""How facts are rounded: coarser than the arithmetic of processors differs, finer than anybody needs."""

from __future__ import annotations

import math


def decibels(power: float) -> float | None:
    """Return ``10 log10`` of a power ratio to 0.01 dB; None for no power at all."""
    return rounded(10 * math.log10(power), 2) if power > 0 else None


def rounded(value: float, digits: int) -> float:
    """Round, and give zero without a sign."""
    return round(value, digits) + 0.0
