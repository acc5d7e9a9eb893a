"""Read recordings and their metadata into the manifest: the only stage that meets unknown files.

Survey the sources, join the metadata, map one pass over every recording (:func:`listen_datasets.audio.measure`), and
account for every input: it becomes a row of the manifest or a row of ``rejected.parquet``, never nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from listen_datasets import catalogue, digest, registry, tables
from listen_datasets.errors import NothingError, TooManyRejected, UsageError
from listen_datasets.executors import Lost
from listen_datasets.executors.batches import map_items
from listen_datasets.inputs import InputProblem, opened
from listen_datasets.metadata import MetadataTable, join_key, match, read
from listen_datasets.metadata.aligned import Aligned, Joined, align, rows_by_recording, text_where_they_differ
from listen_datasets.model import Finding, Rejected
from listen_datasets.recipe import Ingest as Config
from listen_datasets.recipe import Source
from listen_datasets.schema import MetadataSchema
from listen_datasets.sources import check_apart, check_disjoint
from listen_datasets.stage import Outcome, Stage, Workspace
from listen_datasets.survey import Survey, survey
from listen_datasets.text import visible

if TYPE_CHECKING:
    from listen_datasets.audio import Measured, Unusable
    from listen_datasets.containers import Problem

__all__ = ["STAGE", "Config"]

_FEW_REJECTED = 20
_BATCH_FILES, _BATCH_BYTES = 64, 32_000_000
_HASH_BLOCK = 1 << 20
_NO_RECORDING = frozenset({"metadata.file_missing", "metadata.unsafe_path", "metadata.ambiguous"})
"""What is wrong with a row that names no recording; such a row is an input of its own."""

Said = tuple[str, Finding]
"""A finding with the name of the source that it is about: two sources may hold files of the same path."""


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """Everything that an ingest reads, found and joined but not decoded."""

    surveys: Sequence[Survey]
    joined: Sequence[Joined]
    schema: str | None
    findings: Sequence[Said] = ()
    items: Sequence[tuple[str, str]] = field(default_factory=tuple)

    @property
    def roots(self) -> dict[str, Path]:
        return {item.source.name: item.root for item in self.surveys}


@dataclass(frozen=True)
class Measure:
    """Measures one recording in a worker: picklable, and small."""

    roots: Mapping[str, Path]
    probes: tuple[str, ...]

    def __call__(self, item: tuple[str, str]) -> Measured | Unusable:
        """Return what :func:`listen_datasets.audio.measure` says about (source, path)."""
        from listen_datasets.audio import measure  # noqa: PLC0415 - the coordinator decodes nothing

        source, path = item
        return measure(self.roots[source], path, self.probes)


def run(workspace: Workspace, config: Config) -> Outcome:
    """Measure every recording and build the manifest."""
    inputs = _gather(workspace, config)
    rows, rejected, findings = _measure(workspace, inputs)
    rejected += [item for found in inputs.surveys for item in found.refused]
    findings += [(item.source, _rejection(item)) for found in inputs.surveys for item in found.refused]
    digests = {(row["source"], row["path"]): row["sha256"] for row in rows}
    used = _used(inputs, digests, rejected)
    rejected += _orphans(inputs.joined)
    _check_share(config, rejected, len(rows))
    rows.sort(key=lambda row: (row["source"], row["path"].encode()))
    _name(rows)
    aligned = align(inputs.joined, [(row["source"], row["path"]) for row in rows])
    findings += [*inputs.findings, *aligned.findings]
    manifest = _manifest(rows, aligned)
    return Outcome(
        manifest=manifest,
        rejected=tables.rejected_table(rejected),
        findings=_placed(findings, manifest),
        report=_report(inputs, manifest, rows),
        used=used,
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Hash everything that an ingest would read: listing, content, metadata, schema, decoder."""
    gathered = _gather(workspace, config)
    digests: dict[tuple[str, str], str] = {}
    refused: list[Rejected] = []
    shown = workspace.progress(gathered.items, total=len(gathered.items), label="compare", unit="recording")
    for source, path in shown:
        try:
            digests[source, path] = _sha256(gathered.roots[source], path)
        except InputProblem as problem:
            refused.append(
                Rejected(source=source, path=path, code=problem.code, reason=problem.reason, fate=problem.fate)
            )
    refused += [item for found in gathered.surveys for item in found.refused]
    return _used(gathered, digests, refused)


