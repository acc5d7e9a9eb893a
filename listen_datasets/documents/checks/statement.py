"""The in-toto statement: required keys, digests of exactly the files, nothing of the machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from listen_datasets.documents import statement

_SHA256 = re.compile(r"[0-9a-f]{64}")
_BUILD_KEYS = frozenset({"buildType", "externalParameters", "resolvedDependencies"})
_RUN_KEYS = frozenset({"builder"})
"""Not ``metadata`` with its times and run id, nor ``internalParameters``: they would differ from run to run."""


def statement_problems(document: Mapping[str, Any], files: Mapping[str, str]) -> list[str]:
    """Return what is wrong with a statement.

    Args:
        document: The statement.
        files: Hex sha256 of every file that it should be about, by its path in ``dist``.
    """
    return [
        *_types(document),
        *_subjects(document, files),
        *_predicate(document.get("predicate") or {}),
        *_dependencies(document.get("predicate") or {}),
        *_private(document, ""),
    ]


def _types(document: Mapping[str, Any]) -> Iterator[str]:
    for key, expected in (("_type", statement.STATEMENT_TYPE), ("predicateType", statement.PREDICATE_TYPE)):
        if document.get(key) != expected:
            yield f"{key} is {document.get(key)!r}"


def _subjects(document: Mapping[str, Any], files: Mapping[str, str]) -> Iterator[str]:
    subjects = document.get("subject") or []
    found = {subject.get("name"): subject.get("digest", {}).get("sha256") for subject in subjects}
    if len(found) != len(subjects):
        yield "a subject stands there twice"
    for path in sorted(found.keys() | files.keys(), key=str):
        if found.get(path) != files.get(path):
            yield f"the digest of {path} is {found.get(path)}, not {files.get(path)}"


def _predicate(predicate: Mapping[str, Any]) -> Iterator[str]:
    build = predicate.get("buildDefinition") or {}
    for key in ("buildType", "externalParameters"):
        if not build.get(key):
            yield f"predicate.buildDefinition.{key} is missing"
    run = predicate.get("runDetails") or {}
    if not (run.get("builder") or {}).get("id"):
        yield "predicate.runDetails.builder.id is missing"
    for key in sorted([*(build.keys() - _BUILD_KEYS), *(run.keys() - _RUN_KEYS)]):
        yield f"{key} would tell of the machine or the moment"


def _dependencies(predicate: Mapping[str, Any]) -> Iterator[str]:
    for item in (predicate.get("buildDefinition") or {}).get("resolvedDependencies") or []:
        name, sha256 = item.get("name"), (item.get("digest") or {}).get("sha256")
        if sha256 is None and not item.get("annotations"):
            yield f"the dependency {name} has neither a digest nor a reason"
        if sha256 is not None and not _SHA256.fullmatch(sha256):
            yield f"the digest of the dependency {name} is {sha256!r}"


def _private(value: Any, at: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _private(inner, f"{at}.{key}")
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _private(inner, f"{at}[{position}]")
    elif isinstance(value, str) and statement.PATH_OF_A_MACHINE.fullmatch(value):
        yield f"{at} is a path of the machine"
