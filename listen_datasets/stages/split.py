"""Split: which clips are for training, for validation and for testing, so that nothing of one is in another."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets import catalogue, config, digest, leakage, recipe, storage, tables
from listen_datasets.balance import Balance, effective, total_seconds
from listen_datasets.errors import InternalError, NothingError, UsageError
from listen_datasets.metadata.shown import pointer
from listen_datasets.model import Finding
from listen_datasets.splitting import kept as keeping
from listen_datasets.stage import Outcome, Stage, Workspace, is_published

if TYPE_CHECKING:
    from listen_datasets.splitting.choosing import Choice
    from listen_datasets.splitting.groups import Groups

Config = recipe.Split

REPORT = "split_report.json"

Integers = npt.NDArray[np.int64]

_METHOD = (
    "Clips that share a value of a group_by column, a sha256, a pcm_md5 (but that of digital silence), a recording_id or a"
    " duplicate_group, directly or through other clips, form a group; no group is divided. Groups are dealt out so that the"
    " splits come close to the ratios and to the proportions of the stratify_by columns: alike groups in proportion, then"
    " the others, large ones first, where they cost least; then single moves and exchanges while they lower Pearson's"
    " chi-squared. The seed decides between equals. Clips that had a split keep it; groups that come later are drawn by"
    " their name and the seed. The relations were counted afterwards, from the finished table."
)
_USUAL_GROUPS = re.compile(
    r"(speaker|singer|artist|performer|player|subject|participant|client|recordist|session|site|location|station|device"
    r"|album|track|song|work|piece|group)([_ -]?(id|name))?",
    re.IGNORECASE,
)


def run(workspace: Workspace, config: Config) -> Outcome:
    """Assign each published clip to a split; see :class:`listen_datasets.stage.Stage`.

    Raises:
        NothingError: No clip is published.
        RecipeError: A column does not exist or cannot be compared.
        UsageError: What is asked for cannot be done; the message says why.
        CorruptError: The record of earlier splits was changed.
        InternalError: The splits share something after all.
    """
    from listen_datasets.splitting import choosing  # noqa: PLC0415 - start-up time

    manifest = workspace.manifest
    workspace.require(_columns(config))
    _refuse_nothing(manifest)
    before = None if config.assignment == "anew" else keeping.recorded(workspace, _settings(config))
    names, kept = _kept(manifest, config, before)
    needed = config.time_by or config.leave_one_group_out
    choice = choosing.choose(manifest, _group_by(config), kept, names, needed=needed)
    if not choice.groups.number:
        raise NothingError("no clip is left to be split", hint=f"fill the column {needed!r} in")
    choice = choosing.limited(choice, config.max_per_group, config.seed)
    made = _made(choice, config, names, before)
    table = _with_split(manifest, choice, made)
    torn = choosing.torn_findings(choice, made.names)
    relations = leakage.relations(table, choice.groups.relations)
    if not torn:
        _checked(relations)
    report = _report(made.balance, relations, config, choice.groups, made.split)
    document = {
        "schema_version": 1, "method": _METHOD, **report, "strata": made.balance.proportions(),
        "how": {name: leakage.HOW.get(name, "they have the same value") for name in relations},
    }  # fmt: skip
    record = keeping.record(before, table)
    return Outcome(
        manifest=table,
        findings=(
            *torn,
            *made.balance.findings(choice.groups.largest()),
            *choosing.findings(manifest, choice, needed, config.max_per_group),
            *_no_group(manifest, config),
        ),
        files={
            REPORT: storage.write_bytes(workspace.disk, workspace.staging / REPORT, _json(document)),
            keeping.NAME: storage.write_parquet(workspace.disk, workspace.staging / keeping.NAME, record),
        },
        report=report,
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Return the digest of the columns that decide on the splits."""
    optional = ("excluded_by", "duplicate_of", leakage.NEAR)
    present = [name for name in optional if name in workspace.manifest.column_names]
    names = ["clip_id", *leakage.CONTENT, "duration", "peak_dbfs", *present, *_columns(config)]
    return {
        "manifest": workspace.digest(list(dict.fromkeys(names))),
        "order": digest.of_json(list(config.ratios) if config.time_by else []),
        "usual_groups": digest.of_json([] if config.group_by else _usual_groups(workspace.manifest)),
    }


