"""What came of a stage, as text for people and as fields for ``--json``."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from listen_datasets.errors import ExitCode
from listen_datasets.text import visible

if TYPE_CHECKING:
    from listen_datasets.baseline import Compared
    from listen_datasets.cli.console import Console
    from listen_datasets.dataset import Applied
    from listen_datasets.ledger import Entry
    from listen_datasets.model import Counts, Finding

_COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}
_ORDER = ("error", "warning", "note")
_EXAMPLES = 3
_CLASSES = 12  # classes that are shown, half of them the largest
_AFTER = {
    "ingest": "validate",
    "validate": "dedup",
    "dedup": "split",
    "features": "split",
    "split": "shard",
    "shard": "card",
    "card": "verify",
}


def applied(console: Console, result: Applied, compared: Compared | None = None) -> None:
    """Print what a stage did: fates, its own summary, findings by code with examples.

    Args:
        console: Where to.
        result: What the stage did, with the findings that are to be shown.
        compared: How they differ from a baseline, if there is one.
    """
    state = " (up to date: nothing has changed)" if result.is_up_to_date else ""
    console.say(f"{click.style(result.entry.stage, bold=True)}{state}")
    console.say(f"  {counts(result.counts)}")
    for line in _LINES[result.entry.stage](result.entry):
        console.say(f"  {line}")
    if compared is not None:
        new = sum(compared.by_code.values())
        console.say(f"  beside the baseline: {new} new findings, {compared.known} known, {compared.gone} gone")
    for line in findings(result.findings, result.entry.findings):
        console.say(f"  {line}")


def counts(fates: Counts) -> str:
    """Return the fates of the inputs in one line."""
    return (
        f"{fates.inputs} inputs = {fates.kept} kept + {fates.duplicate} duplicate + {fates.excluded} excluded"
        f" + {fates.rejected} rejected + {fates.unreadable} unreadable"
    )


def findings(items: Sequence[Finding], tally: Mapping[str, int]) -> Iterator[str]:
    """Yield findings by severity and code, most frequent first, with a few examples each.

    Args:
        items: The findings that are kept.
        tally: The exact number by code.
    """
    grouped: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for item in items:
        grouped[item.severity, item.code].append(item)
    for (severity, code), group in sorted(
        grouped.items(), key=lambda entry: (_ORDER.index(entry[0][0]), -tally[entry[0][1]], entry[0][1])
    ):
        yield f"{coloured(severity)} {code}  x{tally[code]:,}"
        for item in group[:_EXAMPLES]:
            yield f"  {_place(item)}{visible(item.message, 300)}"
            if item.hint:
                yield f"    try: {visible(item.hint, 300)}"
        if tally[code] > _EXAMPLES:
            yield f"  ... and {tally[code] - _EXAMPLES:,} more"


def coloured(severity: str) -> str:
    """Return the word for a severity in its colour."""
    return click.style(severity, fg=_COLOURS[severity])


def as_fields(result: Applied, compared: Compared | None = None) -> dict[str, Any]:
    """Return what a stage did as the fields of its ``--json`` document: all findings, new or not."""
    from listen_datasets import catalogue  # noqa: PLC0415 - start-up time

    by_severity = dict.fromkeys(_ORDER, 0)
    for code, number in result.entry.findings.items():
        by_severity[catalogue.severity(code, result.entry.config.get("levels"))] += number
    return {
        "valid": not by_severity["error"],
        "up_to_date": result.is_up_to_date,
        "counts": result.entry.counts,
        "report": result.entry.report,
        "findings": {
            "by_severity": by_severity,
            "by_code": result.entry.findings,
            "items": msgspec.to_builtins(list(result.findings)),
            "left_out": sum(by_severity.values()) - len(result.findings),
        },
        **({} if compared is None else {"baseline": _compared(compared)}),
    }


def nothing(stage: str, dataset: Path) -> str:
    """Return the error that a stage had no clip to work on."""
    return (
        f"error: there is no clip for {stage}: every input was rejected\n  try: mend the recordings that lds ingest"
        f" names, then lds ingest {shlex.quote(str(dataset))}; or --allow-empty"
    )


def _compared(compared: Compared) -> dict[str, Any]:
    return {"new": dict(compared.by_code), "known": compared.known, "gone": compared.gone}


def next_step(stage: str, dataset: Path, code: ExitCode) -> str:
    """Return the line that says what to do next."""
    if code is ExitCode.INCOMPLETE:
        return f"next: make the unreadable files readable, then lds ingest {shlex.quote(str(dataset))}"
    return f"next: lds {_AFTER[stage]} {shlex.quote(str(dataset))}"


def for_once(stage: str, changed: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each option by which a stage ran otherwise than the recipe says: the next run will not know.

    Args:
        stage: The stage.
        changed: Keys and values of its section that the recipe does not say.
    """
    for key, value in changed.items():
        # A list, a number, a text or a truth value is written alike in JSON and TOML.
        text = "..." if value is None or isinstance(value, dict) else json.dumps(value, ensure_ascii=False)
        yield f"this run only; to keep it, write in [{stage}] of lds.toml: {key} = {text}"


