"""Which clips are split, and which are left out of all splits and why."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.splitting import kept as keeping
from listen_datasets.splitting.groups import Groups, grouped
from listen_datasets.stage import is_published
from listen_datasets.tables import user_columns

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Choice:
    """The clips that are split, and the others.

    Attributes:
        groups: Clips and what may not be divided; clips over the limit of a group among them.
        at: The row of the manifest of each of these clips (n clips).
        kept: The split that each of them keeps (n clips); -1 for none.
        over: Those over the limit of their group (n clips).
        left: Rows of the manifest that are left out, by finding code.
        bridges: A finding for each clip that would join two splits.
    """

    groups: Groups
    at: Integers
    kept: Integers
    over: Mask
    left: Mapping[str, Integers]
    bridges: tuple[Finding, ...] = ()


def choose(
    manifest: pa.Table, relations: tuple[str, ...], kept: Integers, names: list[str], *, needed: str | None
) -> Choice:
    """Decide which published clips are split.

    Args:
        manifest: All clips.
        relations: Columns that the user groups by.
        kept: The split that each clip keeps (n clips of the manifest); -1 for none.
        names: Of the splits.
        needed: Column without whose value a clip cannot be placed; None if there is none.
    """
    chosen = is_published(manifest).to_numpy().copy()
    left: dict[str, Integers] = {}
    if needed is not None:
        lacking = chosen & (kept < 0) & _is_empty(manifest.column(needed))
        left["split.no_value"] = np.flatnonzero(lacking)
        chosen &= ~lacking
    groups = grouped(manifest, chosen, relations)
    at = np.flatnonzero(chosen)
    joining = keeping.bridges(groups, kept[at])
    if (kept[at] >= 0).any():
        chosen[at[joining]] = False
        rest = grouped(manifest, chosen, relations)
        others = np.flatnonzero(chosen)
        # Through other new clips, or through copies that are not published.
        chained = keeping.torn(rest, kept[others])[rest.group] & (kept[others] < 0)
        joining = joining | np.isin(at, others[chained])
        chosen[others[chained]] = False
    found = tuple(keeping.bridge_findings(groups.clips, joining, groups.relations, kept[at], names))
    if joining.any():
        left["split.bridge"] = at[joining]
        groups, at = grouped(manifest, chosen, relations), np.flatnonzero(chosen)
    return Choice(groups, at, kept[at], np.zeros(len(at), dtype=np.bool_), left, found)


def limited(choice: Choice, most: int | None, seed: int) -> Choice:
    """Leave out what a group has beyond a number of clips: never those that have a split, and others by the seed."""
    if most is None:
        return choice
    groups = choice.groups
    sizes = groups.sizes()
    large = np.flatnonzero(sizes[groups.group] > most)
    key = seed.to_bytes(8, "little")
    ids = groups.clips.column("clip_id").take(large).to_pylist()
    drawn = [hashlib.blake2b(name.encode(), digest_size=16, key=key).digest() for name in ids]
    order = sorted(range(len(ids)), key=lambda i: (groups.group[large[i]], choice.kept[large[i]] < 0, drawn[i]))
    over = np.zeros(len(groups.group), dtype=np.bool_)
    place, last = 0, -1
    for i in order:
        group = int(groups.group[large[i]])
        place = place + 1 if group == last else 1
        last = group
        over[large[i]] = place > most and choice.kept[large[i]] < 0
    left = {**choice.left, "split.over_limit": choice.at[over]}
    return Choice(groups, choice.at, choice.kept, over, left, choice.bridges)


def findings(manifest: pa.Table, choice: Choice, needed: str | None, most: int | None) -> tuple[Finding, ...]:
    """Return a finding for each clip that is left out."""
    found = list(choice.bridges)
    said = {
        "split.no_value": f"The clip is in no split, for its `{shown(needed or '', 80)}` is empty.",
        "split.over_limit": f"The clip is in no split, for its group has more than {most or 0:,} clips.",
    }
    for code, message in said.items():
        rows = choice.left.get(code, np.empty(0, dtype=np.int64))
        column = needed if code == "split.no_value" else None
        field = None if column is None else pointer(user_columns(manifest).get(column, column))
        found += [
            catalogue.finding(code, message, clip_id=clip["clip_id"], path=clip["path"], field=field)
            for clip in manifest.select(["clip_id", "path"]).take(rows).to_pylist()
        ]
    return tuple(found)


def torn_findings(choice: Choice, names: list[str]) -> tuple[Finding, ...]:
    """Return a finding for each group whose clips keep to two splits, so that only a person can part or join them."""
    groups = choice.groups
    found = []
    for group in np.flatnonzero(keeping.torn(groups, choice.kept)).tolist():
        members = np.flatnonzero(groups.group == group)
        firsts = {int(choice.kept[row]): int(row) for row in members[::-1] if choice.kept[row] >= 0}
        paths = groups.clips.column("path").take(list(firsts.values())).to_pylist()
        said = " and ".join(f"{shown(path)} ({names[k]})" for k, path in sorted(zip(firsts, paths, strict=True)))
        found.append(
            catalogue.finding(
                "split.torn",
                f"Clips that belong together keep the splits that they have: {said}; the group has {len(members):,} clips"
                f"{groups.called(group)}.",
                clip_id=groups.names[group],
                path=paths[0],
                hint="correct the metadata, if it is wrong; or exclude the clips of one of the splits; or `lds split"
                " --assignment anew`, which assigns all clips again and moves old ones",
                evidence={"clips": len(members), "splits": ", ".join(names[k] for k in sorted(firsts))},
            )
        )
    return tuple(found)


def _is_empty(column: pa.ChunkedArray) -> Mask:
    empty = pc.is_null(column)
    if pa.types.is_string(column.type):
        empty = pc.or_(empty, pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), fill_value=False))
    mask: Mask = empty.to_numpy()
    return mask
