"""Validate: judge what ingest measured and what the metadata says, and mark the clips that must not be published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listen_datasets import catalogue, classes, digest, recipe, registry, tables
from listen_datasets.conformity import violations
from listen_datasets.errors import CorruptError, RecipeError
from listen_datasets.model import SEVERITIES, Finding, Severity
from listen_datasets.policy import Policy
from listen_datasets.schema import MetadataSchema
from listen_datasets.stage import Outcome, Stage, Workspace

Config = recipe.Validate

MAX_STORED = 1000
"""Findings of one code and field that are stored; further ones are counted, and stored only if they exclude a clip."""

_INGEST = Path("findings") / "ingest.parquet"


def run(workspace: Workspace, config: Config) -> Outcome:
    """Check the rows against the metadata schema and the rules, and add ``excluded_by``.

    Raises:
        UsageError: The recipe names a code that does not exist.
        RecipeError: The recipe names a schema or a column that does not exist.
        SchemaError: The schema cannot be used as it is.
    """
    policy = Policy(config, workspace.recipe.dataset.version, workspace.manifest)
    schema = _schema_file(workspace)
    earlier = policy.looked_for(_of_ingest(workspace, config.levels))
    found = policy.counting(policy.looked_for(_findings(workspace, config, schema, earlier)))
    counted = policy.counting(earlier)
    found = sorted([*found, *policy.remarks()], key=_order)
    reasons = _reasons([*counted, *found]) if config.exclude_errors else {}
    places = pc.index_in(workspace.manifest.column("clip_id"), pa.array(reasons.keys(), pa.string()))
    excluded_by = pa.array(reasons.values(), pa.string()).take(places)
    by_severity = Counter(finding.severity for finding in found)
    return Outcome(
        manifest=tables.with_columns(workspace.manifest, {"excluded_by": excluded_by}),
        findings=_stored(found),
        tally=Counter(finding.code for finding in found),
        report={
            "checked_rows": workspace.manifest.num_rows,
            "classes": classes.report(workspace.manifest, workspace.recipe),
            "by_code": dict(sorted(Counter(finding.code for finding in found).items())),
            "by_severity": {severity: by_severity[severity] for severity in SEVERITIES},
            "excluded": len(excluded_by) - excluded_by.null_count,
            "ignored": policy.report(),
            "rules": _rules(),
            "schema": schema.name if schema else None,
        },
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Return the digests of the manifest, of the schema, of what ingest found, and of the rules and columns judged."""
    schema = _schema_file(workspace)
    found: dict[str, str] = {
        "manifest": workspace.digest(workspace.manifest.column_names),
        "judged": digest.of_json(
            [_rules(), _label_columns(workspace, config), *_said(workspace.recipe), _version(workspace, config)]
        ),
    }
    if schema:
        found["schema"] = f"sha256:{digest.of_file(schema)}"
    if (workspace.root / _INGEST).is_file():
        findings = _read(workspace.root / _INGEST)
        found["ingest_findings"] = digest.of_table(findings, findings.column_names)
    return found


STAGE = Stage(name="validate", version="2", config=Config, run=run, inputs=inputs)


def _findings(workspace: Workspace, config: Config, path: Path | None, earlier: Sequence[Finding]) -> Iterator[Finding]:
    schema = MetadataSchema.load(path) if path else None
    if path and schema:
        errors = (finding for finding in earlier if catalogue.severity(finding.code) == "error")
        known = {(finding.clip_id, finding.field) for finding in errors}
        for finding in violations(workspace.manifest, schema, path.name):
            if (finding.clip_id, finding.field) not in known:
                yield finding
    unique = tuple(name for name, column in schema.columns().items() if column.is_unique) if schema else ()
    judged = msgspec.structs.replace(
        config,
        label_columns=_label_columns(workspace, config),
        transcript_columns=_required(workspace, config.transcript_columns),
        unique_columns=_required(workspace, config.unique_columns) + unique,
    )
    for name in registry.names("rules"):
        yield from registry.find("rules", name)(workspace.manifest, judged)
    for name in registry.names("set_rules"):
        yield from registry.find("set_rules", name)(workspace.manifest, judged, workspace.recipe)


def _rules() -> list[str]:
    return [*registry.names("rules"), *registry.names("set_rules")]