STAGE = Stage(name="split", version="3", config=Config, run=run, inputs=inputs, owns=(REPORT, keeping.NAME))


# ----------------------------------------------------------------------------------------------------------------------
# What is asked for


def _settings(section: Config) -> dict[str, Any]:
    return config.builtins(section)


def _group_by(section: Config) -> tuple[str, ...]:
    more = () if section.leave_one_group_out is None else (section.leave_one_group_out,)
    return tuple(dict.fromkeys((*section.group_by, *more)))


def _columns(section: Config) -> list[str]:
    one = (section.leave_one_group_out, section.time_by, _official(section))
    return [*section.group_by, *section.stratify_by, *(name for name in one if name is not None)]


def _official(section: Config) -> str | None:
    """Return the column with published splits; `split` of the user's table arrives under another name."""
    return None if section.official is None else tables.manifest_name(section.official)


def _refuse_nothing(manifest: pa.Table) -> None:
    if not is_published(manifest).to_numpy().any():
        hint = "`lds validate` says what excludes them" if manifest.num_rows else "ingest some recordings first"
        raise NothingError(f"none of the {manifest.num_rows:,} clips is to be published", hint=hint)


def _names(section: Config) -> list[str]:
    from listen_datasets.splitting.timeline import ordered  # noqa: PLC0415 - start-up time

    if section.folds is not None:
        return [f"fold_{n + 1}" for n in range(section.folds)]
    if section.time_by is not None:
        return ordered([name for name, ratio in section.ratios.items() if ratio > 0])
    # One order for one set of ratios, however lds.toml spells it; a split of 0 holds published clips alone.
    some = {name: ratio for name, ratio in section.ratios.items() if ratio > 0 or section.official is not None}
    return sorted(some, key=lambda name: (-some[name], name))


def _kept(manifest: pa.Table, section: Config, before: pa.Table | None) -> tuple[list[str], Integers]:
    """Return the names of the splits, and the one that each clip keeps; -1 for none."""
    if section.leave_one_group_out is not None:
        names = [] if before is None else sorted(before.column("split").unique().to_pylist(), key=_fold_number)
        return names, keeping.found_in(before, manifest, names)
    names = _names(section)
    kept = keeping.found_in(before, manifest, names)
    column = _official(section)
    if column is not None:
        said = keeping.official(manifest.column(column), names, folds=section.folds is not None)
        published = keeping.positions(said, names)
        kept = np.where(published >= 0, published, kept)
    return names, kept


def _fold_number(name: str) -> int:
    return int(name.removeprefix("fold_"))


# ----------------------------------------------------------------------------------------------------------------------
# What comes out


@dataclass(frozen=True)
class _Made:
    """What was dealt out.

    Attributes:
        names: Of the splits.
        split: Of each clip that was chosen (n clips); -1 for one over the limit of its group.
        balance: How close it came.
    """

    names: list[str]
    split: Integers
    balance: Balance


def _made(choice: Choice, section: Config, names: list[str], before: pa.Table | None) -> _Made:
    from listen_datasets.splitting import dealing  # noqa: PLC0415 - start-up time
    from listen_datasets.splitting.strata import strata_of  # noqa: PLC0415

    groups = choice.groups
    strata = strata_of(groups.clips, section.stratify_by)
    inside = np.where(choice.over, -1, groups.group)
    durations = groups.clips.column("duration").to_numpy()
    ms = np.round(durations * 1000)  # whole numbers: no order of the clips changes their sum
    weight = np.ones(len(ms)) if section.balance == "clips" else np.maximum(ms, 1)
    unit = weight.sum() / len(weight)
    sizes = np.bincount(groups.group[~choice.over], weights=weight[~choice.over], minlength=groups.number) / unit
    counts = strata.counts(inside, groups.number, weight) / unit
    group_split = dealing.group_splits(groups, choice.kept)
    ratios = np.array([section.ratios.get(name, 1 / max(1, len(names))) for name in names])
    wanted = dealing.Wanted(names, ratios, section.seed)
    if section.leave_one_group_out is not None:
        dealt, names = dealing.each_group(groups, group_split, section.leave_one_group_out, names)
    elif section.time_by is not None:
        dealt = _by_time(groups, section.time_by, group_split, sizes, ratios)
    elif before is not None:
        dealt = dealing.drawn(groups, wanted, group_split)
    else:
        dealt = dealing.optimised(groups, wanted, group_split, (counts, sizes))
    if section.min_per_class:
        clips = strata.counts(inside, groups.number).astype(np.int64)
        least = (section.min_per_class, names)
        dealt = dealing.with_least(dealt, group_split < 0, clips, strata, least)
    split = np.where(choice.over, -1, np.where(choice.kept >= 0, choice.kept, dealt[groups.group]))
    amounts = strata.counts(split, len(names), weight).toarray() / (1 if section.balance == "clips" else 1000)
    balance = Balance(
        ratios=_shares(section, names, split),
        clips=np.bincount(split[split >= 0], minlength=len(names)).tolist(),
        seconds=total_seconds(durations, split, len(names)),
        strata=strata.values,
        counts=strata.counts(split, len(names)).toarray().astype(np.int64),
        amounts=amounts,
        by=section.balance,
    )
    return _Made(names, split, balance)


