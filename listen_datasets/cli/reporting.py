"""Reports for machines: which ones are wanted, and where they go."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from listen_datasets.cli.console import Console
from listen_datasets.errors import UsageError

if TYPE_CHECKING:
    from listen_datasets.baseline import Compared, Known
    from listen_datasets.dataset import Applied, Dataset
    from listen_datasets.model import Finding
    from listen_datasets.reports import Report

FORMATS = ("text", "json", "github", "junit", "markdown", "ndjson", "sarif")
"""What standard output may be given; all but the first two may go to files."""

Output = tuple[str, Path]
"""The format of a report, and the file that it goes to."""


class OutputType(click.ParamType[Output]):
    """``FORMAT:FILE``."""

    name = "output"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Output:  # noqa: ANN401
        """Return the format and the file, of which nothing else must be in the way."""
        if isinstance(value, tuple):
            return value
        name, _, place = str(value).partition(":")
        path = Path(place)
        if name not in FORMATS[2:] or not place:
            self.fail(f"{value!r} is not FORMAT:FILE with one of the formats {', '.join(FORMATS[2:])}", param, ctx)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            self.fail(f"{place!r} is no regular file", param, ctx)
        return name, path


def say(
    console: Console, opened: Dataset, command: str, done: Sequence[Applied], spoken: str, outputs: tuple[Output, ...]
) -> None:
    """Print one report about stages in a format for machines, if one is wanted, and write those that are wanted as files.

    Args:
        console: Where words go.
        opened: The dataset.
        command: The stage, or ``run``.
        done: What came of the stages: of one, or of those of a run.
        spoken: The format of standard output.
        outputs: The files.
    """
    wanted = [name for name in (spoken, *(name for name, _ in outputs)) if name in FORMATS[2:]]
    if not wanted:
        return
    _spell(console, _report(opened, command, done), wanted, spoken, outputs)


def say_found(
    console: Console,
    name: str,
    found: Iterable[Finding],
    tally: Mapping[str, int],
    spoken: str,
    outputs: tuple[Output, ...],
) -> None:
    """Print and write reports, as :func:`say` does, about an audit of splits.

    Args:
        console: Where words go.
        name: What was audited.
        found: The findings.
        tally: Number of findings by code; not all may be listed.
        spoken: The format of standard output.
        outputs: The files.
    """
    wanted = [name for name in (spoken, *(name for name, _ in outputs)) if name in FORMATS[2:]]
    if not wanted:
        return
    from listen_datasets.reports import Located, Report  # noqa: PLC0415 - start-up time

    listed = [Located(_plain(item), item.path) for item in found]
    report = Report(dataset=name, stage="split", findings=listed, tally=tally, looked_for=["split.leakage"], counts={})
    _spell(console, report, wanted, spoken, outputs)


def _spell(console: Console, report: Report, wanted: Sequence[str], spoken: str, outputs: tuple[Output, ...]) -> None:
    from listen_datasets import registry  # noqa: PLC0415 - start-up time
    from listen_datasets.storage import Disk, write_bytes  # noqa: PLC0415

    texts = {name: registry.find("reports", name)(report) for name in dict.fromkeys(wanted)}
    for name, path in outputs:
        write_bytes(Disk(), path.absolute(), texts[name].encode(), replace=True)
        console.note(f"wrote {path}")
    if spoken in texts:
        console.file(texts[spoken])


def known(path: Path | None, stages: Iterable[str]) -> Mapping[str, Known]:
    """Return what a baseline knows of the findings of some stages; nothing if there is no baseline.

    Raises:
        UsageError: It cannot be read, or knows of none of the stages.
    """
    if path is None:
        return {}
    from listen_datasets import baseline  # noqa: PLC0415 - start-up time

    found = baseline.read(path)
    if found.keys().isdisjoint(stages):
        raise UsageError(f"the baseline {path} says nothing of what {' or '.join(stages)} found", hint=baseline.MADE_BY)
    return found


def fresh(applied: Applied, known: Known | None) -> tuple[Applied, Compared | None]:
    """Return what came of a stage with the findings alone that a baseline does not know, and how they compare."""
    if known is None:
        return applied, None
    import msgspec  # noqa: PLC0415 - start-up time

    from listen_datasets import baseline  # noqa: PLC0415 - start-up time

    compared = baseline.compare(applied.findings, applied.entry.findings, known)
    entry = msgspec.structs.replace(applied.entry, findings=dict(compared.by_code))
    return dataclasses.replace(applied, entry=entry, findings=compared.findings), compared


def _report(opened: Dataset, command: str, done: Sequence[Applied]) -> Report:
    from listen_datasets.reports import Report  # noqa: PLC0415 - start-up time
    from listen_datasets.reports.locating import located  # noqa: PLC0415

    # In one order, whether they come from this run or from the file of an earlier one.
    ordered = sorted((_plain(finding) for applied in done for finding in applied.findings), key=_order)
    found = located(ordered, opened.manifest, opened.recipe, opened.root, Path(os.path.realpath(".")))
    tally: Counter[str] = Counter()
    for applied in done:
        tally.update(applied.entry.findings)
    return Report(
        dataset=opened.recipe.dataset.name,
        stage=command,
        findings=list(found),
        tally=dict(sorted(tally.items())),
        looked_for=[code for applied in done for code in _looked_for(applied)],
        counts=dict(sorted(done[-1].entry.counts.items())),
        levels={code: level for applied in done for code, level in applied.entry.config.get("levels", {}).items()},
    )


def _looked_for(applied: Applied) -> Iterator[str]:
    from listen_datasets import catalogue  # noqa: PLC0415 - start-up time

    disabled = applied.entry.config.get("disable", ())
    for code, entry in catalogue.entries().items():
        if entry.stage == applied.entry.stage and code not in disabled:
            yield code


def _plain(finding: Finding) -> Finding:
    import msgspec  # noqa: PLC0415 - start-up time

    return msgspec.structs.replace(finding, evidence=dict(sorted((finding.evidence or {}).items())) or None)


def _order(finding: Finding) -> tuple[object, ...]:
    from listen_datasets.model import SEVERITIES  # noqa: PLC0415 - start-up time

    place = (finding.path or "", finding.line or 0, finding.field or "", finding.clip_id or "")
    return (SEVERITIES.index(finding.severity), finding.code, *place, finding.message)
