"""What every extractor promises, ours and those of other packages, as a list of what one of them breaks.

In the tests of a package with an extractor::

    from listen_datasets.testing.extractors import broken_promises

    def test_peak_keeps_what_extractors_promise() -> None:
        assert broken_promises(Peak()) == []
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from listen_datasets.analysis.engine import Engine, Made
from listen_datasets.arrays import column_of
from listen_datasets.testing.signals import Signal, constant, noise, tone

RATE = 8_000

SIGNALS: Mapping[str, tuple[Signal, int]] = {
    "noise": (noise(1, sample_rate=RATE), RATE),
    "two channels": (noise(2, sample_rate=RATE, num_channels=2), RATE),
    "silence": (constant(0.0, sample_rate=RATE), RATE),
    "full scale": (constant(1.0, duration=0.5, sample_rate=RATE), RATE),
    "nothing": (tone(sample_rate=RATE)[:0], RATE),
    "one sample": (tone(duration=1 / RATE, sample_rate=RATE), RATE),
    "shorter than a frame": (noise(1, duration=0.005, sample_rate=RATE), RATE),
    "192 kHz": (noise(1, duration=0.2, sample_rate=192_000, num_channels=2), 192_000),
}
"""Clips that an extractor has values for, or nulls, but never an exception; and their rates in Hz."""


def broken_promises(extractor: Any) -> list[str]:  # noqa: ANN401 - whatever calls itself one
    """Return what an extractor breaks of :class:`listen_datasets.extractors.Extractor`, in words; nothing if it is one."""
    if not getattr(extractor, "name", "") or not getattr(extractor, "version", ""):
        return ["it has no name or no version"]
    fields: list[pa.Field] = extractor.fields()
    silent = [field.name for field in fields if not (field.metadata or {}).get(b"description")]
    broken = [f"the column {name} has no description" for name in silent]
    for name, (samples, sample_rate) in SIGNALS.items():
        broken += [f"{name}: {what}" for what in _of_signal(extractor, fields, samples, sample_rate)]
    return [*broken, *_of_damage(extractor)]


def _of_signal(extractor: Any, fields: list[pa.Field], samples: Signal, sample_rate: int) -> Iterator[str]:  # noqa: ANN401
    given = samples.copy()
    given.flags.writeable = False
    first, again = (_run(extractor, given, sample_rate) for _ in range(2))
    if isinstance(first, str) or isinstance(again, str):
        yield f"it raises {first}"
        return
    if first.keys() != {field.name for field in fields}:
        yield f"it gives {sorted(first)}, not the columns that it promises"
        return
    if not np.array_equal(given, samples):
        yield "it changes the samples"
    if repr(first) != repr(again):
        yield "it gives other values for the same samples"
    for field in fields:
        value = first[field.name]
        try:
            column_of([value], field)
        except (pa.ArrowException, ValueError, TypeError) as problem:
            yield f"{field.name} is no {field.type}: {problem}"
        if isinstance(value, float | np.ndarray) and not np.isfinite(np.asarray(value, np.float64)).all():
            yield f"{field.name} is not finite"


def _run(extractor: Any, samples: Signal, sample_rate: int) -> Mapping[str, object] | str:  # noqa: ANN401
    try:
        row: Mapping[str, object] = extractor(samples, sample_rate)
    except Exception as problem:  # noqa: BLE001 - that it raises is the answer
        return f"{type(problem).__name__}: {problem}"
    return row


def _of_damage(extractor: Any) -> Iterator[str]:  # noqa: ANN401
    samples = noise(1, sample_rate=RATE).copy()
    samples[100] = np.nan
    result = Engine({"it": Made(extractor, None)})(samples, RATE)
    if any(value is not None for value in result.rows["it"].values()) or not result.troubles:
        yield "a clip that is not finite has values"
