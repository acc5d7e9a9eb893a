from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
import yaml

from listen_datasets import licences
from listen_datasets.documents import front_matter
from listen_datasets.documents.facts import Facts
from listen_datasets.errors import RecipeError


def fields_of(facts: Facts, **about: Any) -> dict[str, Any]:
    return front_matter.fields(replace(facts, about=msgspec.structs.replace(facts.about, **about)))


def licensed(facts: Facts, *names: str | None) -> dict[str, Any]:
    return front_matter.license_fields(replace(facts, licences=licences.summary(dict.fromkeys(names, 1))))


def test_the_numbers_are_those_of_the_shards(facts: Facts) -> None:
    found = front_matter.fields(facts)
    info = found["dataset_info"]
    assert [(split["name"], split["num_examples"]) for split in info["splits"]] == [
        ("train", 4),
        ("validation", 1),
        ("test", 1),
    ]
    assert info["dataset_size"] == sum(split["num_bytes"] for split in info["splits"])
    assert info["download_size"] == sum(shard.bytes for split in facts.splits for shard in split.files.shards)
    assert [feature["name"] for feature in info["features"]] == [column.name for column in facts.columns]
    assert found["size_categories"] == ["n<1K"]


def test_any_reader_gives_back_the_fields(facts: Facts) -> None:
    text = front_matter.front_matter(facts)
    assert text.startswith("---\n")
    assert text.endswith("\n---\n")
    assert yaml.safe_load(text.split("---\n")[1]) == front_matter.fields(facts)


def test_norwegian_is_no_truth_value(facts: Facts) -> None:
    found = front_matter.front_matter(replace(facts, about=msgspec.structs.replace(facts.about, languages=("no",))))
    assert yaml.safe_load(found.split("---\n")[1])["language"] == ["no"]


def test_language_tags_become_codes_with_details(facts: Facts) -> None:
    found = fields_of(facts, languages=("en-GB", "en-US", "yue"))
    assert (found["language"], found["language_details"]) == (["en", "yue"], ["en-GB", "en-US"])


@pytest.mark.parametrize("language", ["English", "EN", "e", "en_GB", ""])
def test_a_language_that_is_no_code_is_refused(facts: Facts, language: str) -> None:
    with pytest.raises(RecipeError, match="is no language code"):
        fields_of(facts, languages=(language,))


def test_a_finer_task_brings_its_category(facts: Facts) -> None:
    found = fields_of(facts, tasks=("keyword-spotting", "text-to-speech", "audio-classification"))
    assert found["task_categories"] == ["audio-classification", "text-to-speech"]
    assert found["task_ids"] == ["keyword-spotting"]


def test_an_unknown_task_is_refused_with_the_nearest(facts: Facts) -> None:
    with pytest.raises(RecipeError, match="audio-clasification") as caught:
        fields_of(facts, tasks=("audio-clasification",))
    assert caught.value.hint == "did you mean audio-classification?"


def test_what_nobody_has_said_is_left_out(facts: Facts) -> None:
    assert not {"language", "task_categories", "task_ids"} & fields_of(facts, languages=(), tasks=()).keys()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["CC-BY-4.0"], {"license": "cc-by-4.0"}),
        (["CC-BY-4.0", "CC0-1.0"], {"license": ["cc-by-4.0", "cc0-1.0"]}),
        ([None], {"license": "unknown"}),
        (
            ["CC-BY-SA-2.0"],
            {
                "license": "other",
                "license_name": "cc-by-sa-2.0",
                "license_link": "https://spdx.org/licenses/CC-BY-SA-2.0.html",
            },
        ),
        (
            ["LicenseRef-Mine", "MIT OR Apache-2.0", "CC0-1.0"],
            {
                "license": ["cc0-1.0", "other"],
                "license_name": "licenseref-mine-and-mit-or-apache-2.0",
                "license_link": "README.md#licences",
            },
        ),
    ],
)
def test_a_licence_without_an_id_is_named_and_linked(
    facts: Facts, names: list[str | None], expected: dict[str, Any]
) -> None:
    assert licensed(facts, *names) == expected


def test_a_title_stays_on_one_line(facts: Facts) -> None:
    assert fields_of(facts, title="two\n---\nlines")["pretty_name"] == "two --- lines"