def _gather(workspace: Workspace, config: Config) -> _Inputs:
    if not workspace.recipe.source:
        raise UsageError(
            "the recipe names no source", where="lds.toml", hint=f"lds ingest {workspace.root.name} SOURCE"
        )
    check_disjoint(workspace.source_roots())
    schema_path = workspace.beside(workspace.recipe.metadata_schema)
    schema = MetadataSchema.load(schema_path) if schema_path.exists() else None
    surveys: list[Survey] = []
    joined: list[Joined] = []
    described, findings = _tables(workspace, schema)
    for source in workspace.recipe.source:
        root = workspace.source_root(source)
        check_apart(workspace.root, root)
        paths = [workspace.beside(name) for name in source.metadata]
        read_tables = [described[source.name, name] for name in source.metadata]
        keys = [join_key(table, config.join_key) for table in read_tables]
        named = {
            value for table, key in zip(read_tables, keys, strict=True) for value in table.columns[key].to_pylist()
        }
        found = survey(source, root, named=named - {None}, tables=paths)
        surveys.append(found)
        for path, table, key in zip(paths, read_tables, keys, strict=True):
            # A row may name what cannot be opened, such as a link: that is one input, not two.
            there = [*found.recordings, *(item.path for item in found.refused)]
            matched = match(table, key, there, folder=_folder(path, root))
            joined.append(Joined(source=source.name, table=table, matched=matched))
            findings += [(source.name, item) for item in matched.findings if item.code != "metadata.row_missing"]
    items = tuple((found.source.name, path) for found in surveys for path in found.recordings)
    findings += _without_row(joined, items)
    if not items and not any(found.refused for found in surveys):
        raise NothingError(
            "no recording in any source",
            where=", ".join(source.path for source in workspace.recipe.source),
            hint="is the path right? files are taken by suffix: wav flac ogg oga opus mp3 aif aiff aifc",
        )
    schema_digest = digest.of_file(schema_path) if schema is not None else None
    return _Inputs(surveys=surveys, joined=joined, schema=schema_digest, findings=findings, items=items)


def _table_names(sources: Sequence[Source]) -> dict[tuple[str, str], str]:
    """Return how findings call each table: by its file's name, unless another one has that too."""
    tables_ = [(source.name, name) for source in sources for name in source.metadata]
    times = Counter(Path(name).name for _, name in tables_)
    return {
        (source, name): Path(name).name
        if times[Path(name).name] == 1
        else f"{source}/{Path(name).parent.name}/{Path(name).name}"
        for source, name in tables_
    }


def _tables(
    workspace: Workspace, schema: MetadataSchema | None
) -> tuple[dict[tuple[str, str], MetadataTable], list[Said]]:
    """Return the tables of all sources, typed by the schema, by source and name in the recipe; and what is wrong there."""
    names = _table_names(workspace.recipe.source)
    found = {key: _read(workspace.beside(key[1]), name) for key, name in names.items()}
    findings = [(key[0], item) for key, table in found.items() for item in table.findings]
    if schema is None:
        return found, findings
    judged = {key: schema.typed(table) for key, table in found.items()}
    findings += [(key[0], item) for key, (_, wrong) in judged.items() for item in wrong]
    typed = text_where_they_differ(list(found.values()), [table for table, _ in judged.values()])
    return dict(zip(found, typed, strict=True)), findings


def _read(path: Path, name: str) -> MetadataTable:
    table = read(path, name=name)
    if {"start", "end"} <= set(table.columns.column_names):
        raise UsageError(
            "the columns `start` and `end` would cut recordings into clips, which lds cannot do yet",
            where=table.name,
            hint="rename the columns if they mean something else",
        )
    return table


def _folder(path: Path, root: Path) -> str:
    """Return where a table lies below the source, or nothing if it lies elsewhere."""
    folder = path.resolve().parent
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else ""


