"""The facts of a dataset, from its recipe, its manifest, its ledger and its shards."""

from __future__ import annotations

import math
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import __version__, catalogue, config, huggingface, leakage, licences, tables
from listen_datasets.documents import counting, sound
from listen_datasets.documents.facts import (
    Column,
    Facts,
    FindingTally,
    Owner,
    Reason,
    Separation,
    SourceFacts,
    Split,
    StageFacts,
    Tally,
)
from listen_datasets.documents.published import Published
from listen_datasets.ledger import Entry
from listen_datasets.model import Counts, Fate
from listen_datasets.publication import LICENSE
from listen_datasets.recipe import Recipe
from listen_datasets.section import fields

STAGES: tuple[str, ...] = typing.get_args(catalogue.StageName)
"""The stages in the order of the job."""

_FORMATS = ("container", "codec", "sample_rate", "num_channels", "bits_per_sample", "decoder")
_NOT_QUANTITIES = frozenset({*_FORMATS, "metadata_line", "num_samples", "recording_num_samples", "bytes", "start"})
_FEW_VALUES = 20
_LICENSE = "SPDX id of the licence of the clip."


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the facts are made of.

    Attributes:
        recipe: ``lds.toml``.
        manifest: The clips, with the columns of all stages.
        rejected: Inputs that became no clip.
        fates: Of all inputs.
        history: The latest ledger entry of each stage, by name.
        published: What is in the shards.
        descriptions: What the metadata schema says of columns, by the user's names.
    """

    recipe: Recipe
    manifest: pa.Table
    rejected: pa.Table
    fates: Counts
    history: Mapping[str, Entry]
    published: Published
    descriptions: Mapping[str, str]


def gather(given: Given) -> Facts:
    """Count and measure everything that the documents will say."""
    published = given.published
    rows = published.rows
    users = rows.select(_of_user(given))
    labels = _label_columns(given)
    stages = tuple(_stages(given))
    carried: dict[str | None, int] = {None: rows.num_rows}
    if LICENSE in rows.column_names:
        carried = counting.totals(rows.column(LICENSE))
    return Facts(
        about=given.recipe.dataset,
        lds_version=__version__,
        splits=tuple(_splits(published)),
        columns=tuple(_columns(given)),
        sampling_rate=published.sampling_rate,
        recordings=pc.count_distinct(rows.column("recording_id")).as_py(),
        cut=published.cut,
        labels=tuple(counting.tally(published, name) for name in labels),
        categories=tuple(_categories(given, labels)),
        formats=tuple(counting.tally(published, name) for name in _FORMATS),
        quantities=tuple(
            counting.quantity(rows, name, str(entry.get("x-unit", "")))
            for name, entry in tables.owned_columns().items()
            if name in rows.column_names and entry["x-arrow"] in {"float64", "int64"} and name not in _NOT_QUANTITIES
        ),
        sources=tuple(_sources(given)),
        fates=given.fates,
        reasons=tuple(_reasons(given)),
        unlicensed=given.fates.kept - rows.num_rows,
        findings=tuple(_findings(stages)),
        separations=tuple(_separations(given)),
        licences=licences.summary(carried),
        personal=counting.personal(users),
        periods=tuple(counting.periods(users)),
        links=counting.links(users),
        stages=stages,
    )


def contributing(history: Mapping[str, Entry], manifest: pa.Table) -> list[Entry]:
    """Return the entries of the stages that the published clips went through, in the order of the job.

    These are the stages whose columns the manifest has, and the one that wrote the shards. Features, for one, are not
    published.
    """
    columns = set(manifest.column_names)
    named = {name: tables.added_by(name) for name in STAGES}
    return [
        history[name]
        for name, added in named.items()
        if name in history and (name == "shard" or (added and set(added) <= columns))
    ]


def _splits(published: Published) -> Iterator[Split]:
    for files in published.splits:
        in_split = pc.equal(published.rows.column("split"), files.name)
        durations = published.rows.column("duration").filter(in_split).to_pylist()
        yield Split(files=files, seconds=math.fsum(durations))


def _columns(given: Given) -> Iterator[Column]:
    rows = given.published.rows
    for field in given.published.schema:
        owner, description = _described(given, field.name)
        column = None if field.name == huggingface.AUDIO else rows.column(field.name)
        yield Column(
            name=field.name,
            type=field.type,
            owner=owner,
            description=description,
            unit=tables.owned_columns().get(field.name, {}).get("x-unit"),
            classes=given.published.class_labels.get(field.name, ()),
            missing=0 if column is None else column.null_count,
            distinct=None if column is None or pa.types.is_nested(field.type) else pc.count_distinct(column).as_py(),
        )


def _described(given: Given, name: str) -> tuple[Owner, str]:
    if name == huggingface.AUDIO:
        cut = sum(given.published.cut.values())
        return "recording", sound.description(has_whole=cut < given.published.rows.num_rows, has_cut=cut > 0)
    owned = tables.owned_columns().get(name)
    if owned is not None:
        return "lds", str(owned["description"])
    users = tables.user_columns(given.published.rows)[name]
    if name == LICENSE and name not in given.manifest.column_names:
        return "lds", _LICENSE
    if users != name:
        return "metadata", given.descriptions.get(users, f"What the metadata says of {users}.")
    return "metadata", given.descriptions.get(name, "")


def _label_columns(given: Given) -> list[str]:
    label = given.recipe.dataset.label
    names = [*([label] if label else []), *given.published.class_labels]
    kinds = {field.name: field.type for field in given.published.rows.schema}
    return [name for name in dict.fromkeys(names) if name in kinds and not pa.types.is_nested(kinds[name])]


def _of_user(given: Given) -> list[str]:
    """Return the user's columns of the shards."""
    return [name for name in tables.user_columns(given.published.rows) if name in given.published.rows.column_names]


