"""Read recordings and their metadata into the manifest: the only stage that meets unknown files.

Gather what there is, set aside what is known, map one pass over every other recording
(:func:`listen_datasets.audio.measure`), and account for every input: it becomes a row of the manifest or a row of
``rejected.parquet``, never nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import __version__, digest, registry, tables
from listen_datasets.executors import Done, Lost
from listen_datasets.executors.batches import cut, map_items
from listen_datasets.fingerprints import VERSION as FINGERPRINT
from listen_datasets.fingerprints import keeping
from listen_datasets.intake import Item, Recording, Said
from listen_datasets.intake.accounting import check_conserved, check_share, rejection
from listen_datasets.intake.assembling import assemble, placed, with_folders
from listen_datasets.intake.comparing import Digests, Seen, digests, is_grown, trusted, unchanged
from listen_datasets.intake.gathering import Intake, gather
from listen_datasets.intake.known import ORDER, Known, measured_columns, merged, nothing, of_dataset
from listen_datasets.intake.portability import said_of_names
from listen_datasets.intake.reporting import report
from listen_datasets.journal import Journal
from listen_datasets.metadata.aligned import Joined
from listen_datasets.model import Rejected
from listen_datasets.recipe import Ingest as Config
from listen_datasets.sources import check_apart, check_disjoint, check_there
from listen_datasets.spans import MAX_SECONDS, Span
from listen_datasets.stage import Outcome, Stage, Workspace
from listen_datasets.storage import Written
from listen_datasets.stores import Store

if TYPE_CHECKING:
    from listen_datasets.audio import Measured, Unusable
    from listen_datasets.intake.collecting import Collection, Keeper

__all__ = ["STAGE", "Config"]

VERSION = "5"
STAMPS = "stamps.parquet"

_BATCH_FILES, _BATCH_BYTES = 64, 32_000_000
_SECONDS, _BYTES_PER_SECOND = 20.0, 50_000
"""Time that a recording may take: some, and more for large ones; the slowest codec decodes thrice as fast."""
_REAL_TIME = 50
"""How much faster than it lasts a clip is measured at least: of 8 channels at 96 kHz."""
_LOST = {
    "worker.crashed": "audio.decoder_crashed",
    "worker.memory": "audio.decoder_memory",
    "worker.timeout": "audio.timeout",
}


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What is to be done.

    Attributes:
        intake: What there is.
        known: What is known of it.
        same: Which of the known recordings are as they were, with their digests.
        journal: Where results are kept until the commit.
        stores: Where the recordings of each source lie.
        fingerprints: Files of the dataset as it is that hold those of the known recordings.
    """

    intake: Intake
    known: Known
    same: Digests
    journal: Journal
    stores: Mapping[str, Store]
    fingerprints: Sequence[Path]


