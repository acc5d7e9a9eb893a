"""Card: the documents of a published dataset, made from what was measured and what people have answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from listen_datasets import catalogue, checksums, config, digest, recipe, stages, storage
from listen_datasets.cards import checks, croissant, datasheet, intoto, readme
from listen_datasets.cards.facts import Facts, gather
from listen_datasets.errors import InternalError
from listen_datasets.ledger import Entry
from listen_datasets.model import Finding
from listen_datasets.stage import Outcome, Stage, Workspace, fates
from listen_datasets.storage import Written

Config = recipe.Card

FOLDER = "dist"
CARD, DATASHEET, CROISSANT = "README.md", "DATASHEET.md", "croissant.json"
PROVENANCE, CHECKSUMS = "provenance.intoto.json", "SHA256SUMS"


def run(workspace: Workspace, config: Config) -> Outcome:
    """Write the documents; see :class:`listen_datasets.stage.Stage`.

    Raises:
        UsageError: A question that the recipe requires is not answered.
        RecipeError: The file of answers cannot be used.
        CorruptError: The shards are not those that were written.
        InternalError: A document of ours breaks its own specification.
    """
    answers = _answers(workspace, config)
    datasheet.check_required(config.require, answers)
    facts = gather(
        workspace.root / FOLDER,
        workspace.recipe.dataset,
        _earlier(workspace),
        fates(workspace.manifest, workspace.rejected),
    )
    # Each document may hash only what stands before it.
    described = croissant.document(facts, answers)
    texts = {
        CARD: readme.readme(facts, answers),
        DATASHEET: datasheet.datasheet(facts, answers),
        CROISSANT: croissant.croissant(facts, answers),
    }
    files = {name: _write(workspace, name, text.encode()) for name, text in texts.items()}
    digests = {**{shard.path: shard.sha256 for shard in facts.shards}, **_digests(files)}
    statement = intoto.document(facts, digests)
    _refuse_wrong(
        [
            *checks.of_card(texts[CARD], facts),
            *checks.of_croissant(described, facts),
            *checks.of_datasheet(texts[DATASHEET]),
            *checks.of_statement(statement, digests),
        ]
    )
    files[PROVENANCE] = _write(workspace, PROVENANCE, intoto.statement(facts, digests).encode())
    files[CHECKSUMS] = _write(workspace, CHECKSUMS, checksums.text({**digests, **_digests(files)}))
    return Outcome(
        findings=tuple(_unsaid(facts, croissant.missing(described))),
        files={f"{FOLDER}/{name}": written for name, written in files.items()},
        report={"files": [f"{FOLDER}/{name}" for name in files], "answered": len(answers)},
    )


def inputs(workspace: Workspace, config: Config) -> dict[str, str]:
    """Return digests of the shards, of what a person said, and of what the ledger says of earlier stages."""
    history = {
        name: [entry.version, entry.config, entry.counts, entry.findings, entry.report, entry.agent, entry.used]
        for name, entry in _earlier(workspace).items()
    }
    generated = workspace.history["shard"].generated
    return {
        "shards": digest.of_json({path: made.sha256 for path, made in generated.items()}),
        "dataset": digest.of_json(_section(workspace)),
        "history": digest.of_json(history),
        "answers": digest.of_json(_answers(workspace, config)),
    }


def _section(workspace: Workspace) -> Mapping[str, object]:
    return config.builtins(workspace.recipe.dataset)


def _earlier(workspace: Workspace) -> dict[str, Entry]:
    """Return the latest entries of the stages before this one, in the order of the job."""
    before = stages.ORDER[: stages.ORDER.index(STAGE.name)]
    return {name: workspace.history[name] for name in before if name in workspace.history}


def _answers(workspace: Workspace, config: Config) -> dict[str, str]:
    return {} if config.datasheet is None else datasheet.read_answers(workspace.beside(config.datasheet))


def _write(workspace: Workspace, name: str, data: bytes) -> Written:
    return storage.write_bytes(workspace.disk, workspace.staging / FOLDER / name, data)


def _digests(files: Mapping[str, Written]) -> dict[str, str]:
    return {name: written.sha256 for name, written in files.items()}


def _refuse_wrong(problems: list[str]) -> None:
    if problems:
        raise InternalError("; ".join(problems))


def _unsaid(facts: Facts, missing: Mapping[str, str]) -> Iterator[Finding]:
    for key, ours in missing.items():
        yield catalogue.finding(
            "card.missing_field",
            f"Croissant requires `{key}`, and nobody has said it.",
            path="lds.toml",
            field=f"/dataset/{ours}",
            hint=f"fill in `{ours}` under [dataset] of {facts.about.name}'s lds.toml, then lds card again",
        )


STAGE = Stage(
    name="card",
    version="1",
    config=Config,
    run=run,
    inputs=inputs,
    needs=("ingest", "split", "shard"),
    owns=tuple(f"{FOLDER}/{name}" for name in (CARD, DATASHEET, CROISSANT, PROVENANCE)),
)
