"""Names of recordings that other systems cannot store, or cannot tell apart. Names are kept as they are in any case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from listen_datasets import catalogue
from listen_datasets.intake import Said
from listen_datasets.model import Finding
from listen_datasets.survey import Survey
from listen_datasets.text import visible

_SHOWN = 5

# Microsoft, "Naming Files, Paths, and Namespaces": characters, names of devices (whatever follows a dot), endings.
_NOT_ON_WINDOWS = re.compile(
    r"""[<>:"|?*\\]|(?:^|/)(?:con|prn|aux|nul|com[1-9\u00b9\u00b2\u00b3]|lpt[1-9\u00b9\u00b2\u00b3])(?:\.[^/]*)?(?:/|$)|[. ](?:/|$)""",
    re.IGNORECASE,
)


def said_of_names(surveys: Sequence[Survey]) -> Iterator[Said]:
    """Yield what is wrong with the names of the recordings of each source."""
    for found in surveys:
        for finding in unportable([file.path for file in found.recordings]):
            yield found.source.name, finding


def unportable(paths: Sequence[str]) -> Iterator[Finding]:
    """Yield what is wrong with the names of the recordings of a source.

    Args:
        paths: Relative to the source root, with ``/``, each once.
    """
    forms = [_folded(path) for path in paths]
    if len(set(forms)) < len(forms):
        yield from _twins(paths, forms)
    refused = [path for path in paths if _NOT_ON_WINDOWS.search(path)]
    if refused:
        yield catalogue.finding(
            "input.not_portable",
            f"Names that Windows cannot store ({len(refused):,} of {len(paths):,}): {_listed(refused)}.",
            path=refused[0],
            evidence={"recordings": len(refused)},
        )


def _folded(path: str) -> str:
    return (
        path.lower() if path.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
    )


def _twins(paths: Sequence[str], forms: Sequence[str]) -> Iterator[Finding]:
    found: dict[str, list[str]] = {}
    for path, form in zip(paths, forms, strict=True):
        found.setdefault(form, []).append(path)
    for twins in found.values():
        if len(twins) > 1:
            yield catalogue.finding(
                "metadata.name_collision",
                f"Names that differ by case or Unicode normal form alone: {_listed(twins)}.",
                path=twins[0],
                hint="rename all but one of them",
                evidence={"recordings": len(twins)},
            )


def _listed(paths: Sequence[str]) -> str:
    # Escaped, for names in two normal forms look the same.
    shown = ", ".join(visible(ascii(path)[1:-1]) for path in paths[:_SHOWN])
    return shown if len(paths) <= _SHOWN else f"{shown} and {len(paths) - _SHOWN:,} more"
