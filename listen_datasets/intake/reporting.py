"""What an ingest says about itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import tables
from listen_datasets.classes import SPLITS
from listen_datasets.intake import Recording
from listen_datasets.intake.gathering import Intake


def report(
    intake: Intake, same: Collection[Recording], before: Collection[Recording], manifest: pa.Table
) -> dict[str, Any]:
    """Return a summary of an ingest for people and the ledger.

    Args:
        intake: What was read.
        same: Recordings whose bytes were known.
        before: Recordings that the dataset held before.
        manifest: What came of it.
    """
    ignored: Counter[str] = Counter()
    for found in intake.surveys:
        ignored.update({suffix or "no suffix": count for suffix, count in found.ignored.items()})
    durations = manifest["duration"].to_pylist()
    return {
        "sources": [found.source.name for found in intake.surveys],
        "recordings": len(set(manifest["recording_id"].to_pylist())),
        "cut": pc.sum(pc.not_equal(manifest["clip_id"], manifest["recording_id"])).as_py() or 0,
        "official_splits": _official_splits(manifest),
        "work": _work(intake, same, before),
        "metadata": {item.table.name: len(item.table) for item in intake.joined},
        "columns": list(tables.user_columns(manifest).values()),
        "seconds_of_audio": round(sum(durations), 3),
        "containers": dict(sorted(Counter(manifest["container"].to_pylist()).items())),
        "sample_rates": {str(rate): n for rate, n in sorted(Counter(manifest["sample_rate"].to_pylist()).items())},
        "ignored": dict(sorted(ignored.items())),
        "notes": list(_notes(intake)),
    }


def _official_splits(manifest: pa.Table) -> dict[str, dict[str, int]]:
    """Count the values of columns in which published datasets keep their splits."""
    return {
        name.removeprefix(tables.DECLARED): dict(
            sorted(Counter(map(str, manifest[name].drop_null().to_pylist())).items())
        )
        for name in SPLITS
        if name in manifest.column_names
    }


def _work(intake: Intake, same: Collection[Recording], before: Collection[Recording]) -> dict[str, int]:
    there = {item.recording for item in intake.items}
    old = sum(recording in there for recording in before)
    reused = sum(recording in same for recording in before)
    return {"reused": reused, "new": len(there) - old, "changed": old - reused, "gone": len(before) - old}


def _notes(intake: Intake) -> Iterator[str]:
    for found in intake.surveys:
        if not found.source.metadata:
            for name in found.unused_tables:
                yield f"{name} lies in the source {found.source.name!r} and was not read; give it with --metadata"