def _without_row(joined: Sequence[Joined], items: Sequence[tuple[str, str]]) -> Iterator[Said]:
    """Yield the recordings that no table of their source names; a source without tables expects none."""
    described = rows_by_recording(joined)
    sources = {item.source for item in joined}
    for source, path in items:
        if source in sources and (source, path) not in described:
            missing = catalogue.finding(
                "metadata.row_missing",
                "No row of the metadata names this recording.",
                path=path,
                hint="add a row, or remove the file from the source",
            )
            yield source, missing


def _measure(workspace: Workspace, inputs: _Inputs) -> tuple[list[dict[str, Any]], list[Rejected], list[Said]]:
    from listen_datasets.audio import Measured  # noqa: PLC0415 - only an ingest that runs needs the decoder

    rows: list[dict[str, Any]] = []
    rejected: list[Rejected] = []
    findings: list[Said] = []
    measure = Measure(inputs.roots, registry.names("probes"))
    mean = sum(found.bytes for found in inputs.surveys) / max(1, len(inputs.items))
    size = max(1, min(_BATCH_FILES, int(_BATCH_BYTES / max(mean, 1))))
    results = map_items(workspace.executor, measure, inputs.items, size)
    shown = workspace.progress(results, total=len(inputs.items), label="ingest", unit="recording")
    for position, result in shown:
        source, path = inputs.items[position]
        if isinstance(result, Lost):
            item = Rejected(source=source, path=path, code=result.code, reason=f"the decoder failed: {result.reason}")
        elif isinstance(result.value, Measured):
            rows.append({"source": source, "path": path, **result.value.facts})
            findings += [(source, _problem(problem, path)) for problem in result.value.problems]
            continue
        else:
            bad = result.value
            item = Rejected(
                source=source, path=path, code=bad.code, reason=bad.reason, fate=bad.fate,
                bytes=bad.bytes, sha256=bad.sha256,
            )  # fmt: skip
        rejected.append(item)
        findings.append((source, _rejection(item)))
    return rows, rejected, findings


def _problem(problem: Problem, path: str) -> Finding:
    return catalogue.finding(problem.code, problem.message, path=path, hint=problem.hint, evidence=problem.evidence)


def _rejection(item: Rejected) -> Finding:
    return catalogue.finding(item.code, item.reason, path=item.path)


def _orphans(joined: Sequence[Joined]) -> list[Rejected]:
    """Return the rows of the metadata that name no recording, as the inputs that they are."""
    orphans = []
    for item in joined:
        lines = {finding.line: finding for finding in item.matched.findings if finding.code in _NO_RECORDING}
        for row, code in item.matched.unused.items():
            if code in _NO_RECORDING:
                finding = lines.get(int(item.table.lines[row]))
                value = finding.value if finding and finding.value else f"{item.table.name}:{item.table.lines[row]}"
                reason = finding.message if finding else "the row names no recording"
                orphans.append(Rejected(source=item.source, path=visible(value), code=code, reason=reason))
    return orphans


def _check_share(config: Config, rejected: Sequence[Rejected], kept: int) -> None:
    share = len(rejected) / max(1, len(rejected) + kept)
    if len(rejected) <= _FEW_REJECTED or share <= config.max_reject:
        return
    code, count = Counter(item.code for item in rejected).most_common(1)[0]
    example = next(item for item in rejected if item.code == code)
    raise TooManyRejected(
        f"{len(rejected)} of {len(rejected) + kept} inputs are rejected ({share:.0%}); nothing was committed",
        where=f"most often {code} ({count}), such as {visible(example.path)}: {example.reason}",
        hint=f"is the source complete? to accept it: --max-reject {min(1.0, share + 0.01):.2f}",
    )


def _name(rows: Sequence[dict[str, Any]]) -> None:
    """Give every recording its id: from its content, and numbered among copies in the order of their paths."""
    copies: Counter[str] = Counter()
    for row in rows:
        stem = row["sha256"][:20]
        copy = copies[stem]
        copies[stem] += 1
        row["recording_id"] = row["clip_id"] = f"{stem}-{copy}" if copy else stem