def _said(said: recipe.Recipe) -> list[Any]:
    """Return what set rules need to know of the rest of the recipe."""
    licences = {source.name: source.license for source in said.source}
    return [said.dataset.label, said.split.group_by, said.dataset.license, licences]


def _schema_file(workspace: Workspace) -> Path | None:
    """Return the schema of the metadata; None if there is none under the name that the recipe has by default."""
    name = workspace.recipe.metadata_schema
    path = workspace.beside(name)
    if path.is_file():
        return path
    default = next(field for field in msgspec.structs.fields(recipe.Recipe) if field.name == "metadata_schema").default
    if name != default:
        raise RecipeError(f"there is no schema {name!r}", where="metadata-schema", hint="correct the path in lds.toml")
    return None


def _required(workspace: Workspace, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of columns that the recipe gives; those that do not exist are refused."""
    workspace.require([tables.manifest_name(name) for name in names])
    return names


def _label_columns(workspace: Workspace, config: Config) -> tuple[str, ...]:
    """Return the user's columns, by their own names, in which two spellings of one value are looked for."""
    said = workspace.recipe
    if config.label_columns:
        workspace.require([tables.manifest_name(name) for name in config.label_columns])
        return config.label_columns
    named = (said.dataset.label, *said.split.group_by, *said.split.stratify_by, *said.shard.class_labels)
    users = set(tables.user_columns(workspace.manifest).values())
    return tuple(sorted(users.intersection(named)))


def _version(workspace: Workspace, config: Config) -> str | None:
    """Return the version of the dataset, where something expires with it."""
    expires = any(entry.until is not None for entry in config.ignore)
    return workspace.recipe.dataset.version if expires else None


def _of_ingest(workspace: Workspace, levels: Mapping[str, Severity]) -> list[Finding]:
    """Return what ingest found in clips, in order: errors, and what the recipe gives a level of its own.

    A finding that names only a line gets the line's clip.
    """
    path = workspace.root / _INGEST
    if not path.is_file():
        return []
    table = _read(path)
    is_meant = pc.is_in(table.column("code"), pa.array(list(levels), pa.string()))
    chosen = tables.findings_of(table.filter(pc.or_(pc.equal(table.column("severity"), "error"), is_meant)))
    clip_at = _clips_by_line(workspace.manifest) if chosen else {}
    found = []
    for finding in chosen:
        clip = finding.clip_id or clip_at.get((finding.path, finding.line))
        if clip is not None:
            found.append(msgspec.structs.replace(finding, clip_id=clip))
    return sorted(found, key=_order)


def _clips_by_line(manifest: pa.Table) -> dict[tuple[str | None, int | None], str]:
    columns = ("metadata_file", "metadata_line", "clip_id")
    described = manifest.filter(pc.is_valid(manifest.column("metadata_line"))).select(columns).to_pydict()
    return {(file, line): clip for file, line, clip in zip(*described.values(), strict=True)}


def _read(path: Path) -> pa.Table:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read()
    except (pa.ArrowException, OSError) as error:
        raise CorruptError(f"{path.name} cannot be read: {error}", where=str(_INGEST), hint="lds ingest") from error


def _order(finding: Finding) -> tuple[Any, ...]:
    """Return what findings are sorted by: severity, code, place; the rest only settles ties."""
    return (
        SEVERITIES.index(finding.severity),
        finding.code,
        finding.path or "",
        finding.line or 0,
        finding.field or "",
        finding.clip_id or "",
        finding.message,
    )


def _reasons(findings: Iterable[Finding]) -> dict[str, str]:
    """Return the code of each clip's first error."""
    reasons: dict[str, str] = {}
    for finding in findings:
        if finding.severity == "error" and finding.clip_id is not None:
            reasons.setdefault(finding.clip_id, finding.code)
    return reasons


def _stored(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings to store: so many of a code and field, and the first error of each clip in any case."""
    kept: list[Finding] = []
    seen: Counter[tuple[str, str | None]] = Counter()
    clips: set[str] = set()
    for finding in findings:
        is_reason = finding.severity == "error" and finding.clip_id is not None and finding.clip_id not in clips
        if is_reason and finding.clip_id is not None:
            clips.add(finding.clip_id)
        seen[finding.code, finding.field] += 1
        if is_reason or seen[finding.code, finding.field] <= MAX_STORED:
            kept.append(finding)
    return kept
