"""Answers of the datasheet that measurements can give: one function a question, facts in, Markdown out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from listen_datasets.cards.facts import Facts
from listen_datasets.cards.markdown import code, plain

_UNKNOWN = "Not answered."


def _listed(numbers: Mapping[str, int], most: int = 20) -> str:
    shown = ", ".join(f"{code(name)} {number:,}" for name, number in list(numbers.items())[:most])
    return shown + (f" and {len(numbers) - most:,} more" if len(numbers) > most else "")


def _creator(facts: Facts) -> str:
    return "; ".join(plain(author.name) for author in facts.about.authors) or _UNKNOWN


def _instances(_facts: Facts) -> str:
    return "One instance is one clip: a recording with its metadata and what was measured of it. There is one kind."


def _count(facts: Facts) -> str:
    splits = ", ".join(f"{code(split.name)} {split.clips:,} ({split.seconds:,.1f} s)" for split in facts.splits)
    return f"{sum(split.clips for split in facts.splits):,} clips, {facts.seconds / 3600:.3f} h: {splits}."


def _data(facts: Facts) -> str:
    return (
        "The raw recording as it was ingested, byte for byte, and columns of metadata and measurements."
        f" Containers: {_listed(facts.tally('container'))}. Sample rates in Hz: {_listed(facts.tally('sample_rate'))}."
        f" Channels: {_listed(facts.tally('num_channels'))}. Bits a sample: {_listed(facts.tally('bits_per_sample')) or 'none (lossy)'}."
    )


def _label(facts: Facts) -> str:
    if facts.label is None:
        return "No column is declared as a class label."
    counted = facts.tally(facts.label.name)
    named = {facts.label.labels[int(value)]: number for value, number in counted.items()}
    return f"Yes, {code(facts.label.name)} with {len(facts.label.labels)} classes: {_listed(named)}."


def _missing(facts: Facts) -> str:
    lacking = {column.name: column.nulls for column in facts.users if column.nulls}
    return (
        f"Clips without a value: {_listed(lacking)}." if lacking else "Every clip has a value in every metadata column."
    )


def _relations(facts: Facts) -> str:
    grouped = facts.entries["split"].config.get("group-by", ()) if "split" in facts.entries else ()
    if not grouped:
        return "No column was declared to relate instances."
    numbers = ", ".join(
        f"{code(name)} ({len(facts.tally(name)):,} values)" for name in grouped if name in _names(facts)
    )
    return f"Instances that belong together share a value of {numbers or 'a column that is not published'}."


def _splits(facts: Facts) -> str:
    report = facts.entries["split"].report
    shares = ", ".join(
        f"{code(name)} {100 * entry['got']:.1f} % (wanted {100 * entry['wanted']:.1f} %)"
        for name, entry in report["ratios"].items()
    )
    pairs = ", ".join(f"{code(name)} {entry['pairs_across']:,}" for name, entry in report["relations"].items())
    return (
        f"Yes: {shares}. Assigned by groups with seed {report['seed']}, so that related clips never straddle splits;"
        f" pairs of clips across splits that share a value, counted afterwards: {pairs}."
    )


def _errors(facts: Facts) -> str:
    counts = facts.counts
    found = _listed(facts.findings) or "none"
    return (
        f"Of {counts.inputs:,} inputs {counts.rejected:,} were rejected, {counts.unreadable:,} unreadable,"
        f" {counts.excluded:,} excluded for errors and {counts.duplicate:,} were duplicates; none of these is published."
        f" Findings by code: {found}. Near duplicates were not searched."
    )


def _external(_facts: Facts) -> str:
    return "Self-contained: the bytes of all recordings lie in the Parquet files."


def _subpopulations(facts: Facts) -> str:
    marked = [column.name for column in facts.users if column.name in _SUBPOPULATIONS]
    listed = "; ".join(f"{code(name)}: {_listed(facts.tally(name))}" for name in marked)
    return f"Columns that mark them: {listed}." if listed else "No column with a usual name marks them."


def _identify(_facts: Facts) -> str:
    return (
        "Wherever voices are recorded a person can be identified: a voice is biometric. Names in file names, labels and"
        " transcripts have not been searched."
    )


def _acquired(facts: Facts) -> str:
    sources = facts.entries["ingest"].report.get("sources", ())
    return (
        f"Recordings from {len(sources)} local source(s), each decoded to its end; metadata from tables, checked against a"
        " JSON Schema where the dataset has one. How they came into being is for a person to say."
    )


def _mechanism(facts: Facts) -> str:
    return f"Decoded by {_listed(facts.tally('decoder'))}. The devices that recorded them are for a person to say."


def _sampling(facts: Facts) -> str:
    return f"No sampling by lds: of {facts.counts.inputs:,} inputs all that passed the checks were taken."


def _timeframe(_facts: Facts) -> str:
    return "Not known to lds: dates inside the files are not read."


def _direct(facts: Facts) -> str:
    sources = facts.entries["ingest"].report.get("sources", ())
    return f"Sources: {', '.join(code(name) for name in sources)}. Whether people or third parties gave them, a person must say."


def _done(facts: Facts) -> str:
    steps = ", ".join(f"{name} (version {entry.version})" for name, entry in facts.entries.items())
    return f"The recordings were not changed. Stages run: {steps}. Their settings are in provenance.intoto.json."


def _raw(_facts: Facts) -> str:
    return "The published recordings are the raw ones, each with the sha256 of its file; those left out are listed by the maker."


def _software(facts: Facts) -> str:
    agent = facts.entries["shard"].agent
    return f"Listen Datasets (Apache-2.0): {', '.join(f'{name} {version}' for name, version in sorted(agent.items()))}."


def _impact(facts: Facts) -> str:
    label = facts.label
    if label is None:
        return f"Findings by code: {_listed(facts.findings) or 'none'}."
    counted = facts.tally(label.name)
    most, least = max(counted.values(), default=0), min(counted.values(), default=0)
    return f"The largest class has {most:,} clips and the smallest {least:,}. Findings by code: {_listed(facts.findings) or 'none'}."


def _how(facts: Facts) -> str:
    size = sum(shard.bytes for shard in facts.shards)
    where = f" at {plain(facts.about.url)}" if facts.about.url else ""
    return f"As {len(facts.shards):,} Parquet files, {size:,} bytes{where}; their digests are in SHA256SUMS. No DOI is recorded."


def _when(facts: Facts) -> str:
    return facts.about.published or _UNKNOWN


def _licence(facts: Facts) -> str:
    counts = {text or "none": number for text, number in facts.licence_counts.items()}
    return (
        f"Clips by licence: {_listed(counts)}. Attribution is required for {facts.licences.attribution_required:,};"
        f" commercial use: {facts.licences.commercial_use}. Not legal advice."
    )


def _third_party(facts: Facts) -> str:
    return f"{facts.unknown_licences:,} clips have a licence whose terms are not known to lds; the licences are listed above."


def _contact(facts: Facts) -> str:
    return plain(facts.about.contact) if facts.about.contact else _UNKNOWN


def _erratum(_facts: Facts) -> str:
    return "None is recorded."


def _old(facts: Facts) -> str:
    return f"This is version {facts.about.version}; what becomes of older ones is for a person to say."


def _names(facts: Facts) -> set[str]:
    return {column.name for column in facts.columns}


_SUBPOPULATIONS = frozenset(
    {"gender", "sex", "age", "accent", "dialect", "language", "country", "region", "nationality"}
)

DRAFTS: Mapping[str, Callable[[Facts], str]] = {
    "mot.creator": _creator,
    "com.instances": _instances,
    "com.count": _count,
    "com.data": _data,
    "com.label": _label,
    "com.missing": _missing,
    "com.relations": _relations,
    "com.splits": _splits,
    "com.errors": _errors,
    "com.external": _external,
    "com.subpops": _subpopulations,
    "com.identify": _identify,
    "col.acquired": _acquired,
    "col.mechanism": _mechanism,
    "col.sampling": _sampling,
    "col.timeframe": _timeframe,
    "col.direct": _direct,
    "pre.done": _done,
    "pre.raw": _raw,
    "pre.software": _software,
    "use.impact": _impact,
    "dis.how": _how,
    "dis.when": _when,
    "dis.licence": _licence,
    "dis.thirdip": _third_party,
    "mai.contact": _contact,
    "mai.erratum": _erratum,
    "mai.old": _old,
}
"""Every question that is `auto` or `draft`, by id."""
