"""``lds dedup``."""

from __future__ import annotations

from listen_datasets.cli.stage_command import stage_command
from listen_datasets.recipe import Dedup

command = stage_command(
    "dedup",
    Dedup,
    details="""
    Clips with the same bytes (exact), the same decoded samples (pcm) or the same sound (near: re-encoded, resampled,
    louder or softer, cut, slightly faster, with noise or silence around it) as another one are marked in `duplicate_of`
    and stay in the manifest; `duplicates.parquet` has the score, the offset and the evidence of each. Other takes of the
    same words or notes are no duplicates, and neither are clips that share a jingle. Near duplicates are found by the
    fingerprints that `lds ingest` measures; no audio is read.

    Of several copies the lossless one is kept before a lossy one, then the longer one, the one of the higher sample
    rate, the one with the richer metadata, and the first by path; --keep changes the order. A clip that is only a part of
    another one never is.
    """,
)
