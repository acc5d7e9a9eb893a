"""``dist/provenance.intoto.json``: an in-toto Statement v1 with SLSA provenance v1 about every file that ships.

It is derived from the ledger and holds no time, run id, path of the machine or number of workers: two runs on the same
input give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from listen_datasets import __version__
from listen_datasets.cards.facts import Facts

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://listen-datasets.example/build/v1"
BUILDER = "https://listen-datasets.example/lds"


def statement(facts: Facts, digests: Mapping[str, str]) -> str:
    """Return the statement.

    Args:
        facts: What was measured.
        digests: Hex sha256 of every file in ``dist`` that is already written, by its path there.
    """
    return json.dumps(document(facts, digests), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def document(facts: Facts, digests: Mapping[str, str]) -> dict[str, Any]:
    """Return the statement as plain values."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": path, "digest": {"sha256": digests[path]}} for path in sorted(digests, key=str.encode)],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "dataset": {"name": facts.about.name, "version": facts.about.version},
                    "stages": [_stage(facts, name) for name in facts.entries],
                },
                "resolvedDependencies": [*_inputs(facts), _tool()],
            },
            "runDetails": {"builder": {"id": BUILDER, "version": dict(sorted(facts.entries["shard"].agent.items()))}},
        },
    }


def _stage(facts: Facts, name: str) -> dict[str, Any]:
    entry = facts.entries[name]
    return {
        "name": name,
        "version": entry.version,
        "config": entry.config,
        "counts": entry.counts,
        "findings": entry.findings,
    }


def _inputs(facts: Facts) -> list[dict[str, Any]]:
    """Return what ingest read, as digests over listings: the names of the files stay in the shards."""
    used = facts.entries["ingest"].used
    return [
        {"uri": f"urn:lds:ingest:{name}", "digest": {"sha256": digest.removeprefix("sha256:")}}
        for name, digest in sorted(used.items())
    ]


def _tool() -> dict[str, Any]:
    # Without a digest: the wheel that is installed does not know its own.
    return {"uri": f"pkg:pypi/listen-datasets@{__version__}", "annotations": {"reason": "the tool itself, by version"}}
