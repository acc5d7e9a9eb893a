"""Every recording is kept or rejected, and what is rejected is said: the books of an ingest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from listen_datasets import catalogue
from listen_datasets.errors import InternalError, TooManyRejected
from listen_datasets.intake.gathering import Intake
from listen_datasets.model import Finding, Rejected
from listen_datasets.text import visible

_FEW_REJECTED = 20


def rejection(item: Rejected) -> Finding:
    """Return the finding that an input was rejected."""
    return catalogue.finding(item.code, item.reason, path=item.path)


def check_conserved(intake: Intake, manifest: pa.Table, rejected: Sequence[Rejected]) -> None:
    """Hold what came of an ingest to the law of conservation: no recording is lost.

    Raises:
        InternalError: One is neither in the manifest nor rejected: a bug in ``lds``.
    """
    there = set(zip(manifest["source"].to_pylist(), manifest["path"].to_pylist(), strict=True))
    there.update((item.source, item.path) for item in rejected)
    for item in intake.items:
        if item.recording not in there:
            raise InternalError(
                "a recording became neither a row of the manifest nor a rejected input", where=item.path
            )


def check_share(most: float, rejected: Sequence[Rejected], kept: int) -> None:
    """Refuse an ingest that rejects more than a few inputs and more than a share of all.

    Args:
        most: The largest share.
        rejected: The rejected inputs.
        kept: How many clips there are.

    Raises:
        TooManyRejected: There are too many.
    """
    share = len(rejected) / max(1, len(rejected) + kept)
    if len(rejected) <= _FEW_REJECTED or share <= most:
        return
    code, count = Counter(item.code for item in rejected).most_common(1)[0]
    example = next(item for item in rejected if item.code == code)
    raise TooManyRejected(
        f"{len(rejected)} of {len(rejected) + kept} inputs are rejected ({share:.0%}); nothing was committed",
        where=f"most often {code} ({count}), such as {visible(example.path)}: {example.reason}",
        hint=f"is the source complete? to accept it: --max-reject {min(1.0, share + 0.01):.2f}",
    )
