from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow as pa

from listen_datasets.documents import gathering
from listen_datasets.documents.facts import Facts, Reason
from listen_datasets.model import Counts, Fate, Rejected
from listen_datasets.recipe import Shard
from listen_datasets.stage import Workspace
from listen_datasets.stages import card
from listen_datasets.testing.publications import WHOLE, rows, sharded


def test_clips_and_seconds_are_those_of_the_shards(facts: Facts) -> None:
    assert (facts.clips, facts.seconds) == (6, 1.5 + 2.5 + 3.5 + 4.5 + 5.5 + 6.5)
    assert [(split.name, split.seconds) for split in facts.splits] == [
        ("train", 12.0),
        ("validation", 5.5),
        ("test", 6.5),
    ]


def test_every_column_is_described_and_owned(facts: Facts) -> None:
    assert [column.owner for column in facts.columns if column.name in {"audio", "label", "duration"}] == [
        "recording",
        "metadata",
        "lds",
    ]
    assert all(column.description for column in facts.columns if column.owner != "metadata")
    assert facts.column("duration").unit == "s"
    assert facts.column("label").classes == ("dog", "siren")


def test_a_licence_from_the_recipe_is_a_column_of_lds(facts: Facts) -> None:
    assert facts.column("license").owner == "lds"
    assert [(item.name, item.clips) for item in facts.licences.licences] == [("CC-BY-4.0", 6)]


def test_a_licence_of_the_users_own_is_a_column_of_the_metadata(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset", rows(license=["CC0-1.0", "cc0-1.0", None, "CC-BY-4.0", " ", "mine"]))
    found = card.facts_of(workspace)
    assert found.column("license").owner == "metadata"
    assert {item.name: item.clips for item in found.licences.licences} == {"CC-BY-4.0": 3, "CC0-1.0": 2, "mine": 1}
    assert found.licences.commercial_use == "unknown"


def test_descriptions_come_from_the_metadata_schema(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset", rows(declared_duration=["1"] * 6))
    schema = '{"properties": {"speaker": {"description": "Who speaks."}, "duration": {"description": "As declared."}}}'
    (workspace.root / "metadata.schema.json").write_text(schema)
    found = card.facts_of(workspace)
    assert found.column("speaker").description == "Who speaks."
    assert found.column("declared_duration").description == "As declared."
    assert found.column("label").description == ""


def test_labels_are_counted_in_each_split(facts: Facts) -> None:
    (found,) = facts.labels
    assert found.counts == {
        "dog": {"train": 2, "validation": 1, "test": 0},
        "siren": {"train": 2, "validation": 0, "test": 1},
    }


def test_a_label_that_is_no_class_label_counts_too(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset", config=Shard(class_labels=("speaker",)))
    assert [found.column for found in card.facts_of(workspace).labels] == ["label", "speaker"]


def test_columns_with_few_values_are_categories(tmp_path: Path) -> None:
    clips = rows(sex=["f", "m", "f", "m", None, "f"], note=["same"] * 6, score=[1, 2, 1, 2, 1, 2])
    workspace = sharded(tmp_path / "dataset", clips)
    assert [found.column for found in card.facts_of(workspace).categories] == ["speaker", "sex"]


def test_every_input_has_one_fate_and_those_not_kept_have_a_reason(tmp_path: Path) -> None:
    clips = rows()
    clips[0]["excluded_by"] = "audio.silent"
    for clip in clips:
        clip["duplicate_of"] = clip["duplicate_level"] = None
    clips[1] |= {"duplicate_of": clips[2]["clip_id"], "duplicate_level": "pcm"}
    clips[0] |= {"duplicate_of": clips[2]["clip_id"], "duplicate_level": "exact"}
    refused = [
        Rejected(source="main", path="x", code="audio.truncated", reason="short"),
        Rejected(source="main", path="y", code="input.unreadable", reason="no", fate=Fate.UNREADABLE),
    ]
    for clip in clips[:2]:
        clip["split"] = None
    found = card.facts_of(sharded(tmp_path / "dataset", clips, rejected=refused))
    assert found.fates == Counts(inputs=8, kept=4, duplicate=1, excluded=1, rejected=1, unreadable=1)
    assert found.reasons == (
        Reason(fate=Fate.EXCLUDED, code="audio.silent", inputs=1),
        Reason(fate=Fate.DUPLICATE, code="same samples", inputs=1),
        Reason(fate=Fate.REJECTED, code="audio.truncated", inputs=1),
        Reason(fate=Fate.UNREADABLE, code="input.unreadable", inputs=1),
    )


def test_clips_without_a_licence_are_kept_and_not_published(tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(WHOLE, dataset=msgspec.structs.replace(WHOLE.dataset, license=None))
    clips = rows(license=["CC0-1.0", None, "CC0-1.0", "CC0-1.0", "CC0-1.0", "CC0-1.0"])
    found = card.facts_of(sharded(tmp_path / "dataset", clips, recipe))
    assert (found.fates.kept, found.clips, found.unlicensed) == (6, 5, 1)


def test_the_splits_are_compared_again_in_the_shards(facts: Facts) -> None:
    found = {item.column: (item.is_group, item.relation.pairs_across, item.values) for item in facts.separations}
    assert list(found) == ["speaker", "sha256", "pcm_md5", "recording_id"]
    assert found["speaker"] == (True, 0, {"train": 4, "validation": 1, "test": 1})


def test_leakage_in_the_shards_is_counted_whatever_the_ledger_says(tmp_path: Path) -> None:
    clips = rows(speaker=["a", "a", "a", "b", "b", "b"])
    found = card.facts_of(sharded(tmp_path / "dataset", clips)).separations[0]
    assert (found.relation.straddling, found.relation.pairs_across) == (1, 3)


def test_settings_that_are_not_the_defaults_are_known(facts: Facts) -> None:
    assert {stage.name: dict(stage.changed) for stage in facts.stages} == {
        "ingest": {},
        "validate": {"min-duration": 0.5},
        "split": {"group-by": ["speaker"]},
        "shard": {},
    }


def test_findings_carry_what_the_catalogue_says_of_them(facts: Facts) -> None:
    found = [(item.stage, item.code, item.severity, item.findings, bool(item.meaning)) for item in facts.findings]
    assert found == [("validate", "audio.silent", "error", 2, True), ("split", "split.ratio_off", "warning", 1, True)]


def test_stages_that_the_clips_did_not_go_through_do_not_count(workspace: Workspace) -> None:
    entry = workspace.history["split"]
    history = {
        **workspace.history,
        "features": msgspec.structs.replace(entry, stage="features"),
        "dedup": msgspec.structs.replace(entry, stage="dedup"),
        "card": msgspec.structs.replace(entry, stage="card"),
    }
    found = gathering.contributing(history, workspace.manifest)
    assert [item.stage for item in found] == ["ingest", "validate", "split", "shard"]


def test_sources_are_told_apart(tmp_path: Path) -> None:
    workspace = sharded(tmp_path / "dataset")
    other = msgspec.structs.replace(WHOLE.source[0], name="another", license="CC0-1.0")
    found = card.facts_of(replace(workspace, recipe=msgspec.structs.replace(WHOLE, source=(*WHOLE.source, other))))
    assert [(item.name, item.clips, item.seconds, item.license) for item in found.sources] == [
        ("another", 0, 0.0, "CC0-1.0"),
        ("main", 6, 24.0, None),
    ]


def test_the_types_are_those_of_the_shards(facts: Facts) -> None:
    assert facts.column("label").type == pa.int64()
    assert facts.column("peak_dbfs").missing == 0
    assert facts.column("loudness_lufs").missing == 6