def _shares(section: Config, names: Sequence[str], split: Integers) -> dict[str, float | None]:
    """Return the share of everything that each split was to get; None for those that nothing was dealt to by size."""
    if section.leave_one_group_out is not None:
        return dict.fromkeys(names)
    if section.folds is not None:
        return dict.fromkeys(names, 1 / section.folds)
    closed = [k for k, name in enumerate(names) if section.ratios[name] == 0]
    rest = 1 - np.isin(split, closed).sum() / max(1, (split >= 0).sum())
    return {name: section.ratios[name] * float(rest) if section.ratios[name] else None for name in names}


def _by_time(groups: Groups, column: str, split: Integers, sizes: npt.NDArray[np.float64], ratios: Any) -> Integers:  # noqa: ANN401
    from listen_datasets.splitting import timeline  # noqa: PLC0415 - start-up time

    time = timeline.times(groups.clips.column(column), column)
    if not (split >= 0).any():
        return timeline.cut(groups, time, sizes, ratios)
    fitted = timeline.fitting(groups, time, split, len(ratios))
    if (fitted < 0).any():
        group = int(np.flatnonzero(fitted < 0)[0])
        raise UsageError(
            f"new clips of one group lie on both sides of the time that parts two splits{groups.called(group)}",
            where="[split] time-by",
            hint="correct their times, exclude them, or `lds split --assignment anew`, which assigns all clips again",
        )
    return fitted


def _with_split(manifest: pa.Table, choice: Choice, made: _Made) -> pa.Table:
    positions = np.full(manifest.num_rows, -1, dtype=np.int64)
    positions[choice.at] = made.split
    column = pa.array(made.names, pa.string()).take(pa.array(positions, mask=positions < 0))
    why = np.full(manifest.num_rows, None, dtype=object)
    for code, rows in choice.left.items():
        why[rows] = code
    return tables.with_columns(manifest, {"split": column, "left_out_by": pa.array(why, pa.string())})


def _checked(relations: Mapping[str, leakage.Relation]) -> Mapping[str, leakage.Relation]:
    for name, relation in relations.items():
        if relation.straddling or relation.pairs_across:
            raise InternalError(f"{relation.straddling} values of {name} ended up in two splits")
    return relations


def _report(
    balance: Balance, relations: Mapping[str, leakage.Relation], section: Config, groups: Groups, split: Integers
) -> dict[str, Any]:
    shares: dict[str, dict[str, Any]] = {name: dict(share) for name, share in balance.shares().items()}
    for k, part in enumerate(shares.values()):
        sizes = np.bincount(groups.group[split == k])
        part["groups"] = int((sizes > 0).sum())
        part["effective_groups"] = effective(sizes)
    return {
        "ratios": shares,
        "splits": list(shares),
        "balance": section.balance,
        "distance": balance.distance(),
        "relations": msgspec.to_builtins(relations),
        "not_checked": [] if leakage.NEAR in relations else ["near duplicates (re-encoded, resampled, cut)"],
        "group_by": list(section.group_by),
        "stratify_by": list(section.stratify_by),
        "seed": section.seed,
        "components": groups.number,
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


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()
