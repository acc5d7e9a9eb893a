"""Plug-ins by name: the built-in ones from a literal table, others from entry points; loaded on first use.

A package adds one with an entry point in the group ``listen_datasets.<family>``::

    [project.entry-points."listen_datasets.probes"]
    tempo = "my_package.tempo:Tempo"
"""

from __future__ import annotations

import difflib
import functools
import importlib
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from listen_datasets.errors import UsageError

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "probes": {
        "loudness": "listen_datasets.probes.loudness:Loudness",
        "spectrum": "listen_datasets.probes.spectrum:Spectrum",
        "waveform": "listen_datasets.probes.waveform:Waveform",
    },
    "extractors": {
        "chroma": "listen_datasets.extractors.chroma:chroma",
        "embedding": "listen_datasets.extractors.embedding:Embedding",
        "f0": "listen_datasets.extractors.f0:F0",
        "log-mel": "listen_datasets.extractors.log_mel:LogMel",
        "loudness": "listen_datasets.extractors.loudness:Loudness",
        "mfcc": "listen_datasets.extractors.mfcc:Mfcc",
        "onsets": "listen_datasets.extractors.onsets:Onsets",
        "quality": "listen_datasets.extractors.quality:Quality",
        "spectral": "listen_datasets.extractors.spectral:Spectral",
        "summary": "listen_datasets.extractors.summary:Summary",
        "tempo": "listen_datasets.extractors.tempo:Tempo",
        "tonnetz": "listen_datasets.extractors.tonnetz:tonnetz",
    },
    "rules": {
        "channels": "listen_datasets.rules.channels:check",
        "declared": "listen_datasets.rules.declared:check",
        "duration": "listen_datasets.rules.duration:check",
        "format": "listen_datasets.rules.format:check",
        "labels": "listen_datasets.rules.labels:check",
        "level": "listen_datasets.rules.level:check",
        "license": "listen_datasets.rules.license:check",
        "spectrum": "listen_datasets.rules.spectrum:check",
        "timestamps": "listen_datasets.rules.timestamps:check",
        "transcripts": "listen_datasets.rules.transcripts:check",
    },
    "set_rules": {
        "classes": "listen_datasets.set_rules.classes:check",
        "groups": "listen_datasets.set_rules.groups:check",
        "licences": "listen_datasets.set_rules.licences:check",
        "outliers": "listen_datasets.set_rules.outliers:check",
        "shortcuts": "listen_datasets.set_rules.shortcuts:check",
        "uniqueness": "listen_datasets.set_rules.uniqueness:check",
    },
    "reports": {
        "github": "listen_datasets.reports.github:render",
        "junit": "listen_datasets.reports.junit:render",
        "markdown": "listen_datasets.reports.markdown:render",
        "ndjson": "listen_datasets.reports.ndjson:render",
        "sarif": "listen_datasets.reports.sarif:render",
    },
    "executors": {
        "local": "listen_datasets.executors.local:LocalProcesses",
        "serial": "listen_datasets.executors.serial:Serial",
    },
}
"""Family to name to ``module:attribute``. A built-in name cannot be taken by an entry point."""


def names(family: str) -> tuple[str, ...]:
    """Return the names of all plug-ins of a family, sorted.

    Raises:
        UsageError: There is no such family.
    """
    return tuple(sorted(_homes(family)))


@functools.cache
def find(family: str, name: str) -> Any:  # noqa: ANN401 - each family has its own protocol
    """Return the class or value of a plug-in, importing its module on first use.

    Raises:
        UsageError: There is no such family or name (the known ones and the nearest are named), or the plug-in cannot
            be loaded.
    """
    homes = _homes(family)
    if name not in homes:
        raise _unknown(f"the {family} have no", name, tuple(homes))
    module, _, attribute = homes[name].partition(":")
    try:
        return functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"the plug-in {name!r} of the {family} cannot be loaded: {error}", where=homes[name]
        ) from error


def forget() -> None:
    """Look up everything anew: a package was installed or removed while this process runs."""
    find.cache_clear()
    _homes.cache_clear()


@functools.cache
def _homes(family: str) -> Mapping[str, str]:
    if family not in BUILT_IN:
        raise _unknown("there is no family of plug-ins", family, tuple(BUILT_IN))
    installed = {
        point.name: f"{point.module}:{point.attr}" for point in metadata.entry_points(group=f"listen_datasets.{family}")
    }
    return {**installed, **BUILT_IN[family]}


def _unknown(what: str, name: str, known: tuple[str, ...]) -> UsageError:
    listed = ", ".join(sorted(known)) or "none"
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]!r}? known: {listed}" if nearest else f"known: {listed}"
    return UsageError(f"{what} {name!r}", hint=hint)
