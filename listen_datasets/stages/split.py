"""Split: which clips are for training, for validation and for testing, so that nothing of one is in another."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue, components, digest, leakage, recipe, storage, tables
from listen_datasets.balance import Balance, said, total_seconds
from listen_datasets.errors import InternalError, NothingError, UsageError
from listen_datasets.metadata.shown import pointer
from listen_datasets.model import Finding
from listen_datasets.stage import Outcome, Stage, Workspace, is_published

Config = recipe.Split

REPORT = "split_report.json"

Integers = npt.NDArray[np.int64]

_METHOD = (
    "Clips that share a value of a group_by column, a sha256, a pcm_md5 (but that of digital silence) or a recording_id,"
    " directly or through other clips, form a group; no group is divided. Groups are dealt out so that the splits come close to the ratios (by"
    " clips) and to the proportions of the stratify_by columns: alike groups in proportion, then the others, large ones"
    " first, where they cost least; then single moves and exchanges while they lower Pearson's chi-squared. The seed"
    " decides between equals. The relations were counted afterwards, from the finished table."
)
_USUAL_GROUPS = re.compile(
    r"(speaker|singer|artist|performer|player|subject|participant|client|recordist|session|site|location|station|device"
    r"|album|track|song|work|piece|group)([_ -]?(id|name))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Groups:
    """The published clips and what may not be divided.

    Attributes:
        clips: The published rows of the manifest.
        group: The group of each clip (n clips), from 0.
        names: The smallest ``clip_id`` of each group.
        relations: The columns whose values never straddle splits.
    """

    clips: pa.Table
    group: Integers
    names: Sequence[str]
    relations: tuple[str, ...]

    def sizes(self) -> Integers:
        """Return the clips of each group."""
        return np.bincount(self.group, minlength=len(self.names))

    def alone(self, name: str) -> int:
        """Return how many groups there would be if one column alone related clips."""
        codes = components.codes(leakage.relating(self.clips, name))
        return len(np.unique(components.connected([codes], len(codes))))

    def largest(self) -> str:
        """Say in words which group is the largest and how much it holds."""
        sizes = self.sizes()
        biggest = min(np.flatnonzero(sizes == sizes.max()).tolist(), key=self.names.__getitem__)
        members = self.clips.filter(pa.array(self.group == biggest))
        share = f"the largest group has {sizes[biggest]:,} of {sizes.sum():,} clips{_cut_from(members)}"
        columns = [name for name in self.relations if name not in leakage.CONTENT]
        if not columns:
            return share
        return f"{share} ({', '.join(_values(members.column(name), name) for name in columns)})"


def run(workspace: Workspace, config: Config) -> Outcome:
    """Assign each published clip to a split; see :class:`listen_datasets.stage.Stage`.

    Raises:
        NothingError: No clip is published.
        RecipeError: A column does not exist or cannot be compared.
        UsageError: There are fewer groups than splits.
        InternalError: The splits share something after all.
    """
    from listen_datasets.assignment import Problem, assign  # noqa: PLC0415 - start-up time

    workspace.require((*config.group_by, *config.stratify_by))
    groups = _groups(workspace.manifest, config)
    # One order for one set of ratios, however lds.toml spells it.
    ratios = dict(sorted(((k, r) for k, r in config.ratios.items() if r > 0), key=lambda item: (-item[1], item[0])))
    _refuse_too_few(groups, len(ratios))
    stratum, strata = _strata(groups.clips, config.stratify_by)
    counts = _counts(groups.group, stratum, (len(groups.names), len(strata)))
    split = assign(Problem(counts, groups.names, ratios, config.seed))[groups.group]
    manifest = _with_split(workspace.manifest, split, list(ratios))
    relations = _checked(leakage.relations(manifest, groups.relations))
    balance = Balance(
        ratios=ratios,
        counts=_counts(split, stratum, (len(ratios), len(strata))).toarray().astype(np.int64),
        seconds=total_seconds(groups.clips.column("duration").to_numpy(), split, len(ratios)),
        stratify_by=config.stratify_by,
        strata=strata,
    )
    report = _report(balance, relations, config, len(groups.names))
    document = {"schema_version": 1, "method": _METHOD, **report, "strata": balance.proportions()}
    return Outcome(
        manifest=manifest,
        findings=(*balance.findings(groups.largest()), *_no_group(workspace.manifest, config)),
        files={REPORT: storage.write_bytes(workspace.disk, workspace.staging / REPORT, _json(document))},
        report=report,
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Return the digest of the columns that decide on the splits."""
    present = [name for name in ("excluded_by", "duplicate_of") if name in workspace.manifest.column_names]
    names = ["clip_id", *leakage.CONTENT, "duration", "peak_dbfs", *present, *config.group_by, *config.stratify_by]
    return {
        "manifest": workspace.digest(list(dict.fromkeys(names))),
        "usual_groups": digest.of_json([] if config.group_by else _usual_groups(workspace.manifest)),
    }


STAGE = Stage(name="split", version="2", config=Config, run=run, inputs=inputs, owns=(REPORT,))


# ----------------------------------------------------------------------------------------------------------------------
# Groups and strata


