"""``dist/README.md``: the dataset card of the Hugging Face Hub, YAML in front and measured tables behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import yaml

from listen_datasets import licences, tables
from listen_datasets.cards.facts import Column, Facts
from listen_datasets.cards.markdown import code, paragraphs, plain, table

NOT_ANSWERED = "Not answered."
MOST_ROWS = 50
"""Longest table of values in the card."""

_SIZES = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"), (10**11, "10B<n<100B"),
    (10**12, "100B<n<1T"),
)  # fmt: skip
_MEASURED = {
    "duration": "s", "loudness_lufs": "LUFS", "peak_dbfs": "dBFS", "snr_db": "dB", "bandwidth_hz": "Hz",
    "silent_fraction": "", "clipped_fraction": "",
}  # fmt: skip
_DTYPES = {
    "string": "string", "large_string": "string", "bool": "bool", "double": "float64", "float": "float32",
    "halffloat": "float16", "binary": "binary", "date32[day]": "date32",
}  # fmt: skip


def readme(facts: Facts, answers: Mapping[str, str]) -> str:
    """Return the card.

    Args:
        facts: What was measured.
        answers: What people have answered, by id of the datasheet's question.
    """
    front = yaml.safe_dump(front_matter(facts), sort_keys=False, allow_unicode=True, width=10_000)
    body = "\n\n".join(block for block in _body(facts, answers) if block)
    return f"---\n{front}---\n\n{body}\n"


def front_matter(facts: Facts) -> dict[str, Any]:
    """Return the YAML part as plain values: every number is computed from the shards as they were written."""
    about = facts.about
    clips = sum(split.clips for split in facts.splits)
    front: dict[str, Any] = {"pretty_name": facts.title, **_licence(facts)}
    if about.languages:
        front["language"] = list(about.languages)
    if about.tasks:
        front["task_categories"] = list(about.tasks)
    front["tags"] = list(dict.fromkeys(("audio", *about.keywords)))
    front["size_categories"] = [next((name for most, name in _SIZES if clips < most), "n>1T")]
    front["configs"] = [
        {
            "config_name": "default",
            "default": True,
            "data_files": [{"split": split.name, "path": f"data/{split.name}-*"} for split in facts.splits],
        }
    ]
    front["dataset_info"] = {
        "config_name": "default",
        "features": [{"name": column.name, **dtype(column, facts.sampling_rate)} for column in facts.columns],
        "splits": [
            {"name": split.name, "num_bytes": split.num_bytes, "num_examples": split.clips} for split in facts.splits
        ],
        "download_size": sum(shard.bytes for shard in facts.shards),
        "dataset_size": sum(split.num_bytes for split in facts.splits),
    }
    return front


def dtype(column: Column, sampling_rate: int | None) -> dict[str, Any]:
    """Return the feature of a column as the Hub's YAML spells it."""
    if column.is_audio:
        return {"dtype": {"audio": {"sampling_rate": sampling_rate}} if sampling_rate else "audio"}
    if column.labels:
        return {"dtype": {"class_label": {"names": {str(i): name for i, name in enumerate(column.labels)}}}}
    return _feature(column.type)


