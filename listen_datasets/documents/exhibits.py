"""The tables that the documents show, from the same facts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from listen_datasets import licences
from listen_datasets.documents import features, sound
from listen_datasets.documents.facts import Column, Facts, Quantity, StageFacts, Tally
from listen_datasets.documents.markdown import (
    NOTHING,
    Markdown,
    blocks,
    bullets,
    code,
    count,
    hours,
    joined,
    link,
    number,
    plural,
    share,
    table,
    words,
)

MOST_ROWS = 100
"""Rows of a table of values; the rest is summed up in a line below it."""

_DIGITS = {
    "clipped_fraction": 5,
    "longest_clipped_run": 0,
    "silent_fraction": 3,
    "digital_silence_fraction": 3,
    "num_dropouts": 0,
    "longest_dropout": 4,
    "dc_offset": 5,
    "bandwidth_hz": 0,
    "cutoff_hz": 0,
    "channel_correlation": 3,
    "num_distinct_channels": 0,
    "num_dead_channels": 0,
}
_NO_VALUE = Markdown("*(none)*")


def splits(facts: Facts) -> Markdown:
    """Return how much each split holds."""
    recordings = next(item.values for item in facts.separations if item.column == "recording_id")
    rows: list[Sequence[Any]] = [
        (
            code(split.name),
            split.clips,
            share(split.clips, facts.clips),
            recordings[split.name],
            hours(split.seconds),
            len(split.files.shards),
            split.files.download_bytes,
        )
        for split in facts.splits
    ]
    whole = share(facts.clips, facts.clips)
    total = ("all", facts.clips, whole, facts.recordings, hours(facts.seconds), facts.shards, facts.download_bytes)
    heads = ("Split", "Clips", "Share of clips", "Recordings", "Duration", "Files", "Bytes")
    return table(heads, [*rows, total], numbers=(1, 2, 3, 4, 5, 6))


def tally(facts: Facts, found: Tally) -> Markdown:
    """Return how often each value of a column occurs in each split."""
    names = [split.name for split in facts.splits]
    totals = found.totals()
    shown = list(found.counts.items())[:MOST_ROWS]
    rows = [
        (_value(value), *(by_split[name] for name in names), totals[value], share(totals[value], facts.clips))
        for value, by_split in shown
    ]
    heads = (code(found.column), *(code(name) for name in names), "All", "Share")
    rest = len(found.counts) - len(shown)
    more = f"{count(rest)} more values are not listed; the column has {count(len(found.counts))}." if rest else ""
    return blocks(table(heads, rows, numbers=range(1, len(heads))), more)


def labels(facts: Facts) -> Markdown:
    """Return the labels of each split."""
    return blocks(*(tally(facts, found) for found in facts.labels)) or Markdown("There is no label column.")


def formats(facts: Facts) -> Markdown:
    """Return containers, codecs, sample rates, channels and widths of the recordings that the clips come from."""
    rows = []
    for found in facts.formats:
        values = joined(
            (Markdown(f"{_value(value)} ({count(clips)})") for value, clips in found.totals().items()), ", "
        )
        rows.append((code(found.column), values))
    return table(("Column", "Values (clips)"), rows)


def quantities(facts: Facts) -> Markdown:
    """Return the quantiles of what was measured."""
    rows = [(code(found.column), found.unit or NOTHING, found.clips, *_quantiles(found)) for found in facts.quantities]
    heads = ("Column", "Unit", "Clips", "Minimum", "5 %", "Median", "95 %", "Maximum")
    return table(heads, rows, numbers=range(2, 8))


def fates(facts: Facts) -> Markdown:
    """Return what became of every input, and why."""
    counts = facts.fates
    rows: list[Sequence[Any]] = [("inputs", counts.inputs, NOTHING), ("kept", counts.kept, _unlicensed(facts))]
    for fate in ("duplicate", "excluded", "rejected", "unreadable"):
        why = (Markdown(f"{code(item.code)} ({count(item.inputs)})") for item in facts.reasons if item.fate == fate)
        rows.append((fate, getattr(counts, fate), joined(why) or NOTHING))
    return table(("Fate", "Inputs", "Why"), rows, numbers=(1,))


def findings(facts: Facts) -> Markdown:
    """Return what the stages found, by code."""
    rows = [
        (code(item.code), item.stage, item.severity, item.findings, item.meaning or NOTHING) for item in facts.findings
    ]
    if not rows:
        return Markdown("Nothing was found.")
    return table(("Code", "Stage", "Severity", "Findings", "Meaning"), rows, numbers=(3,))


def separations(facts: Facts) -> Markdown:
    """Return what keeps the splits apart, counted in the finished shards."""
    names = [split.name for split in facts.splits]
    rows = [
        (
            code(item.column),
            "group" if item.is_group else "always",
            *(item.values[name] for name in names),
            item.relation.values,
            item.relation.straddling,
            item.relation.pairs_across,
        )
        for item in facts.separations
    ]
    heads = ("Column", "Kept together", *(code(name) for name in names), "All", "In two splits", "Pairs across")
    return table(heads, rows, numbers=range(2, len(heads)))


def separation_verdict(facts: Facts) -> str:
    """Say in a sentence whether the splits are apart."""
    straddling = sum(item.relation.straddling for item in facts.separations)
    if not straddling:
        return "No two splits share a value of these columns, counted in the finished files:"
    return f"{plural(straddling, 'value')} of these columns occur in two splits, counted in the finished files:"


def license_table(facts: Facts) -> Markdown:
    """Return the licences of the clips."""
    rows = []
    for item in facts.licences.licences:
        name = Markdown("*not known*") if item.name is None else code(item.name)
        page = licences.page(item.name)
        asks = item.terms
        flags = (asks.attribution, asks.non_commercial, asks.share_alike, asks.no_derivatives) if asks else [None] * 4
        answers = ("unknown" if flag is None else "yes" if flag else "no" for flag in flags)
        rows.append((link(page, name) if page else name, item.clips, share(item.clips, facts.clips), *answers))
    heads = ("Licence", "Clips", "Share", "Attribution", "Non-commercial", "Share-alike", "No derivatives")
    return table(heads, rows, numbers=(1, 2))


def license_summary(facts: Facts) -> Markdown:
    """Return in sentences what the licences amount to."""
    found = facts.licences
    said = [
        f"Attribution is {'required for some clips' if found.attribution_required else 'not known to be required'}.",
        f"Commercial use of all clips together: {found.commercial_use}.",
    ]
    if found.non_commercial:
        said.append(f"Not for commercial use: {', '.join(found.non_commercial)}.")
    if found.no_derivatives:
        names = ", ".join(found.no_derivatives)
        said.append(f"What is made from clips under {names} must not be shared. {sound.adaptation(facts)}")
    said += [f"No single adaptation can satisfy both {one} and {other}." for one, other in found.conflicts]
    return blocks(
        bullets(said),
        "The licence of each clip, in its own row, is authoritative. This summary was made by a program and is not legal"
        " advice.",
    )


def columns(facts: Facts) -> Markdown:
    """Return the columns of the shards."""
    rows = [
        (code(column.name), _type(column), column.unit or NOTHING, _description(column), column.missing)
        for column in facts.columns
    ]
    return table(("Column", "Type", "Unit", "Description", "Clips without"), rows, numbers=(4,))


def stages(facts: Facts) -> Markdown:
    """Return what was done, with which settings."""
    rows = [
        (code(stage.name), stage.version, stage.agent.get("lds"), _settings(stage), stage.counts.get("kept"))
        for stage in facts.stages
    ]
    return table(("Stage", "Version", "lds", "Settings other than the defaults", "Kept after it"), rows, numbers=(4,))


def sources(facts: Facts) -> Markdown:
    """Return the sources of the recordings."""
    rows = [(code(item.name), item.clips, hours(item.seconds), _licence(item.license)) for item in facts.sources]
    return table(("Source", "Clips", "Duration", "Licence unless a clip says otherwise"), rows, numbers=(1, 2))


def setting(key: str, value: Any) -> Markdown:  # noqa: ANN401 - any JSON value
    """Return a setting as it would stand in a file."""
    return code(f"{key} = {json.dumps(value, ensure_ascii=False, sort_keys=True)}")


def authors(facts: Facts) -> Markdown:
    """Return the authors, or nothing if none is named."""
    items = []
    for author in facts.about.authors:
        parts: list[Any] = [author.name, *([author.affiliation] if author.affiliation else [])]
        items.append(joined([*parts, *([link(author.orcid)] if author.orcid else [])]))
    return bullets(items)


def _value(value: str | None) -> Markdown:
    return _NO_VALUE if value is None else code(value)


def _quantiles(found: Quantity) -> Iterator[str]:
    digits = _DIGITS.get(found.column, 2)
    for value in found.quantiles or (None,) * 5:
        yield number(value, digits)


def _unlicensed(facts: Facts) -> str:
    if not facts.unlicensed:
        return NOTHING
    return f"{count(facts.unlicensed)} of them are not published: their licence is not known"


def _type(column: Column) -> Markdown:
    if column.classes:
        return Markdown(f"class label of {count(len(column.classes))} classes")
    return Markdown("recording") if column.owner == "recording" else code(features.type_name(column.type))


def _description(column: Column) -> Markdown:
    if column.description:
        return words(column.description)
    return Markdown("From the metadata; nobody has described it.")


def _settings(stage: StageFacts) -> Markdown:
    return joined(setting(key, value) for key, value in sorted(stage.changed.items())) or NOTHING


def _licence(name: str | None) -> Markdown:
    return Markdown("that of the dataset") if name is None else code(name)
