"""``provenance.intoto.json``: an in-toto statement about the published files, with SLSA provenance.

Specifications: https://in-toto.io/Statement/v1 and https://slsa.dev/spec/v1.0/provenance. The statement is derived from the
ledger. It names what went in by digest and what was done by version and settings; no times, run ids, paths or
names of the machine, so that the same data gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from listen_datasets import digest
from listen_datasets.documents.facts import Facts

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://listen-datasets.example/build/v1"
BUILDER = "https://listen-datasets.example/lds"
PACKAGE = "pkg:pypi/listen-datasets"

PATH_OF_A_MACHINE = re.compile(r"(?:/[^/\s]+){2,}/?|~[\\/].*|[A-Za-z]:[\\/].*|\\\\.*|file:.*", re.DOTALL)
_HIDDEN = "(a path of the machine)"
_PREFIX = "sha256:"

_WHAT_IT_IS = {
    "recordings": "canonical JSON of [source, path, sha256] of every input",
    "metadata": "canonical JSON of [source, table, sha256] of every metadata table",
    "schema": "the JSON Schema of the metadata",
    "datasheet": "the answers that people gave to the questions of the datasheet",
}


def statement(facts: Facts, subjects: Mapping[str, str], datasheet: str | None = None) -> dict[str, Any]:
    """Return the statement.

    Args:
        facts: What was done.
        subjects: Hex sha256 of every file that is published, by its path in ``dist``.
        datasheet: Hex sha256 of the file with people's answers, if there is one.
    """
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": subjects[name]}} for name in sorted(subjects, key=str.encode)],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": _parameters(facts),
                "resolvedDependencies": list(_dependencies(facts, datasheet)),
            },
            "runDetails": {"builder": {"id": BUILDER, "version": _versions(facts)}},
        },
    }
    return dict(without_paths(document))


def _parameters(facts: Facts) -> dict[str, Any]:
    split = facts.stage("split")
    stages = [
        {
            "name": stage.name,
            "version": stage.version,
            "config": dict(stage.config),
            "counts": dict(sorted(stage.counts.items())),
            "findings": dict(sorted(stage.findings.items())),
            "used": dict(sorted(stage.used.items())),
            "agent": dict(sorted(stage.agent.items())),
        }
        for stage in facts.stages
    ]
    settings = {stage["name"]: stage["config"] for stage in stages}
    return {
        "config": {
            "digest": digest.of_json(without_paths(settings)),
            "of": "canonical JSON of {stage name: its config}",
        },
        "dataset": {"name": facts.about.name, "version": facts.about.version},
        "seed": split.config.get("seed", 0) if split else 0,
        "stages": stages,
    }


def _dependencies(facts: Facts, datasheet: str | None) -> Iterator[dict[str, Any]]:
    ingest = facts.stage("ingest")
    used = {name: value for name, value in (ingest.used if ingest else {}).items() if name in _WHAT_IT_IS}
    if datasheet is not None:
        used["datasheet"] = f"{_PREFIX}{datasheet}"
    licences = [
        {"name": source.name, "license": source.license or facts.about.license or "as each clip says"}
        for source in facts.sources
    ]
    for name in sorted(used):
        notes: dict[str, Any] = {"what": _WHAT_IT_IS[name]}
        if name == "recordings":
            notes["sources"] = licences
        yield {"name": name, "digest": {"sha256": used[name].removeprefix(_PREFIX)}, "annotations": notes}
    yield {
        "uri": f"{PACKAGE}@{facts.lds_version}",
        "name": "listen-datasets",
        "annotations": {"why no digest": "the package is installed, not downloaded, when it runs"},
    }


def _versions(facts: Facts) -> dict[str, str]:
    shard = facts.stage("shard")
    return dict(sorted(shard.agent.items())) if shard else {"lds": facts.lds_version}


def without_paths(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with the paths of a machine replaced by words."""
    if isinstance(value, Mapping):
        return {key: without_paths(inner) for key, inner in value.items()}
    if isinstance(value, str):
        return _HIDDEN if PATH_OF_A_MACHINE.fullmatch(value) else value
    if isinstance(value, Sequence):
        return [without_paths(inner) for inner in value]
    return value
