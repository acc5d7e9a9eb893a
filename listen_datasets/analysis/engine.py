"""All extractors of a run over one clip: downmixed and resampled once a rate, transformed once a framing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from listen_datasets import config as recipes
from listen_datasets import digest, registry
from listen_datasets.analysis.sound import OfSound, Row, Samples, Sound
from listen_datasets.analysis.spectra import Framing, OfSpectra, measure
from listen_datasets.errors import RecipeError
from listen_datasets.features.sections import Embedding, Features, Summary
from listen_datasets.section import Section


@dataclass(frozen=True)
class Made:
    """An extractor, ready for clips.

    Attributes:
        extractor: It.
        parameters: Under the keys of ``lds.toml``; None if it takes none.
        is_wanted: Whether its output is stored, not only summed up.
    """

    extractor: Any
    parameters: dict[str, Any] | None
    is_wanted: bool = True

    def about(self) -> dict[str, Any]:
        """Return what made a file of features: it stands in the footer."""
        about = {"extractor": self.extractor.name, "version": self.extractor.version, "parameters": self.parameters}
        model = getattr(self.extractor, "model_sha256", None)
        return {**about, **({"model_sha256": model} if model else {})}


def make(config: Features, root: Path) -> dict[str, Made]:
    """Make the extractors and named sets asked for, and those that a summary needs, by name.

    Raises:
        UsageError: There is no such extractor, or its parameters cannot be used.
    """
    wanted = list(dict.fromkeys(config.extractors))
    sums = {name: settings for name in wanted if isinstance(settings := config.parameters(name), Summary)}
    needed = [other for settings in sums.values() for other in settings.of]
    made = {name: _one(config, name, root, wanted) for name in dict.fromkeys([*wanted, *needed]) if name not in sums}
    # Summed up after what they sum up.
    return {**made, **{name: _sum(name, settings, config, made) for name, settings in sums.items()}}


def _one(config: Features, name: str, root: Path, wanted: Sequence[str]) -> Made:
    kind = registry.find("extractors", config.extractor(name))
    settings = config.parameters(name)
    if isinstance(settings, Summary):
        raise RecipeError("a summary of a summary", where=f"[features.{name}]", hint="name other extractors in `of`")
    if isinstance(settings, Section):
        extractor = kind(settings, root) if isinstance(settings, Embedding) else kind(settings)
        return Made(extractor, recipes.builtins(settings), name in wanted)
    return Made(kind(settings) if settings else kind(), settings, name in wanted)


def _sum(name: str, settings: Summary, config: Features, made: Mapping[str, Made]) -> Made:
    kind = registry.find("extractors", config.extractor(name))
    extractor = kind(settings, {other: made[other].extractor.fields() for other in settings.of})
    # What the others are told is part of what it is.
    about = {other: made[other].about() for other in settings.of}
    return Made(extractor, {**recipes.builtins(settings), "of": about})


@dataclass(frozen=True)
class Trouble:
    """Why a clip has no values of an extractor.

    Attributes:
        name: The extractor or named set.
        columns: The columns without a value.
        reason: Words of an exception; empty if the extractor said so itself.
    """

    name: str
    columns: tuple[str, ...]
    reason: str = ""


@dataclass
class Result:
    """What came of a clip.

    Attributes:
        rows: The values of each extractor, by name.
        troubles: What has no value.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)


class Engine:
    """Runs extractors over clips. It leaves nothing behind between two clips.

    Args:
        made: The extractors by name, as :func:`make` gives them.
    """

    def __init__(self, made: Mapping[str, Made]) -> None:
        self._made = made
        self._fields: dict[str, list[pa.Field]] = {name: one.extractor.fields() for name, one in made.items()}
        self._framings: dict[Framing, list[str]] = {}
        for name, one in made.items():
            if isinstance(one.extractor, OfSpectra):
                self._framings.setdefault(one.extractor.framing, []).append(name)

    def __call__(self, samples: Samples, sample_rate: int) -> Result:
        """Return the rows of one clip.

        Args:
            samples: (num_samples, num_channels), full scale 1. A clip with values that are no finite numbers has none.
            sample_rate: Hz.
        """
        sound = Sound(samples, sample_rate)
        rows: dict[str, Row] = {}
        reasons: dict[str, str] = {}
        if not _is_finite(samples):
            reasons = dict.fromkeys(self._made, "samples are not finite numbers")
        else:
            for names in self._framings.values():
                self._together(names, sound, rows, reasons)
            for name, one in self._made.items():
                if name not in rows and name not in reasons:
                    self._alone(name, one.extractor, sound, rows, reasons)
        return self._result(rows, reasons)

    def _together(self, names: list[str], sound: Sound, rows: dict[str, Row], reasons: dict[str, str]) -> None:
        try:
            found = measure(sound, [self._made[name].extractor for name in names])
        except MemoryError:
            raise  # what the worker was given is too little, which says nothing about the clip
        except Exception as error:  # noqa: BLE001 - one clip must not end the run, whatever a library says of it
            reasons.update(dict.fromkeys(names, f"{type(error).__name__}: {error}"))
        else:
            rows.update(zip(names, found, strict=True))

    def _alone(self, name: str, extractor: Any, sound: Sound, rows: dict[str, Row], reasons: dict[str, str]) -> None:  # noqa: ANN401
        try:
            if hasattr(extractor, "of_rows"):
                rows[name] = extractor.of_rows(rows)
            elif isinstance(extractor, OfSound):
                rows[name] = extractor.measure(sound)
            else:
                rows[name] = extractor(sound.samples, sound.sample_rate)
        except MemoryError:
            raise  # what the worker was given is too little, which says nothing about the clip
        except Exception as error:  # noqa: BLE001 - the border to other people's code: one clip must not end the run
            reasons[name] = f"{type(error).__name__}: {error}"

    def _result(self, rows: Mapping[str, Row], reasons: Mapping[str, str]) -> Result:
        result = Result()
        for name, one in self._made.items():
            fields = self._fields[name]
            row: dict[str, object] = {key.name: rows.get(name, {}).get(key.name) for key in fields}
            for key in fields:
                if not _is_storable(row[key.name], key.type):
                    row[key.name] = None
            missing = tuple(column for column, value in row.items() if value is None)
            if one.is_wanted:
                result.rows[name] = row
                if missing:
                    result.troubles.append(Trouble(name, missing, reasons.get(name, "")))
        return result


def _is_finite(samples: Samples) -> bool:
    """Tell whether all samples are finite; their energy is a cheap witness for nearly all clips."""
    flat = samples.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.dot(flat, flat)) or np.isfinite(flat).all())


def _is_storable(value: object, kind: pa.DataType) -> bool:
    """Tell whether a value holds finite numbers, and none too large for half precision if it is stored so."""
    if not isinstance(value, float | np.ndarray | np.floating):
        return True
    numbers = np.asarray(value)
    if not np.issubdtype(numbers.dtype, np.floating):
        return True
    leaf = kind
    while pa.types.is_list(leaf) or pa.types.is_fixed_size_list(leaf):
        leaf = leaf.value_type
    if pa.types.is_float16(leaf):
        return bool(np.isfinite(numbers).all() and np.abs(numbers).max(initial=0) <= np.finfo(np.float16).max)
    return bool(np.isfinite(numbers).all())


def key_of(made: Made) -> str:
    """Return the digest of all that values depend on besides the samples."""
    return digest.of_json(made.about())
