"""The stages, in the order of the job. Each module holds one ``STAGE`` and its ``Config``."""

from __future__ import annotations

import importlib
from typing import Any

from listen_datasets.errors import UsageError
from listen_datasets.stage import Stage

ORDER = ("ingest", "validate", "dedup", "features", "split", "shard", "card")
"""Names of the stages. A stage sees the columns that the stages before it have added, and no others."""


def find(name: str) -> Stage[Any]:
    """Return a stage by its name.

    Raises:
        UsageError: There is no such stage.
    """
    if name not in ORDER:
        raise UsageError(f"there is no stage {name!r}", hint=f"stages: {', '.join(ORDER)}")
    stage: Stage[Any] = importlib.import_module(f"{__name__}.{name}").STAGE
    return stage