def _categories(given: Given, labels: Sequence[str]) -> Iterator[Tally]:
    for name in _of_user(given):
        kind = given.published.rows.schema.field(name).type
        if name in labels or name == LICENSE or not (pa.types.is_string(kind) or pa.types.is_boolean(kind)):
            continue
        if 1 < pc.count_distinct(given.published.rows.column(name)).as_py() <= _FEW_VALUES:
            yield counting.tally(given.published, name)


def _sources(given: Given) -> Iterator[SourceFacts]:
    rows = given.published.rows
    for source in sorted(given.recipe.source, key=lambda item: item.name):
        durations = rows.column("duration").filter(pc.equal(rows.column("source"), source.name)).to_pylist()
        yield SourceFacts(name=source.name, clips=len(durations), seconds=math.fsum(durations), license=source.license)


_COPIED = {"exact": "same bytes", "pcm": "same samples", "near": "same sound"}


def _reasons(given: Given) -> Iterator[Reason]:
    for fate, column in ((Fate.EXCLUDED, "excluded_by"), (Fate.DUPLICATE, "duplicate_level")):
        if column in given.manifest.column_names:
            rows = given.manifest
            if fate is Fate.DUPLICATE and "excluded_by" in rows.column_names:
                rows = rows.filter(pc.is_null(rows.column("excluded_by")))
            for code, inputs in counting.totals(rows.column(column).drop_null()).items():
                yield Reason(fate=fate, code=_COPIED[str(code)] if fate is Fate.DUPLICATE else str(code), inputs=inputs)
    for fate in (Fate.REJECTED, Fate.UNREADABLE):
        codes = given.rejected.filter(pc.equal(given.rejected.column("fate"), fate.value)).column("code")
        for code, inputs in counting.totals(codes).items():
            yield Reason(fate=fate, code=str(code), inputs=inputs)


def _stages(given: Given) -> Iterator[StageFacts]:
    sections = {field.name: field.type for field in fields(Recipe)}
    for entry in contributing(given.history, given.manifest):
        defaults = config.builtins(sections[entry.stage]())
        yield StageFacts(
            name=entry.stage,
            version=entry.version,
            config=entry.config,
            changed={key: value for key, value in entry.config.items() if defaults.get(key) != value},
            used=entry.used,
            counts=entry.counts,
            findings=entry.findings,
            report=entry.report,
            agent=entry.agent,
        )


def _findings(stages: Sequence[StageFacts]) -> Iterator[FindingTally]:
    for stage in stages:
        for code, number in sorted(stage.findings.items()):
            # A plug-in may have codes of its own.
            known = catalogue.entries().get(code)
            yield FindingTally(
                stage=stage.name,
                code=code,
                severity=known.severity if known else "note",
                findings=number,
                meaning=known.meaning if known else "",
            )


def _separations(given: Given) -> Iterator[Separation]:
    entry = given.history["split"]
    rows = given.published.rows
    groups = [name for name in entry.config.get("group-by", []) if name in rows.column_names]
    names = list(dict.fromkeys((*groups, *leakage.CONTENT)))
    for name, relation in leakage.relations(rows, names).items():
        pairs = rows.select([name, "split"]).filter(pc.is_valid(rows.column(name)))
        distinct = pairs.group_by("split").aggregate([(name, "count_distinct")]).to_pydict()
        values = dict(zip(distinct["split"], distinct[f"{name}_count_distinct"], strict=True))
        yield Separation(
            column=name,
            is_group=name in groups,
            relation=relation,
            values={split.name: values.get(split.name, 0) for split in given.published.splits},
        )
