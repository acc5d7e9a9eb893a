"""Card: the documents of the published dataset, all made from the same facts and read back before they count."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from listen_datasets import __version__, checksums, digest, ledger, recipe, storage
from listen_datasets.config import builtins
from listen_datasets.documents import (
    card,
    checks,
    croissant,
    datasheet,
    gathering,
    missing,
    published,
    questions,
    statement,
)
from listen_datasets.documents.facts import Facts
from listen_datasets.errors import InternalError, RecipeError, UsageError
from listen_datasets.inputs import InputProblem, opened
from listen_datasets.ledger import FileRecord
from listen_datasets.schema import MetadataSchema
from listen_datasets.stage import Outcome, Stage, Workspace, fates, is_published
from listen_datasets.storage import Written

Config = recipe.Card

FOLDER = published.FOLDER
CARD, DATASHEET = f"{FOLDER}README.md", f"{FOLDER}DATASHEET.md"
CROISSANT, PROVENANCE = f"{FOLDER}croissant.json", f"{FOLDER}provenance.intoto.json"
CHECKSUMS = f"{FOLDER}SHA256SUMS"
_OWNED = (CARD, DATASHEET, CROISSANT, PROVENANCE)


def run(workspace: Workspace, config: Config) -> Outcome:
    """Write the documents and ``SHA256SUMS``; see :class:`listen_datasets.stage.Stage`.

    Raises:
        RecipeError: The datasheet file, a required id, a task or a language cannot be used.
        UsageError: A required question has no answer, or the shards are older than the manifest.
        CorruptError: A shard is not what was written.
    """
    data = _datasheet(workspace, config)
    answers = {} if data is None else questions.parse_answers(data, where=config.datasheet or "")
    questions.check_required(config.require, answers)
    facts = facts_of(workspace)
    graph = croissant.croissant(facts, answers)
    pages = {
        CARD: card.card(facts, answers),
        DATASHEET: datasheet.datasheet(facts, answers),
        CROISSANT: _json(graph),
    }
    files = {path: _write(workspace, path, page) for path, page in pages.items()}
    subjects = {**_others(workspace), **_digests(files)}
    provenance = statement.statement(facts, subjects, None if data is None else hashlib.sha256(data).hexdigest())
    files[PROVENANCE] = _write(workspace, PROVENANCE, _json(provenance))
    _refuse_wrong(
        {
            CARD: checks.card_problems(pages[CARD], facts),
            DATASHEET: checks.datasheet_problems(pages[DATASHEET], facts, answers),
            CROISSANT: checks.croissant_problems(graph, facts, may_lack=checks.FROM_THE_RECIPE),
            PROVENANCE: checks.statement_problems(provenance, subjects),
        }
    )
    sums = checksums.text({**subjects, **_digests(files)})
    files[CHECKSUMS] = storage.write_bytes(workspace.disk, workspace.staging / CHECKSUMS, sums)
    return Outcome(findings=tuple(missing.findings(graph)), files=files, report=_report(facts, answers))


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Return the digests of everything that the documents say or are made from."""
    data = _datasheet(workspace, config)
    history = [_lasting(entry) for entry in gathering.contributing(workspace.history, workspace.manifest)]
    sources = [[source.name, source.license] for source in workspace.recipe.source]
    schema = workspace.beside(workspace.recipe.metadata_schema)
    found = {
        "manifest": workspace.digest(workspace.manifest.column_names),
        "rejected": digest.of_table(workspace.rejected, workspace.rejected.column_names),
        "published": digest.of_json(_others(workspace)),
        "about": digest.of_json([builtins(workspace.recipe.dataset), sources]),
        "history": digest.of_json(history),
        "lds": digest.of_json(__version__),
    }
    if data is not None:
        found["datasheet"] = f"sha256:{hashlib.sha256(data).hexdigest()}"
    if schema.is_file():
        found["schema"] = f"sha256:{digest.of_file(schema)}"
    return found


