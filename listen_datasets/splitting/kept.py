"""Splits that clips have already: those that were published, and those that an earlier run gave them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue, digest, leakage, parquet, tables
from listen_datasets.components import codes
from listen_datasets.errors import CorruptError, RecipeError, UsageError
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.recipe import SPLIT_NAME
from listen_datasets.splitting.groups import Groups
from listen_datasets.stage import Workspace
from listen_datasets.stores.splits import WORDS

NAME = "splits.parquet"
"""File in the dataset with the split of each clip that has ever had one: `ingest` makes the manifest anew."""

SCHEMA = pa.schema([pa.field("clip_id", pa.string(), nullable=False), pa.field("split", pa.string(), nullable=False)])

_HOW = frozenset({"assignment"})
"""Keys that may change while clips keep their splits."""

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def recorded(workspace: Workspace, settings: Mapping[str, Any]) -> pa.Table | None:
    """Return the split of each clip that an earlier run gave it; None if there was none.

    Args:
        workspace: What the stage sees.
        settings: What it is asked for now, under the keys of ``lds.toml``.

    Raises:
        CorruptError: The record is not what was written.
        UsageError: The settings have changed since.
    """
    entry = workspace.history.get("split")
    if entry is None or NAME not in entry.generated:
        return None
    path = workspace.root / NAME
    if not path.is_file() or digest.of_file(path) != entry.generated[NAME].sha256:
        raise CorruptError(
            f"{NAME} is not what lds wrote, and says which clips are in which split",
            where=NAME,
            hint="bring it back from a copy, or `lds split --assignment anew` to assign all clips again",
        )
    changed = [
        key for key, value in settings.items() if key not in _HOW and key in entry.config and entry.config[key] != value
    ]
    if changed:
        before = "; ".join(f"{key} was {entry.config[key]!r}" for key in changed)
        raise UsageError(
            f"clips have splits already, and what they were made by has changed: {', '.join(changed)}",
            where="[split]",
            hint=f"`lds split {workspace.root.name} --assignment anew` with the same options assigns all clips again, also"
            f" those of the test split; or leave it as it was ({before})",
        )
    return parquet.contents(path)


def record(before: pa.Table | None, manifest: pa.Table) -> pa.Table:
    """Return the record after a run: what clips have now, and what those had that are away and may come back."""
    now = manifest.select(["clip_id", "split"]).filter(pc.is_valid(manifest.column("split"))).cast(SCHEMA)
    if before is not None:
        away = before.filter(pc.invert(pc.is_in(before.column("clip_id"), now.column("clip_id").combine_chunks())))
        now = pa.concat_tables([now, away.cast(SCHEMA)])
    return now.sort_by("clip_id").combine_chunks()


def found_in(before: pa.Table | None, clips: pa.Table, names: Sequence[str]) -> Integers:
    """Return the recorded split of each clip (n clips) as its position in `names`; -1 if it has none."""
    if before is None or not before.num_rows:
        return np.full(clips.num_rows, -1, dtype=np.int64)
    row = pc.index_in(clips.column("clip_id"), before.column("clip_id").combine_chunks())
    return positions(before.column("split").take(row.combine_chunks()), names)


def official(column: pa.ChunkedArray, names: Sequence[str], *, folds: bool) -> pa.ChunkedArray:
    """Return the published splits as they are called here: ``dev`` is validation, fold ``3`` is fold_3.

    Raises:
        RecipeError: A clip is in a split that nobody asked for.
    """
    said = pc.utf8_trim_whitespace(column.cast(pa.string()))
    spelled: dict[str, str | None] = {"": None}
    for value in sorted(filter(None, said.unique().to_pylist())):
        spelled[value] = _called(value, names, folds=folds)
    unknown = [value for value, name in spelled.items() if value and name not in names]
    if unknown:
        others = ", ".join(shown(value) for value in unknown[:5])
        extra = [name for value in unknown if SPLIT_NAME.match(name := spelled[value] or value)]
        wanted = "more folds" if folds else f"ratios = {{ ..., {', '.join(f'{name} = 0' for name in extra[:5])} }}"
        raise RecipeError(
            f"published splits are called {others}, which is none of {', '.join(names)}",
            where="[split] official",
            hint=f"ask for them too ({wanted}; a split of 0 keeps its clips and gets no others), or rename them",
        )
    keys = pa.array(list(spelled), pa.string())
    return pa.array(list(spelled.values()), pa.string()).take(pc.index_in(said, keys).combine_chunks())


def _called(value: str, names: Sequence[str], *, folds: bool) -> str:
    if value in names:
        return value
    if folds and value.isascii() and value.isdigit():
        return f"fold_{int(value)}"
    return WORDS.get(value.lower(), value)


def positions(column: pa.ChunkedArray | pa.Array, names: Sequence[str]) -> Integers:
    """Return the position of each value in `names`; -1 if it is null or none of them."""
    at = pc.fill_null(pc.index_in(column, pa.array(names, pa.string())), -1)
    return np.asarray(at.to_numpy(zero_copy_only=False) if isinstance(at, pa.Array) else at.to_numpy(), dtype=np.int64)


def bridges(groups: Groups, kept: Integers) -> Mask:
    """Return a mask (n clips) of new clips that would join clips of two splits, by a value or through other new clips.

    Clips that have a split never move; where such clips share a value across splits, new clips with it are left out too.

    Args:
        groups: All clips.
        kept: The split of each clip that has one (n clips); -1 for the others.
    """
    new = kept < 0
    lowest, highest = np.full(len(kept), np.iinfo(np.int64).max), np.full(len(kept), -1)
    for name in groups.relations:
        numbers = codes(leakage.relating(groups.clips, name))
        low, high = _range(numbers, kept)
        lowest, highest = np.minimum(lowest, low), np.maximum(highest, high)
    mask: Mask = new & (highest >= 0) & (lowest != highest)
    return mask


def _range(numbers: Integers, kept: Integers) -> tuple[Integers, Integers]:
    """Return the first and the last of the splits in which clips with the same number are (n clips each)."""
    top = np.iinfo(np.int64).max
    size = int(numbers.max(initial=-1)) + 1
    low, high = np.full(size + 1, top), np.full(size + 1, -1)
    inside = (numbers >= 0) & (kept >= 0)
    np.minimum.at(low, numbers[inside], kept[inside])
    np.maximum.at(high, numbers[inside], kept[inside])
    return low[numbers], high[numbers]  # -1 is the last entry, which says nothing


def torn(groups: Groups, kept: Integers) -> Mask:
    """Return a mask (groups) of those with clips in two splits that clips keep."""
    low, high = np.full(groups.number, np.iinfo(np.int64).max), np.full(groups.number, -1)
    inside = kept >= 0
    np.minimum.at(low, groups.group[inside], kept[inside])
    np.maximum.at(high, groups.group[inside], kept[inside])
    mask: Mask = high > np.where(low > high, high, low)
    return mask


def bridge_findings(
    manifest: pa.Table, joining: Mask, relations: Iterable[str], kept: Integers, names: Sequence[str]
) -> Iterator[Finding]:
    """Yield a finding for each new clip that is left out because it would join two splits.

    Args:
        manifest: The clips that were to be split.
        joining: Those that are left out (n clips).
        relations: Columns that relate clips.
        kept: The split that each clip keeps (n clips); -1 for none.
        names: Of the splits.
    """
    if not joining.any():
        return
    ranges = {name: _range(codes(leakage.relating(manifest, name)), kept) for name in relations}
    rows = np.flatnonzero(joining)
    for at, clip in zip(rows.tolist(), manifest.take(rows).to_pylist(), strict=True):
        links = {name: (low[at], high[at]) for name, (low, high) in ranges.items() if high[at] >= 0}
        said = ", ".join(
            f"{shown(name, 80)} with {' and '.join(dict.fromkeys(names[k] for k in pair))}"
            for name, pair in links.items()
        )
        yield catalogue.finding(
            "split.bridge",
            f"The clip is in no split, for it would join what lies in two ({said or 'through other new clips'}).",
            clip_id=clip["clip_id"],
            path=clip["path"],
            field=pointer(tables.user_columns(manifest).get(next(iter(links)), next(iter(links)))) if links else None,
            hint="leave it out; or correct its metadata, if it is wrong; or `lds split --assignment anew`, which assigns all"
            " clips again and moves old ones",
            evidence={"relations": ", ".join(links)} if links else None,
        )
