"""Reports to be spelled: usual ones, and one in which everything that is not ours is hostile."""

from __future__ import annotations

from collections.abc import Mapping

from listen_datasets import catalogue
from listen_datasets.reports import Located, Report

EVIL = "a\r\n::error::b%0A,:|`<&\x00\x1b[31m\ufffe\ud800"
"""What somebody could call a file or write into a table."""


def report(*found: Located, tally: Mapping[str, int] | None = None, dataset: str = "birds") -> Report:
    """Return a report of ``validate``.

    Args:
        found: Its findings.
        tally: How many there are of a code, where that is more than are given.
        dataset: Name of the dataset.
    """
    codes = [item.finding.code for item in found]
    return Report(
        dataset=dataset,
        stage="validate",
        findings=found,
        tally={**{code: codes.count(code) for code in codes}, **(tally or {})},
        looked_for=["audio.clipped", "audio.silent", "audio.leading_silence"],
        counts={"inputs": 3, "kept": 2, "excluded": 1},
    )


def silent(number: int) -> Located:
    """Return a finding that is an error."""
    message = f"Every sample of clip {number} is zero."
    found = catalogue.finding("audio.silent", message, clip_id=f"{number:020x}", path=f"{number}.wav", value="1")
    return Located(found, f"audio/{number}.wav")


def some() -> Report:
    """Return a report of two errors, one of them in line 3 of a table, and a warning about no file that is there."""
    late = catalogue.finding("audio.leading_silence", "The clip begins with 3 s below -60 dBFS.", path="x.wav")
    row = catalogue.finding(
        "metadata.schema", "`cat` is none of `dog`.", path="m.csv", line=3, field="/label", hint="did you mean `dog`?"
    )
    return report(silent(1), Located(row, "tables/m.csv"), Located(late))


def evil() -> Report:
    """Return a report whose every text is hostile."""
    found = catalogue.finding(
        "audio.silent", EVIL, clip_id="0", path=EVIL, line=2, field=f"/{EVIL}", value=EVIL, hint=EVIL
    )
    return report(Located(found, EVIL), dataset=EVIL)
