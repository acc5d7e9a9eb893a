from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from listen_datasets import licences
from listen_datasets.documents import checks, croissant, record_sets
from listen_datasets.documents.facts import Column, Facts
from listen_datasets.stages.card import facts_of
from listen_datasets.testing.publications import rows, sharded


def column(name: str, kind: pa.DataType | None = None) -> Column:
    return Column(name=name, type=kind or pa.string(), owner="metadata", description="")


def record_set(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in document["recordSet"] if item["@id"] == name)


def field(document: dict[str, Any], name: str) -> dict[str, Any]:
    fields: list[dict[str, Any]] = record_set(document, "default")["field"]
    return next(item for item in fields if item["@id"] == f"default/{name}")


def test_everything_that_the_specification_requires_is_there(facts: Facts) -> None:
    document = croissant.croissant(facts, {})
    assert checks.croissant_problems(document, facts) == []
    assert document["license"] == "https://spdx.org/licenses/CC-BY-4.0.html"
    assert document["creator"] == {
        "@type": "sc:Person",
        "name": "Ada Example",
        "sameAs": "https://orcid.org/0000-0002-1825-0097",
        "affiliation": {"@type": "sc:Organization", "name": "Example Lab"},
    }


def test_every_shard_is_a_file_with_its_digest_and_size(facts: Facts) -> None:
    found = {node["contentUrl"]: node for node in croissant.croissant(facts, {})["distribution"] if "sha256" in node}
    for split in facts.splits:
        for shard in split.files.shards:
            assert found[shard.path]["sha256"] == shard.sha256
            assert found[shard.path]["contentSize"] == f"{shard.bytes} B"
    assert len(found) == 3


def test_what_the_recipe_does_not_say_is_left_out(facts: Facts) -> None:
    bare = replace(facts, about=type(facts.about)(name="made"), licences=licences.summary({None: 6}))
    assert (
        not {"url", "license", "creator", "datePublished", "description", "citeAs", "keywords"}
        & croissant.croissant(bare, {}).keys()
    )


def test_several_licences_and_authors_are_lists(facts: Facts) -> None:
    about = msgspec.structs.replace(facts.about, authors=facts.about.authors * 2)
    mixed = licences.summary({"CC0-1.0": 1, "CC-BY-4.0": 2, "LicenseRef-x": 3})
    document = croissant.croissant(replace(facts, about=about, licences=mixed), {})
    assert document["license"] == ["https://spdx.org/licenses/CC-BY-4.0.html", "https://spdx.org/licenses/CC0-1.0.html"]
    assert len(document["creator"]) == 2


def test_the_audio_field_reads_the_bytes(facts: Facts) -> None:
    found = field(croissant.croissant(facts, {}), "audio")
    assert found["dataType"] == "sc:AudioObject"
    assert found["source"]["transform"] == {"jsonPath": "bytes"}
    assert found["source"]["samplingRate"] == 16_000


def test_a_sampling_rate_that_is_not_shared_is_left_out(facts: Facts) -> None:
    found = field(croissant.croissant(replace(facts, sampling_rate=None), {}), "audio")
    assert "samplingRate" not in found["source"]


def test_a_label_refers_to_its_classes(facts: Facts) -> None:
    document = croissant.croissant(facts, {})
    found = field(document, "label")
    assert found["dataType"] == ["sc:Integer", "cr:Label"]
    assert found["references"] == {"field": {"@id": "labels/id"}}
    assert record_set(document, "labels")["data"] == [
        {"labels/id": 0, "labels/name": "dog"},
        {"labels/id": 1, "labels/name": "siren"},
    ]


@pytest.mark.parametrize(
    ("kind", "data_type", "shape"),
    [
        (pa.int8(), "cr:Int8", None),
        (pa.uint64(), "cr:UInt64", None),
        (pa.float16(), "cr:Float16", None),
        (pa.bool_(), "sc:Boolean", None),
        (pa.list_(pa.string()), "sc:Text", "-1"),
        (pa.list_(pa.list_(pa.float32())), "cr:Float32", "-1,-1"),
    ],
)
def test_types_are_as_wide_as_the_columns(facts: Facts, kind: pa.DataType, data_type: str, shape: str | None) -> None:
    found = field(croissant.croissant(replace(facts, columns=(*facts.columns, column("x", kind))), {}), "x")
    assert (found["dataType"], found.get("arrayShape")) == (data_type, shape)


def test_structs_are_named_and_left_out(facts: Facts) -> None:
    place = column("place", pa.struct([("lat", pa.float64())]))
    document = croissant.croissant(replace(facts, columns=(*facts.columns, place)), {})
    found = record_set(document, "default")
    assert found["description"].endswith("Structured columns that Croissant has no type for: place.")
    assert "default/place" not in [item["@id"] for item in found["field"]]


def test_ids_of_odd_columns_are_legal_and_unique() -> None:
    names = ["a b", "a_b", "a|b", "split", "split_2", "été", "x.y-z"]
    found = record_sets.field_ids([column(name) for name in names])
    assert len(set(found.values())) == len(names)
    assert all(re.fullmatch(r"default/[A-Za-z0-9_.-]+", name) for name in found.values())
    assert (found["a_b"], found["split_2"], found["x.y-z"]) == ("default/a_b", "default/split_2", "default/x.y-z")
    assert found["split"] not in {"default/split", "default/split_2"}


@pytest.mark.parametrize("splits", [["train", "test"], ["a", "a.b"], ["train", "train_extra"]])
def test_the_pattern_finds_the_split_in_a_path_and_in_its_own_result(splits: list[str]) -> None:
    pattern = record_sets.split_regex(splits)
    for name in splits:
        first = re.match(pattern, f"/some/where/data/{name}-00000-of-00001.parquet")
        assert first is not None
        assert first[1] == name
        second = re.match(pattern, first[1])
        assert second is not None
        assert second[1] == name


def test_splits_of_other_names_have_no_type(facts: Facts) -> None:
    files = replace(facts.splits[0].files, name="fold.1")
    document = croissant.croissant(replace(facts, splits=(replace(facts.splits[0], files=files),)), {})
    assert record_set(document, "splits")["data"] == [{"splits/name": "fold.1"}]


def test_odd_columns_pass_the_check(tmp_path: Path) -> None:
    clips = rows(**{"a b|c": ["x"] * 6, "a_b_c": ["x"] * 6, "deep": [{"a": [1]}] * 6, "words": [["x"]] * 6})
    found = facts_of(sharded(tmp_path / "dataset", clips))
    assert checks.croissant_problems(croissant.croissant(found, {}), found) == []