def _groups(manifest: pa.Table, config: Config) -> _Groups:
    published = is_published(manifest)
    clips = manifest.filter(published)
    if not clips.num_rows:
        hint = "`lds validate` says what excludes them" if manifest.num_rows else "ingest some recordings first"
        raise NothingError(f"none of the {manifest.num_rows:,} clips is to be published", hint=hint)
    relations = tuple(dict.fromkeys((*config.group_by, *leakage.CONTENT)))
    # Published clips first: what follows them only links.
    linked = pa.concat_tables([clips, manifest.filter(_copies(manifest, published, clips))])
    numbers = [components.codes(leakage.relating(linked, name)) for name in relations]
    group = np.unique(components.connected(numbers, linked.num_rows)[: clips.num_rows], return_inverse=True)[1]
    by_id = pc.sort_indices(clips.column("clip_id")).to_numpy()
    first = by_id[np.unique(group[by_id], return_index=True)[1]]
    return _Groups(clips, group.astype(np.int64), clips.column("clip_id").take(first).to_pylist(), relations)


def _copies(manifest: pa.Table, published: pa.ChunkedArray, clips: pa.Table) -> pa.ChunkedArray:
    """Return a mask of clips that are not published but have the sound of one that is.

    What their rows say of speaker or site holds for the published clip as well. Digital silence says nothing.
    """
    same = [pc.is_in(manifest.column(name), clips.column(name).combine_chunks()) for name in ("sha256", "pcm_md5")]
    heard = pc.and_(pc.or_(*same), pc.is_valid(manifest.column("peak_dbfs")))
    return pc.and_(heard, pc.invert(published))


def _refuse_too_few(groups: _Groups, splits: int) -> None:
    found = len(groups.names)
    if found >= splits:
        return
    alone = [f"{name} alone gives {groups.alone(name):,}" for name in groups.relations]
    raise UsageError(
        f"{found} group{'s' * (found != 1)} of clips cannot fill {splits} splits, for no group is divided;"
        f" {groups.largest()}",
        where="[split]",
        hint=f"ask for at most {found} splits (ratios), or group by a column with more values ({', '.join(alone)})",
    )


def _strata(clips: pa.Table, columns: Sequence[str]) -> tuple[Integers, list[tuple[Any, ...]]]:
    """Return the stratum of each clip and the values of each stratum, in the order of the values; null is a value."""
    stratum = np.zeros(clips.num_rows, dtype=np.int64)
    for name in columns:
        numbers = components.codes(clips.column(name)) + 1
        stratum = np.unique(stratum * (numbers.max() + 1) + numbers, return_inverse=True)[1].astype(np.int64)
    firsts = clips.select(list(columns)).take(np.unique(stratum, return_index=True)[1])
    values = list(zip(*(column.to_pylist() for column in firsts.columns), strict=True)) if columns else [()]
    order = sorted(range(len(values)), key=lambda s: [(value is not None, value or 0) for value in values[s]])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[stratum], [values[s] for s in order]


def _counts(rows: Integers, columns: Integers, shape: tuple[int, int]) -> Any:  # noqa: ANN401 - a sparse array
    from scipy.sparse import coo_array, csr_array  # noqa: PLC0415 - start-up time

    return csr_array(coo_array((np.ones(len(rows)), (rows, columns)), shape=shape))


# ----------------------------------------------------------------------------------------------------------------------
# What comes out


def _with_split(manifest: pa.Table, split: Integers, names: Sequence[str]) -> pa.Table:
    positions = np.full(manifest.num_rows, -1, dtype=np.int64)
    positions[is_published(manifest).to_numpy()] = split
    column = pa.array(names, pa.string()).take(pa.array(positions, mask=positions < 0))
    return tables.with_columns(manifest, {"split": column})


def _checked(relations: Mapping[str, leakage.Relation]) -> Mapping[str, leakage.Relation]:
    for name, relation in relations.items():
        if relation.straddling or relation.pairs_across:
            raise InternalError(f"{relation.straddling} values of {name} ended up in two splits")
    return relations


def _report(
    balance: Balance, relations: Mapping[str, leakage.Relation], config: Config, components: int
) -> dict[str, Any]:
    return {
        "ratios": balance.shares(),
        "relations": msgspec.to_builtins(relations),
        "group_by": list(config.group_by),
        "stratify_by": list(config.stratify_by),
        "seed": config.seed,
        "components": components,
        "worst_stratum": balance.worst(),
    }


def _no_group(manifest: pa.Table, config: Config) -> tuple[Finding, ...]:
    usual = _usual_groups(manifest)
    if config.group_by or not usual:
        return ()
    return (
        catalogue.finding(
            "split.no_group",
            f"Clips are not grouped, though the metadata has the column {' and '.join(usual)}.",
            field=pointer(usual[0]),
            hint=f'`group-by = ["{usual[0]}"]` keeps each {usual[0]} in one split',
        ),
    )


def _usual_groups(manifest: pa.Table) -> list[str]:
    return [name for name in tables.user_columns(manifest) if _USUAL_GROUPS.fullmatch(name)]


def _cut_from(clips: pa.Table) -> str:
    """Say how many recordings clips come from, if some are spans of one: these stay together."""
    recordings = pc.count_distinct(clips.column("recording_id")).as_py()
    return "" if recordings == clips.num_rows else f" from {recordings:,} recording{'s' * (recordings != 1)}"


def _values(column: pa.ChunkedArray, name: str) -> str:
    distinct = sorted(column.unique().to_pylist(), key=lambda value: (value is None, str(value)))
    return said({name: distinct[0]}) + (f" and {len(distinct) - 1:,} more" if len(distinct) > 1 else "")


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()