def _manifest(rows: Sequence[dict[str, Any]], aligned: Aligned) -> pa.Table:
    for row, file, line in zip(rows, aligned.files, aligned.lines, strict=True):
        row["metadata_file"], row["metadata_line"] = file, line
    manifest = tables.table_of(rows, "ingest")
    taken = set(manifest.column_names)
    for name in aligned.columns.column_names:
        arrival = tables.manifest_name(name)
        if arrival in taken:
            raise UsageError(
                f"two columns of the metadata would be called {arrival!r}; {name!r} is one of them",
                hint="rename one of them",
            )
        taken.add(arrival)
        manifest = manifest.append_column(arrival, aligned.columns[name])
    return manifest


def _placed(findings: Sequence[Said], manifest: pa.Table) -> list[Finding]:
    """Name the clip of each finding, and sort: the order in which workers answered must not show."""
    names = ("source", "path", "metadata_file", "metadata_line", "clip_id")
    places: dict[tuple[str, str | None, int | None], str] = {}
    for source, path, file, line, clip in zip(*(manifest[name].to_pylist() for name in names), strict=True):
        places[source, path, None] = clip
        if line is not None:
            places[source, file, line] = clip
    ordered = sorted(findings, key=lambda said: (*_order(said[1]), said[0]))
    return [
        msgspec.structs.replace(item, clip_id=item.clip_id or places.get((source, item.path, item.line)))
        for source, item in ordered
    ]


def _order(item: Finding) -> tuple[str, str, int, str, str]:
    return (item.code, item.path or "", item.line or 0, item.field or "", item.message)


def _report(inputs: _Inputs, manifest: pa.Table, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ignored: Counter[str] = Counter()
    for found in inputs.surveys:
        ignored.update({suffix or "no suffix": count for suffix, count in found.ignored.items()})
    return {
        "sources": [found.source.name for found in inputs.surveys],
        "metadata": {item.table.name: len(item.table) for item in inputs.joined},
        "columns": list(tables.user_columns(manifest).values()),
        "seconds_of_audio": round(sum(row["duration"] for row in rows), 3),
        "containers": dict(sorted(Counter(row["container"] for row in rows).items())),
        "sample_rates": {str(rate): n for rate, n in sorted(Counter(row["sample_rate"] for row in rows).items())},
        "ignored": dict(sorted(ignored.items())),
        "notes": [
            f"{name} lies in the source {found.source.name!r} and was not read; give it with --metadata"
            for found in inputs.surveys
            if not found.source.metadata
            for name in found.unused_tables
        ],
    }


def _used(inputs: _Inputs, digests: Mapping[tuple[str, str], str], rejected: Sequence[Rejected]) -> dict[str, str]:
    """Return what an ingest depends on. A rejected file counts by its bytes too: a mended one must be noticed."""
    from listen_datasets.decoding import DECODER  # noqa: PLC0415 - only an ingest needs the decoder

    content = {**{(item.source, item.path): item.sha256 or item.code for item in rejected}, **digests}
    listing = [
        [source, path, content.get((source, path), "")]
        for source, path in sorted({*inputs.items, *((r.source, r.path) for s in inputs.surveys for r in s.refused)})
    ]
    metadata = [[item.source, item.table.name, item.table.sha256] for item in inputs.joined]
    used = {
        "recordings": digest.of_json(listing),
        "metadata": digest.of_json(metadata),
        "probes": digest.of_json(registry.names("probes")),
        "decoder": digest.of_json(DECODER),
    }
    return used if inputs.schema is None else {**used, "schema": f"sha256:{inputs.schema}"}


def _sha256(root: Path, path: str) -> str:
    state = hashlib.sha256()
    with opened(root, path) as file:
        buffer = memoryview(bytearray(min(file.size + 1, _HASH_BLOCK)))
        position = 0
        while count := file.read_into(buffer, position):
            state.update(buffer[:count])
            position += count
        file.check_unchanged()
    return state.hexdigest()


STAGE = Stage(name="ingest", version="1", config=Config, run=run, inputs=inputs, needs=())