def width() -> int:
    """Return the columns of a line: those of the terminal, but no more than can be read; 80 where there is none."""
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError, AttributeError):  # no terminal, or nothing at all
        columns = 80
    return min(columns, 120) - 1


def duration(seconds: float) -> str:
    """Return a length of audio for people."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def size(count: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _place(item: Finding) -> str:
    if item.path is None:
        return ""
    line = f":{item.line}" if item.line is not None else ""
    # A line of a log that begins with :: or ## is a command for a CI service; the same path, spelled otherwise, is none.
    path = f"./{item.path}" if item.path.startswith(("::", "##")) else item.path
    return f"{visible(path)}{line}: "


def _tally(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in numbers.items())


def _ingest(entry: Entry) -> Iterator[str]:
    report = entry.report
    rates = dict(sorted(report["sample_rates"].items(), key=lambda item: int(item[0])))
    yield f"{duration(report['seconds_of_audio'])} of audio: {_tally(report['containers'])}; rates {_tally(rates)}"
    work = report["work"]
    if any(work[name] for name in ("reused", "changed", "gone")):
        yield f"recordings: {', '.join(f'{name} {number}' for name, number in work.items())}"
    if report["cut"]:
        yield f"{report['cut']} clips are parts of {report['recordings']} recordings"
    for column, splits in report["official_splits"].items():
        yield f"published splits in the column {visible(column)}: {_tally(splits)}"
    if report["ignored"]:
        yield f"not audio by their names, so not looked at: {_tally(report['ignored'])}"
    for note in report["notes"]:
        yield f"note: {visible(note)}"


def _validate(entry: Entry) -> Iterator[str]:
    report = entry.report
    judged = f"{report['schema']} and " if report.get("schema") else ""
    yield f"{report['checked_rows']} clips judged by {judged}{len(report['rules'])} rules; {report['excluded']} excluded"
    yield from classes(report.get("classes"))
    for item in report["ignored"]:
        until = f" until {item['until']}" if item["until"] else ""
        yield f"ignored{until}: {item['code']} x{item['findings']}: {visible(item['reason'], 200)}"


def classes(found: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the sizes of the largest and the smallest classes; nothing if there are none, as with older versions."""
    if not found:
        return
    split = f", in each {visible(found['split_column'], 40)}" if found["split_column"] else ""
    yield f"classes of {visible(found['column'], 40)}: {found['classes']:,}; clips and sound{split}"
    listed, half = found["listed"], _CLASSES // 2
    chosen = listed if len(listed) <= _CLASSES else [*listed[:half], None, *listed[-half:]]
    for item in chosen:
        if item is None:
            yield f"  ... and {found['classes'] - 2 * half:,} more (--json lists them)"
            continue
        splits = "".join(f"  {visible(name, 20)} {part['clips']:,}" for name, part in item.get("splits", {}).items())
        unit = "clip" if item["clips"] == 1 else "clips"
        yield f"  {visible(item['class'], 30):<30} {item['clips']:>9,} {unit:<5}  {duration(item['seconds']):>9}{splits}"


def _dedup(entry: Entry) -> Iterator[str]:
    report = entry.report
    found = f"{report['duplicates']} duplicates in {report['groups']} groups"
    levels = ", ".join(f"{level} {count}" for level, count in report["by_level"].items())
    yield f"{found} ({levels})"
    if report["not_searched"]:
        yield f"not searched: {', '.join(report['not_searched'])}"


def _features(entry: Entry) -> Iterator[str]:
    report = entry.report
    for name, part in report["extractors"].items():
        yield f"{name}: {part['clips']} clips, {size(part['bytes'])} in features/{name}"


def _by_split(item: tuple[str, Any]) -> tuple[int, str]:
    """Order splits as people do; what comes back from the ledger is sorted by name."""
    usual = ("train", "validation", "test")
    return (usual.index(item[0]) if item[0] in usual else len(usual), item[0])


def _split(entry: Entry) -> Iterator[str]:
    report = entry.report
    for name, part in sorted(report["ratios"].items(), key=_by_split):
        wanted = "" if part["wanted"] is None else f" (wanted {100 * part['wanted']:.1f} %)"
        yield f"{name:<12} {part['clips']:>7} clips  {100 * part['got']:5.1f} %{wanted}"
    for name, part in report["relations"].items():
        yield f"pairs of clips across splits with the same {name}: {part['pairs_across']}"


def _shard(entry: Entry) -> Iterator[str]:
    report = entry.report
    for name, part in sorted(report["splits"].items(), key=_by_split):
        yield f"{name:<12} {part['clips']:>7} clips  {duration(part['seconds']):>9}  {part['shards']} shards, {size(part['bytes'])}"


def _card(entry: Entry) -> Iterator[str]:
    for path in sorted(entry.generated):
        if path.startswith("dist/"):
            yield f"wrote {path}"


_LINES: Mapping[str, Callable[[Entry], Iterator[str]]] = {
    "ingest": _ingest,
    "validate": _validate,
    "dedup": _dedup,
    "features": _features,
    "split": _split,
    "shard": _shard,
    "card": _card,
}