STAGE = Stage(
    name="card",
    version="1",
    config=Config,
    run=run,
    inputs=inputs,
    needs=("ingest", "split", "shard"),
    owns=_OWNED,
)


def facts_of(workspace: Workspace) -> Facts:
    """Return what the documents of a dataset say.

    Raises:
        UsageError: The shards are older than the manifest.
        CorruptError: A shard is not what was written.
    """
    files = {path: record for path, record in _current(workspace).items() if path.startswith(f"{FOLDER}data/")}
    report = workspace.history["shard"].report
    if any("audio_bytes" not in part for part in report["splits"].values()):
        raise UsageError("an older lds has written dist/data", where=f"{FOLDER}data", hint="run `lds shard` again")
    content = published.read(
        workspace.root, files, {name: part["audio_bytes"] for name, part in report["splits"].items()}
    )
    kept = workspace.manifest.filter(is_published(workspace.manifest))
    published.check_current(content, kept, int(report.get("unlicensed", 0)))
    return gathering.gather(
        gathering.Given(
            recipe=workspace.recipe,
            manifest=workspace.manifest,
            rejected=workspace.rejected,
            fates=fates(workspace.manifest, workspace.rejected),
            history=workspace.history,
            published=content,
            descriptions=_descriptions(workspace),
        )
    )


def _descriptions(workspace: Workspace) -> dict[str, str]:
    schema = workspace.beside(workspace.recipe.metadata_schema)
    if not schema.is_file():
        return {}
    columns = MetadataSchema.load(schema).columns()
    return {name: column.description for name, column in columns.items() if column.description}


def _datasheet(workspace: Workspace, config: Config) -> bytes | None:
    """Return the file with people's answers, if the recipe names one."""
    if config.datasheet is None:
        return None
    path = workspace.beside(config.datasheet)
    try:
        with opened(path.parent, path.name) as file:
            data = file.read(0, questions.MAX_BYTES + 1)
            file.check_unchanged()
    except InputProblem as problem:
        raise RecipeError(problem.reason, where="[card] datasheet", hint="correct the path in lds.toml") from problem
    return data


def _current(workspace: Workspace) -> Mapping[str, FileRecord]:
    """Return what the ledger says of ``dist``: ``shard`` takes away whatever was there before it."""
    first = workspace.history["shard"].n
    entries = sorted((entry for entry in workspace.history.values() if entry.n >= first), key=lambda entry: entry.n)
    return {path: record for path, record in ledger.state(entries).items() if path.startswith(FOLDER)}


def _others(workspace: Workspace) -> dict[str, str]:
    """Return the digest of every published file that this stage does not write, by its path in ``dist``."""
    return {
        path.removeprefix(FOLDER): record.sha256
        for path, record in _current(workspace).items()
        if path not in _OWNED and path != CHECKSUMS
    }


def _digests(files: Mapping[str, Written]) -> dict[str, str]:
    return {path.removeprefix(FOLDER): file.sha256 for path, file in files.items()}


def _write(workspace: Workspace, path: str, text: str) -> Written:
    return storage.write_bytes(workspace.disk, workspace.staging / path, text.encode())


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _lasting(entry: ledger.Entry) -> list[Any]:
    """Return what the documents may say of a run; not its time, its number or its id."""
    facts = (
        entry.stage,
        entry.version,
        entry.config,
        entry.used,
        entry.counts,
        entry.findings,
        entry.report,
        entry.agent,
    )
    return list(facts)


def _refuse_wrong(problems: Mapping[str, list[str]]) -> None:
    for path, found in problems.items():
        if found:
            raise InternalError(f"the document is wrong: {'; '.join(found[:3])}", where=path)


def _report(facts: Facts, answers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "clips": facts.clips,
        "seconds": round(facts.seconds, 3),
        "questions": datasheet.tally(facts, answers),
        "licences": {item.name or "unknown": item.clips for item in facts.licences.licences},
        "commercial_use": facts.licences.commercial_use,
    }
