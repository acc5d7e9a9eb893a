"""What the dataset consists of: counts, columns, labels, splits, errors."""

from __future__ import annotations

from listen_datasets.documents import exhibits, sound
from listen_datasets.documents.facts import Facts
from listen_datasets.documents.markdown import (
    Markdown,
    blocks,
    bullets,
    code,
    count,
    hours,
    joined,
    plural,
    share,
    table,
)

_ALL_THERE = "No published clip lacks a value."


def instances(facts: Facts) -> Markdown:
    """Answer what one instance stands for."""
    return blocks(
        f"One instance is a clip: a recording, or a span of one, with what the metadata says of it and what was measured."
        f" {plural(facts.clips, 'clip')} from {plural(facts.recordings, 'recording')}, all of one kind."
    )


def number(facts: Facts) -> Markdown:
    """Answer how many instances there are."""
    return blocks(
        f"{sound.amount(facts)}, {hours(facts.seconds)} of sound.",
        exhibits.splits(facts),
        *(exhibits.tally(facts, found) for found in facts.labels),
        exhibits.sources(facts),
    )


def data(facts: Facts) -> Markdown:
    """Answer what an instance holds."""
    listed = [
        Markdown(f"{what}: {_columns(facts, owner)}")
        for owner, what in (
            ("recording", sound.instance(facts)),
            ("metadata", "from the metadata of the makers"),
            ("lds", "measured or assigned by lds"),
        )
    ]
    return blocks("Raw signals, with metadata and measurements.", bullets(listed), exhibits.formats(facts))


def label(facts: Facts) -> Markdown:
    """Answer whether there is a label."""
    if not facts.labels:
        return Markdown("No column is declared a label.")
    names = joined(code(found.column) for found in facts.labels)
    return blocks(Markdown(f"Yes: {names}."), exhibits.labels(facts))


def missing(facts: Facts) -> Markdown:
    """Answer which values are missing."""
    rows = [
        (code(column.name), column.missing, share(column.missing, facts.clips), _owner(column.owner))
        for column in facts.columns
        if column.missing
    ]
    if not rows:
        return Markdown(_ALL_THERE)
    return blocks(
        table(("Column", "Clips without", "Share", "Filled in by"), rows, numbers=(1, 2)),
        "Where lds measured nothing, the description of the column in README.md says when that happens. Why values of the"
        " metadata are missing, the data does not say.",
    )


def relations(facts: Facts) -> Markdown:
    """Answer how instances are related."""
    known = [
        Markdown(f"{code(item.column)}: {plural(item.relation.values, 'value')} for {plural(facts.clips, 'clip')}")
        for item in facts.separations
    ]
    return blocks(
        "Clips with the same value in one of these columns are related:",
        bullets(known),
        _duplicates(facts),
    )


def splits(facts: Facts) -> Markdown:
    """Answer how the splits were made."""
    stage = facts.stage("split")
    config = stage.config if stage else {}
    groups = [item.column for item in facts.separations if item.is_group]
    strata = list(config.get("stratify-by", ()))
    kept = joined(code(name) for name in groups) or Markdown("no column of the metadata was asked for")
    method = [
        Markdown(f"kept together: {kept}; always the same file, the same samples (but silence) and the same recording"),
        Markdown(f"proportions kept: {joined(code(name) for name in strata) or 'of no column'}"),
        Markdown(f"asked for: {joined(exhibits.setting(key, config.get(key)) for key in ('ratios', 'seed'))}"),
    ]
    return blocks(
        "Yes. Groups of related clips were dealt out to the splits whole:",
        bullets(method),
        exhibits.splits(facts),
        exhibits.separation_verdict(facts),
        exhibits.separations(facts),
    )


def errors(facts: Facts) -> Markdown:
    """Answer which errors, noise and redundancy are known."""
    return blocks(
        "What became of every input:",
        exhibits.fates(facts),
        "What was found:",
        exhibits.findings(facts),
        "What was measured in the published clips:",
        exhibits.quantities(facts),
    )


def external(facts: Facts) -> Markdown:
    """Answer whether the dataset stands alone."""
    said = f"URLs in the metadata: {count(facts.links)}; none of them is needed to use the recordings."
    return blocks(f"Self-contained: the sound is embedded in {plural(facts.shards, 'Parquet file')}.", said)


def subpopulations(facts: Facts) -> Markdown:
    """Answer how subpopulations are marked."""
    if not facts.categories:
        return Markdown("No column of the metadata has few enough values to mark subpopulations (2 to 20).")
    return blocks(
        "Columns of the metadata with 2 to 20 values. Which of them mark groups of people, a person must say.",
        *(exhibits.tally(facts, found) for found in facts.categories),
    )


def identification(facts: Facts) -> Markdown:
    """Answer whether people can be identified."""
    found = facts.personal
    names = joined(code(name) for name in found.columns)
    signs = [
        f"values that hold something like an e-mail address: {count(found.emails)}",
        f"values that hold something like a telephone number: {count(found.telephones)}",
        Markdown(f"columns whose names suggest people or places: {names or 'none'}"),
    ]
    return blocks(
        "A recorded voice identifies its speaker: it is biometric data. In the published metadata a search for patterns"
        " found:",
        bullets(signs),
        "Names and other free text were not searched.",
    )


def _duplicates(facts: Facts) -> str:
    stage = facts.stage("dedup")
    if stage is None:
        return "Duplicates were not searched for."
    found = f"Duplicates of others, not published: {plural(facts.fates.duplicate, 'input')}."
    rest = stage.report.get("not_searched", ())
    return f"{found} Not searched for: {'; '.join(rest)}." if rest else found


def _columns(facts: Facts, owner: str) -> Markdown:
    return joined(code(column.name) for column in facts.columns if column.owner == owner) or Markdown("none")


def _owner(owner: str) -> str:
    return "the makers" if owner == "metadata" else "lds"