def _feature(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        if pa.types.is_struct(kind.value_type):
            return {"list": [{"name": field.name, **_feature(field.type)} for field in kind.value_type]}
        inner = _feature(kind.value_type)
        return {"sequence": inner.get("dtype", inner)}
    if pa.types.is_struct(kind):
        return {"struct": [{"name": field.name, **_feature(field.type)} for field in kind]}
    return {"dtype": _DTYPES.get(str(kind), str(kind))}


def _licence(facts: Facts) -> dict[str, Any]:
    named = [text for text in facts.licence_counts if text]
    ids = list(dict.fromkeys(licences.hub_id(text) for text in named)) or ["unknown"]
    front: dict[str, Any] = {"license": ids[0] if len(ids) == 1 else ids}
    others = [text for text in named if licences.hub_id(text) == "other"]
    if others:
        # The Hub wants a name and a link beside `other`; a page that does not exist helps nobody.
        front["license_name"] = str(licences.canonical(others[0])).lower()
        front["license_link"] = licences.page(others[0]) or "DATASHEET.md"
    return front


# ----------------------------------------------------------------------------------------------------------------------
# The prose


def _body(facts: Facts, answers: Mapping[str, str]) -> Iterator[str]:
    about = facts.about
    yield f"# {plain(facts.title)}"
    yield paragraphs(about.description) if about.description else NOT_ANSWERED
    yield (
        f"Version {about.version}: {sum(split.clips for split in facts.splits):,} clips, {_length(facts.seconds)} of audio."
        " Every number below was measured by `lds` from the files that are published here; the questions that only people"
        " can answer are in [DATASHEET.md](DATASHEET.md)."
    )
    yield "## Use it"
    yield (
        "```python\nfrom datasets import load_dataset\n\n"
        'dataset = load_dataset("PATH_OR_REPOSITORY")  # this folder, or where it is published\n```'
    )
    yield "Check it: `sha256sum -c SHA256SUMS` in this folder."
    yield "## Uses"
    yield f"Could serve: {_answer(answers, 'use.could')}"
    yield f"Should not be used for: {_answer(answers, 'use.not')}"
    yield from _structure(facts)
    yield from _creation(facts, answers)
    yield from _closing(facts, answers)


def _structure(facts: Facts) -> Iterator[str]:
    yield "## Structure"
    yield "One row is one clip: the recording as it was, its metadata, and what was measured."
    yield "### Splits"
    total = sum(split.clips for split in facts.splits)
    yield table(
        ("split", "clips", "share", "length", "shards", "bytes"),
        [
            (
                code(split.name), f"{split.clips:,}", f"{100 * split.clips / total:.1f} %", _length(split.seconds),
                str(sum(shard.split == split.name for shard in facts.shards)),
                f"{sum(shard.bytes for shard in facts.shards if shard.split == split.name):,}",
            )
            for split in facts.splits
        ],
    )  # fmt: skip
    yield from _leakage(facts)
    if facts.label is not None:
        yield f"### Labels ({code(facts.label.name)})"
        yield _labels(facts, facts.label)
    yield "### Columns"
    yield table(("column", "type", "unit", "meaning"), [_column(column) for column in facts.columns])
    yield "### Audio"
    formats = [
        (code(name), ", ".join(f"{code(value)} {number:,}" for value, number in facts.tally(name).items()))
        for name in ("container", "codec", "sample_rate", "num_channels")
    ]
    yield table(("fact", "clips"), formats)
    yield table(("measure", "minimum", "5 %", "median", "95 %", "maximum"), list(_distributions(facts)))


def _leakage(facts: Facts) -> Iterator[str]:
    split = facts.entries.get("split")
    if split is None:
        return
    report = split.report
    groups = ", ".join(code(name) for name in report.get("group_by", ())) or "no column"
    strata = ", ".join(code(name) for name in report.get("stratify_by", ())) or "no column"
    yield (
        f"Split with seed {report.get('seed', 0)}, grouped by {groups}, stratified by {strata}. After the fact every pair of"
        " clips in different splits was compared:"
    )
    yield table(
        ("relation", "values", "pairs of clips across splits"),
        [
            (f"same {code(name)}", f"{entry['values']:,}", f"{entry['pairs_across']:,}")
            for name, entry in report["relations"].items()
        ],
    )
    yield "Near duplicates (the same recording re-encoded, resampled or cut) were not searched."


def _labels(facts: Facts, label: Column) -> str:
    counted: dict[int, dict[str, int]] = {}
    for value, split in zip(facts.clips[label.name].to_pylist(), facts.clips["split"].to_pylist(), strict=True):
        if value is not None:
            row = counted.setdefault(value, {})
            row[split] = row.get(split, 0) + 1
    names = [split.name for split in facts.splits]
    rows = [
        (code(label.labels[value]), *(f"{counted[value].get(name, 0):,}" for name in names))
        for value in sorted(counted)[:MOST_ROWS]
    ]
    rest = f"\n\nand {len(counted) - MOST_ROWS} more labels" if len(counted) > MOST_ROWS else ""
    return table(("label", *map(code, names)), rows) + rest


def _column(column: Column) -> tuple[str, str, str, str]:
    kind = "audio" if column.is_audio else "class label" if column.labels else str(column.type)
    missing = f" ({column.nulls:,} without)" if column.nulls and column.name not in tables.owned_columns() else ""
    meaning = "The recording, byte for byte." if column.is_audio else plain(column.description) or "From the metadata."
    return code(column.name), code(kind), column.unit, meaning + missing


def _distributions(facts: Facts) -> Iterator[tuple[str, ...]]:
    for name, unit in _MEASURED.items():
        values = facts.quantiles(name)
        if values is not None:
            yield (code(name), *(f"{value:.4g} {unit}".strip() for value in values))


def _creation(facts: Facts, answers: Mapping[str, str]) -> Iterator[str]:
    counts = facts.counts
    yield "## Creation"
    yield f"Why it was made: {_answer(answers, 'mot.purpose')}"
    yield f"How the recordings were obtained: {_answer(answers, 'col.acquired')}"
    yield f"Who made the recordings and annotations: {_answer(answers, 'col.who')}"
    yield "### What became of the inputs"
    yield table(
        ("inputs", "kept", "duplicate", "excluded", "rejected", "unreadable"),
        [tuple(f"{getattr(counts, name):,}" for name in counts.__struct_fields__)],
    )
    withheld = counts.kept - sum(split.clips for split in facts.splits)
    if withheld:
        yield f"{withheld:,} of the clips that were kept are not published, because their licence is not known."
    yield "### What was found"
    rows = [(code(name), f"{number:,}") for name, number in facts.findings.items()]
    yield table(("finding", "times"), rows) if rows else "Nothing."
    yield "### What was done"
    yield table(
        ("stage", "version", "kept after it"),
        [(name, entry.version, f"{entry.counts.get('kept', 0):,}") for name, entry in facts.entries.items()],
    )
    yield "The recordings are published byte for byte: nothing was resampled, trimmed or encoded again."


def _closing(facts: Facts, answers: Mapping[str, str]) -> Iterator[str]:
    about = facts.about
    yield "## Licences"
    yield table(
        ("licence", "clips"), [(code(text or "none"), f"{number:,}") for text, number in facts.licence_counts.items()]
    )
    yield (
        f"Attribution is required for {facts.licences.attribution_required:,} clips; commercial use:"
        f" {facts.licences.commercial_use}. The column `license` of each clip is what counts. This is not legal advice."
    )
    yield "## People"
    yield f"Consent: {_answer(answers, 'col.consent')}"
    yield f"Sensitive content: {_answer(answers, 'com.sensitive')}"
    yield "## Limits"
    yield f"Known errors and biases: {_answer(answers, 'use.impact')}"
    yield "## Citation, authors, contact"
    yield f"```text\n{about.citation.replace('```', '')}\n```" if about.citation else f"Citation: {NOT_ANSWERED}"
    yield f"Authors: {_authors(facts)}"
    yield f"Contact: {plain(about.contact) if about.contact else NOT_ANSWERED}"


def _authors(facts: Facts) -> str:
    names: Sequence[str] = [
        plain(author.name + (f", {author.affiliation}" if author.affiliation else "")) for author in facts.about.authors
    ]
    return "; ".join(names) or NOT_ANSWERED


def _answer(answers: Mapping[str, str], question: str) -> str:
    return plain(answers[question]) if question in answers else NOT_ANSWERED


def _length(seconds: float) -> str:
    if seconds < 600:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.2f} h"
