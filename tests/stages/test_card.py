from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from listen_datasets import config, stages, tables, verification
from listen_datasets.dataset import Dataset
from listen_datasets.errors import CorruptError, NothingError, RecipeError, UsageError
from listen_datasets.executors.serial import Serial
from listen_datasets.ledger import Generated
from listen_datasets.model import Rejected
from listen_datasets.progress import Silent
from listen_datasets.stage import Outcome, Workspace
from listen_datasets.stages import card
from listen_datasets.testing.publications import WHOLE, put, rows, sharded
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

DOCUMENTS = {
    "dist/README.md",
    "dist/DATASHEET.md",
    "dist/croissant.json",
    "dist/provenance.intoto.json",
    "dist/SHA256SUMS",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return sharded(tmp_path_factory.mktemp("card") / "dataset")


def applied(workspace: Workspace, tmp_path: Path, **settings: Any) -> Outcome:
    """Run the stage with a staging folder of its own."""
    return card.run(replace(workspace, staging=tmp_path / "staging"), card.Config(**settings))


def texts(outcome: Outcome) -> dict[str, bytes]:
    return {name: file.path.read_bytes() for name, file in outcome.files.items()}


def with_about(workspace: Workspace, **about: Any) -> Workspace:
    dataset = msgspec.structs.replace(workspace.recipe.dataset, **about)
    return replace(workspace, recipe=msgspec.structs.replace(workspace.recipe, dataset=dataset))


# ----------------------------------------------------------------------------------------------------------------------
# The files


def test_it_writes_the_documents_and_the_checksums(workspace: Workspace, tmp_path: Path) -> None:
    outcome = applied(workspace, tmp_path)
    assert set(outcome.files) == DOCUMENTS
    assert outcome.findings == ()


def test_everything_below_dist_is_in_the_checksums(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset")
    put(workspace.root, card.run(workspace, card.Config()))
    dist = workspace.root / "dist"
    found = [
        path.relative_to(dist).as_posix() for path in dist.rglob("*") if path.is_file() and path.name != "SHA256SUMS"
    ]
    lines = [f"{hashlib.sha256((dist / path).read_bytes()).hexdigest()}  {path}" for path in sorted(found)]
    assert (dist / "SHA256SUMS").read_text().splitlines() == lines


def test_the_statement_is_about_everything_but_itself_and_the_checksums(workspace: Workspace, tmp_path: Path) -> None:
    found = texts(applied(workspace, tmp_path))
    subjects = {item["name"] for item in json.loads(found["dist/provenance.intoto.json"])["subject"]}
    sums = {line.split("  ")[1] for line in found["dist/SHA256SUMS"].decode().splitlines()}
    assert sums - subjects == {"provenance.intoto.json"}
    assert subjects <= sums


def test_files_of_later_stages_are_listed_and_earlier_ones_are_not(workspace: Workspace, tmp_path: Path) -> None:
    shard = workspace.history["shard"]
    later = msgspec.structs.replace(
        shard,
        n=shard.n + 1,
        stage="export",
        generated={"dist/LICENSE": Generated(bytes=1, sha256="d" * 64)},
        removed=(),
    )
    earlier = msgspec.structs.replace(
        shard, n=1, stage="old", generated={"dist/gone.txt": Generated(bytes=1, sha256="e" * 64)}, removed=()
    )
    history = {**workspace.history, "export": later, "old": earlier}
    sums = texts(applied(replace(workspace, history=history), tmp_path))["dist/SHA256SUMS"].decode()
    assert f"{'d' * 64}  LICENSE\n" in sums
    assert "gone" not in sums


def test_all_documents_state_the_same_counts(workspace: Workspace, tmp_path: Path) -> None:
    found = texts(applied(workspace, tmp_path))
    front = yaml.safe_load(found["dist/README.md"].decode().split("---\n")[1])
    rows_of_card = {split["name"]: split["num_examples"] for split in front["dataset_info"]["splits"]}
    graph = json.loads(found["dist/croissant.json"])
    described = {node["@id"]: node["description"] for node in graph["distribution"]}
    stages_of_statement = json.loads(found["dist/provenance.intoto.json"])["predicate"]["buildDefinition"]
    assert rows_of_card == {"train": 4, "validation": 1, "test": 1}
    assert described["data/train-00000-of-00001.parquet"] == "4 clips of the split train."
    assert "| `train` | 4 |" in found["dist/DATASHEET.md"].decode()
    assert stages_of_statement["externalParameters"]["stages"][-1]["counts"]["kept"] == sum(rows_of_card.values())


def test_the_same_data_gives_the_same_bytes_elsewhere_at_another_time(workspace: Workspace, tmp_path: Path) -> None:
    other = sharded(tmp_path / "another place")
    history = {
        name: msgspec.structs.replace(
            entry, run="zzz", started="2031-01-01T00:00:00+00:00", seconds=9.9, n=entry.n + 40
        )
        for name, entry in reversed(list(other.history.items()))
    }
    assert texts(applied(workspace, tmp_path / "a")) == texts(applied(replace(other, history=history), tmp_path / "b"))


def test_nothing_of_the_machine_is_in_any_document(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "canary-root")
    (tmp_path / "canary-sheet.yaml").write_text("mot.purpose: To test.\n")
    source = msgspec.structs.replace(WHOLE.source[0], path=str(workspace.root / "audio"))
    recipe = msgspec.structs.replace(WHOLE, source=(source,))
    outcome = applied(replace(workspace, recipe=recipe), tmp_path, datasheet=str(tmp_path / "canary-sheet.yaml"))
    for text in texts(outcome).values():
        assert b"canary" not in text
        assert str(tmp_path).encode() not in text


def test_pages_are_utf8_with_a_final_newline_and_no_carriage_return(workspace: Workspace, tmp_path: Path) -> None:
    for text in texts(applied(with_about(workspace, title="Été\r\n日本"), tmp_path)).values():
        assert text.decode().endswith("\n")
        assert b"\r" not in text


# ----------------------------------------------------------------------------------------------------------------------
# People's answers


def test_answers_stand_in_all_documents(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset")
    (workspace.root / "datasheet.yaml").write_text("use.not: Nothing serious.\n")
    outcome = applied(workspace, tmp_path, datasheet="datasheet.yaml", require=("use.not", "com.count"))
    found = texts(outcome)
    assert b"### Out-of-Scope Use\n\nNothing serious.\n" in found["dist/README.md"]
    assert b"### use.not: What it should not be used for?\n\nNothing serious.\n" in found["dist/DATASHEET.md"]
    assert json.loads(found["dist/croissant.json"])["rai:dataLimitations"] == ["Nothing serious."]
    assert outcome.report["questions"]["people"] == 1


def test_a_required_answer_that_is_missing_stops_the_release(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not answer col\.consent, mot\.purpose"):
        applied(workspace, tmp_path, require=("col.consent", "mot.purpose"))
    assert not (tmp_path / "staging").exists()


@pytest.mark.parametrize("make", [Path.exists, Path.mkdir, lambda path: path.symlink_to("/etc/hostname")])
def test_a_datasheet_that_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], object]) -> None:
    workspace = sharded(tmp_path / "dataset")
    make(workspace.root / "datasheet.yaml")
    with pytest.raises(RecipeError) as caught:
        applied(workspace, tmp_path, datasheet="datasheet.yaml")
    assert caught.value.where == "[card] datasheet"


def test_a_datasheet_that_is_too_large_is_refused(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset")
    (workspace.root / "datasheet.yaml").write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(RecipeError, match="larger than"):
        applied(workspace, tmp_path, datasheet="datasheet.yaml")


# ----------------------------------------------------------------------------------------------------------------------
# What is missing or wrong


def test_what_the_recipe_does_not_say_is_a_finding_and_no_error(workspace: Workspace, tmp_path: Path) -> None:
    bare = with_about(workspace, description=" ", authors=(), url=None, published=None)
    outcome = applied(bare, tmp_path)
    assert [item.field for item in outcome.findings] == [
        "/dataset/description",
        "/dataset/url",
        "/dataset/authors",
        "/dataset/published",
    ]
    assert "url" not in json.loads(texts(outcome)["dist/croissant.json"])


def test_shards_that_are_older_than_the_manifest_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not what the manifest says"):
        applied(replace(workspace, manifest=workspace.manifest.slice(1)), tmp_path)


def test_a_damaged_shard_is_reported(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset")
    shard = workspace.root / "dist/data/train-00000-of-00001.parquet"
    shard.write_bytes(shard.read_bytes()[:-20])
    with pytest.raises(CorruptError, match="cannot be read"):
        applied(workspace, tmp_path)


@pytest.mark.parametrize("about", [{"tasks": ("tagging",)}, {"languages": ("English",)}])
def test_words_that_the_hub_does_not_know_are_refused(
    workspace: Workspace, tmp_path: Path, about: dict[str, Any]
) -> None:
    with pytest.raises(RecipeError):
        applied(with_about(workspace, **about), tmp_path)


# ----------------------------------------------------------------------------------------------------------------------
# When it runs again


def test_what_the_documents_depend_on_stays_the_same_from_run_to_run(workspace: Workspace, tmp_path: Path) -> None:
    again = {name: msgspec.structs.replace(entry, run="x", n=entry.n + 9) for name, entry in workspace.history.items()}
    first = card.inputs(workspace, card.Config())
    assert first == card.inputs(replace(workspace, history=again, staging=tmp_path), card.Config())


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("about", lambda seen: with_about(seen, description="Other words.")),
        ("about", lambda seen: replace(seen, recipe=_with_source_license(seen))),
        ("manifest", lambda seen: replace(seen, manifest=seen.manifest.slice(1))),
        ("rejected", lambda seen: replace(seen, rejected=_one_rejected())),
        ("history", lambda seen: replace(seen, history=_with_setting(seen))),
        ("published", lambda seen: replace(seen, history=_with_other_shard(seen))),
    ],
)
def test_a_change_of_anything_that_they_say_is_noticed(
    workspace: Workspace, name: str, change: Callable[[Workspace], Workspace]
) -> None:
    before, after = (card.inputs(seen, card.Config()) for seen in (workspace, change(workspace)))
    assert name in {key for key in before if before[key] != after[key]}


def _with_source_license(seen: Workspace) -> Any:
    source = msgspec.structs.replace(seen.recipe.source[0], license="CC0-1.0")
    return msgspec.structs.replace(seen.recipe, source=(source,))


def _one_rejected() -> Any:
    return tables.rejected_table([Rejected(source="main", path="x", code="audio.truncated", reason="short")])


def _with_setting(seen: Workspace) -> Any:
    entry = seen.history["split"]
    return {**seen.history, "split": msgspec.structs.replace(entry, config={**entry.config, "seed": 7})}


def _with_other_shard(seen: Workspace) -> Any:
    entry = seen.history["shard"]
    made = {**entry.generated, "dist/data/train-00000-of-00001.parquet": Generated(bytes=1, sha256="f" * 64)}
    return {**seen.history, "shard": msgspec.structs.replace(entry, generated=made)}


@pytest.mark.parametrize(("name", "text"), [("datasheet.yaml", "use.not: x\n"), ("metadata.schema.json", "{}")])
def test_a_change_of_a_file_that_they_are_made_from_is_noticed(tmp_path: Path, name: str, text: str) -> None:
    workspace = sharded(tmp_path / "dataset")
    (workspace.root / "datasheet.yaml").write_text("use.not: y\n")
    before = card.inputs(workspace, card.Config(datasheet="datasheet.yaml"))
    (workspace.root / name).write_text(text)
    assert card.inputs(workspace, card.Config(datasheet="datasheet.yaml")) != before


# ----------------------------------------------------------------------------------------------------------------------
# The whole job


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return a dataset of real recordings that went through all stages up to `shard`."""
    root = tmp_path_factory.mktemp("job")
    (root / "sounds").mkdir()
    for number in range(8):
        data = encode(noise(number, duration=0.1), 8_000, container="FLAC")
        (root / "sounds" / f"{number}.flac").write_bytes(data)
    (root / "sounds" / "8.flac").write_bytes((root / "sounds" / "0.flac").read_bytes())
    recipe = {
        "dataset": {"name": "job", "license": "CC0-1.0"},
        "source": [{"name": "sounds", "path": "../sounds"}],
        "split": {"ratios": {"train": 0.5, "test": 0.5}},
    }
    made = Dataset.create(root / "dataset", {config.RECIPE: _toml(recipe).encode()})
    for name in ("ingest", "validate", "dedup", "split", "shard"):
        made.apply(stages.find(name), executor=Serial())
    return made


def _toml(recipe: dict[str, Any]) -> str:
    text = (
        f'[dataset]\nname = "{recipe["dataset"]["name"]}"\nlicense = "{recipe["dataset"]["license"]}"\n'
        '[split]\nratios = { train = 0.5, test = 0.5 }\n[[source]]\nname = "sounds"\npath = "../sounds"\n'
    )
    assert tomllib.loads(text) == recipe
    return text


def test_a_dataset_is_documented_once_and_verifies(dataset: Dataset) -> None:
    first = dataset.apply(card.STAGE, executor=Serial())
    assert not first.is_up_to_date
    assert first.entry.counts["duplicate"] == 1
    assert first.entry.report["clips"] == 8
    assert dataset.apply(card.STAGE, executor=Serial()).is_up_to_date
    assert verification.verify(dataset.root, Silent()).damage == ()


def test_new_shards_take_the_documents_away_until_the_card_is_made_anew(dataset: Dataset) -> None:
    dataset.apply(card.STAGE, executor=Serial())
    before = (dataset.root / "dist/README.md").read_bytes()
    dataset.apply(stages.find("shard"), executor=Serial(), force=True)
    assert not (dataset.root / "dist/README.md").exists()
    assert not dataset.apply(card.STAGE, executor=Serial()).is_up_to_date
    assert (dataset.root / "dist/README.md").read_bytes() == before


def test_it_needs_shards(tmp_path: Path) -> None:
    made = Dataset.create(tmp_path / "dataset", {config.RECIPE: b'[dataset]\nname = "x"\n'})
    with pytest.raises(NothingError, match="card needs ingest"):
        made.apply(card.STAGE, executor=Serial())


def test_rows_that_were_never_labelled_are_documented_too(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset", rows(), _without_label())
    found = texts(applied(workspace, tmp_path))
    assert b"There is no label column." in found["dist/README.md"]
    assert b"No column is declared a label." in found["dist/DATASHEET.md"]


def _without_label() -> Any:
    return msgspec.structs.replace(WHOLE, dataset=msgspec.structs.replace(WHOLE.dataset, label=None))