def run(workspace: Workspace, config: Config) -> Outcome:
    """Measure every recording that is not known and build the manifest."""
    plan = _plan(workspace, config)
    collected, keeper = _measure(workspace, config, plan)
    read = {**plan.same, **collected.digests}
    facts, rejected, findings = _with_known(plan, collected)
    clipless = collected.clipless
    del collected
    used = _used(workspace, config, plan.intake, read, rejected)
    rejected += [item for found in plan.intake.surveys for item in found.refused]
    findings += [(item.source, rejection(item)) for item in rejected]
    assembled = assemble(plan.intake, facts, clipless, _earlier(workspace))
    del facts  # the manifest holds all of it
    rejected += assembled.rejected
    manifest = assembled.manifest
    check_conserved(plan.intake, manifest, rejected)
    check_share(config.max_reject, rejected, manifest.num_rows)
    if config.label_from_folder:
        manifest = with_folders(manifest, _label(workspace))
    written, kept = _fingerprints(workspace, plan, keeper, manifest)
    return Outcome(
        manifest=manifest,
        rejected=tables.rejected_table(rejected),
        findings=placed(
            [*findings, *plan.intake.findings, *said_of_names(plan.intake.surveys), *assembled.findings], manifest
        ),
        report=report(plan.intake, plan.same, _before(workspace), manifest),
        files=written,
        kept=kept,
        used=used,
        caches={STAMPS: _stamps(plan.intake.items, read)},
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Return digests of everything that an ingest reads; if there is something new, without reading the recordings."""
    intake = _intake(workspace, config)
    seen = _seen(workspace)
    if seen is not None and is_grown(intake.items, seen):
        return _used(workspace, config, intake, {}, [])
    return _used(workspace, config, intake, _now(workspace, config, intake.items), [])


# ----------------------------------------------------------------------------------------------------------------------
# The plan


def _intake(workspace: Workspace, config: Config) -> Intake:
    """Find out what there is, once a workspace: `inputs` and `run` want the same."""
    from listen_datasets.tags import check_known  # noqa: PLC0415 - start-up time

    if "intake" not in workspace.memory:
        check_known(config.tags)
        check_there(workspace.root, workspace.recipe.source)
        roots = workspace.source_roots()
        check_disjoint(roots)
        for root in roots.values():
            check_apart(workspace.root, root)
        intake = gather(workspace.root, workspace.recipe, config, _stores(workspace), roots)
        workspace.memory["intake"] = intake
    return cast("Intake", workspace.memory["intake"])


def _stores(workspace: Workspace) -> dict[str, Store]:
    if "stores" not in workspace.memory:
        workspace.memory["stores"] = workspace.stores()
    return cast("dict[str, Store]", workspace.memory["stores"])


def _now(workspace: Workspace, config: Config, items: Sequence[Item]) -> Digests:
    """Return the digests of recordings as they are now, each read once a workspace."""
    now = cast("dict[Recording, str]", workspace.memory.setdefault("digests", {}))
    if config.trust_stat:
        now.update(trusted(items, _seen(workspace) or {}))
    missing = [item for item in items if item.recording not in now]
    now.update(digests(missing, _stores(workspace), workspace.executor, workspace.progress))
    return now


def _plan(workspace: Workspace, config: Config) -> _Plan:
    intake = _intake(workspace, config)
    key = digest.of_json({"lds": __version__, "version": VERSION, **_means(config)})
    journal = Journal(workspace.disk, workspace.staging, "ingest", key)
    known = _known(workspace, config, journal)
    earlier = workspace.previous.files if workspace.previous is not None and not workspace.force else ()
    printed = keeping.names([*earlier, *journal.paths(keeping.FOLDER)])
    wanted = [
        known.has(item.recording, printed) and known.clips_of(item, intake.spans(item.recording)) is not None
        for item in intake.items
    ]
    useful = [item for item, is_of_use in zip(intake.items, wanted, strict=True) if is_of_use]
    same = unchanged(intake.items, known, wanted, _now(workspace, config, useful))
    return _Plan(
        intake=intake, known=known, same=same, journal=journal, stores=_stores(workspace), fingerprints=earlier
    )


def _means(config: Config) -> dict[str, str]:
    """Return digests of what measures and decodes."""
    from listen_datasets.opening import decoders  # noqa: PLC0415 - only an ingest needs the decoder

    measuring = [registry.names("probes"), measured_columns(), config.tags, FINGERPRINT]
    return {"probes": digest.of_json(measuring), "decoder": digest.of_json(decoders())}


def _known(workspace: Workspace, config: Config, journal: Journal) -> Known:
    from listen_datasets.intake.collecting import remembered  # noqa: PLC0415 - as above

    previous = workspace.previous
    if workspace.force:
        return nothing()
    journalled = remembered(journal.pieces())
    if previous is None or previous.entry.version != VERSION:
        return journalled
    if any(previous.entry.used.get(name) != value for name, value in _means(config).items()):
        return journalled
    dataset = of_dataset(previous.manifest, previous.rejected, previous.findings)
    return merged(journalled, dataset) if journalled.entries else dataset


def _earlier(workspace: Workspace) -> dict[Recording, tuple[str, str]]:
    """Return sha256 and id of the recordings of the manifest as it is."""
    if workspace.previous is None:
        return {}
    names = ("source", "path", "sha256", "recording_id")
    columns = (workspace.previous.manifest[name].to_pylist() for name in names)
    return {(source, path): (sha256, name) for source, path, sha256, name in zip(*columns, strict=True)}


def _before(workspace: Workspace) -> set[Recording]:
    """Return the recordings that the dataset holds as it is, the rejected ones among them."""
    if workspace.previous is None:
        return set()
    rejected = workspace.previous.rejected
    read = rejected.filter(pc.is_valid(rejected["sha256"]))
    return {*_earlier(workspace), *zip(read["source"].to_pylist(), read["path"].to_pylist(), strict=True)}


def _seen(workspace: Workspace) -> Seen | None:
    """Return stamps and digests of the last run; None if they are not there."""
    if "seen" not in workspace.memory:
        workspace.memory["seen"] = _read_seen(workspace.cache(STAMPS))
    return cast("Seen | None", workspace.memory["seen"])


def _read_seen(table: pa.Table | None) -> Seen | None:
    names = ("source", "path", "stamp", "sha256")
    if table is None or not set(names) <= set(table.column_names):
        return None
    columns = (table[name].to_pylist() for name in names)
    return {(source, path): (stamp, sha256) for source, path, stamp, sha256 in zip(*columns, strict=True)}


# ----------------------------------------------------------------------------------------------------------------------
# The work


def _measure(workspace: Workspace, config: Config, plan: _Plan) -> tuple[Collection, Keeper]:
    # Only an ingest that runs needs the decoder.
    from listen_datasets.audio import Measured, Reading  # noqa: PLC0415
    from listen_datasets.intake.collecting import Collection, Keeper, Result  # noqa: PLC0415
    from listen_datasets.intake.measuring import Measure, Task  # noqa: PLC0415

    collected, keeper = Collection(), Keeper(plan.journal)
    items = [item for item in plan.intake.items if item.recording not in plan.same]
    items.sort(key=lambda item: (item.source, item.position))
    tasks: list[Task] = [(item.recording, plan.intake.spans(item.recording)) for item in items]
    results = map_items(
        workspace.executor,
        Measure(plan.stores, Reading(registry.names("probes"), config.tags, codecs=True, fingerprints=True)),
        tasks,
        cut([item.bytes for item in items], _BATCH_FILES, _BATCH_BYTES),
        [_allowed(item, spans) for item, (_, spans) in zip(items, tasks, strict=True)],
    )
    shown = workspace.progress(results, total=len(items), label="ingest", unit="recording", seconds=_seconds)
    try:
        for position, result in shown:
            source, path = items[position].recording
            if isinstance(result, Lost):
                collected.reject(_lost(items[position], result))
            elif isinstance(result.value, Measured):
                _keep(Result(source, path, measured=result.value), collected, keeper)
            else:
                _keep(Result(source, path, unusable=result.value), collected, keeper)
    except BaseException:
        # Interrupted: what is done is done.
        keeper.flush()
        raise
    return collected, keeper


def _allowed(item: Item, spans: Sequence[Span] | None) -> float:
    """Return the seconds that a recording may take: clips that overlap are each measured for themselves."""
    once = item.bytes / _BYTES_PER_SECOND
    clips = (once if span.end is None else min(span.end - span.start, MAX_SECONDS) / _REAL_TIME for span in spans or ())
    return _SECONDS + once + sum(clips)


def _keep(result: Any, collected: Collection, keeper: Any) -> None:  # noqa: ANN401 - types of modules loaded late
    collected.add(result)
    keeper.add(result)


def _seconds(result: tuple[int, Done[Measured | Unusable] | Lost]) -> float:
    """Return the length of a recording, for the display of progress."""
    measured = result[1].value if isinstance(result[1], Done) else None
    facts = getattr(measured, "facts", None)
    return float(facts["recording_num_samples"] / facts["sample_rate"]) if facts else 0.0


def _lost(item: Item, lost: Lost) -> Rejected:
    reason = f"the decoder failed twice: {lost.reason}"
    return Rejected(source=item.source, path=item.path, code=_LOST[lost.code], reason=reason, bytes=item.bytes)


def _with_known(plan: _Plan, collected: Collection) -> tuple[pa.Table, list[Rejected], list[Said]]:
    """Return what was measured now together with what was known: facts, rejected, and findings about the bytes."""
    rows: list[int] = []
    rejected = list(collected.rejected)
    problems = dict(collected.problems)
    for item in plan.intake.items:
        if item.recording not in plan.same:
            continue
        entry = plan.known.entries[item.recording]
        if entry.rejected is not None:
            rejected.append(entry.rejected)
        rows += plan.known.clips_of(item, plan.intake.spans(item.recording)) or ()
        if item.recording in plan.known.problems:
            problems[item.recording] = plan.known.problems[item.recording]
    known = plan.known.facts.take(pa.array(rows, pa.int64()))
    return (
        _in_order([*collected.hand_over(), known]),
        rejected,
        [(source, item) for (source, _), found in problems.items() for item in found],
    )


def _in_order(facts: list[pa.Table]) -> pa.Table:
    """Put tables together in the order of the manifest; the list is emptied, so that they are not held twice."""
    whole = pa.concat_tables(facts)
    facts.clear()
    order = pc.sort_indices(whole, sort_keys=ORDER)
    schema, columns = whole.schema, whole.columns
    del whole
    for position, column in enumerate(columns):
        columns[position] = column.take(order).combine_chunks()
    return pa.table(columns, schema=schema)


def _fingerprints(
    workspace: Workspace, plan: _Plan, keeper: Keeper, manifest: pa.Table
) -> tuple[dict[str, Written], dict[str, Written]]:
    """Write the fingerprints of the recordings that are new, and return the new files and those that stay."""
    before = workspace.previous.entry.generated if workspace.previous is not None else {}
    parts = {
        name: Written(path, before[name].bytes, before[name].sha256)
        for path in plan.fingerprints
        for name in (f"{keeping.FOLDER}/{path.name}",)
    }
    wanted = frozenset(manifest["sha256"].unique().to_pylist())
    sources = plan.journal.paths(keeping.FOLDER)
    return keeping.update(workspace.disk, workspace.staging, parts, sources, keeper.fingerprints, wanted)


def _label(workspace: Workspace) -> str:
    """Return the column that names of folders go into."""
    return workspace.recipe.dataset.label or "label"


def _used(
    workspace: Workspace, config: Config, intake: Intake, digests: Digests, rejected: Sequence[Rejected]
) -> dict[str, str]:
    """Return what an ingest depends on. A rejected file counts by its bytes too: a mended one must be noticed."""
    refused = [item for found in intake.surveys for item in found.refused]
    content = {(item.source, item.path): item.sha256 or item.code for item in (*rejected, *refused)}
    content.update(digests)
    inputs = sorted([*(item.recording for item in intake.items), *((item.source, item.path) for item in refused)])
    listing = [[source, path, content.get((source, path), "")] for source, path in dict.fromkeys(inputs)]
    used = {
        **({"label": digest.of_json(_label(workspace))} if config.label_from_folder else {}),
        "recordings": digest.of_json(listing),
        "metadata": digest.of_json([[item.source, item.table.name, _table_digest(item)] for item in intake.joined]),
        **_means(config),
    }
    return used if intake.schema is None else {**used, "schema": f"sha256:{intake.schema}"}


def _table_digest(item: Joined) -> str:
    return item.table.sha256 or digest.of_table(item.table.columns, item.table.columns.column_names)


def _stamps(items: Sequence[Item], digests: Mapping[Recording, str]) -> pa.Table:
    known = [item for item in items if item.stamp is not None]
    return pa.table(
        {
            "source": pa.array([item.source for item in known], pa.string()),
            "path": pa.array([item.path for item in known], pa.string()),
            "stamp": pa.array([item.stamp for item in known], pa.string()),
            "sha256": pa.array([digests.get(item.recording, "") for item in known], pa.string()),
        }
    )


STAGE = Stage(
    name="ingest", version=VERSION, config=Config, run=run, inputs=inputs, needs=(), owns=(f"{keeping.FOLDER}/",)
)
