from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from listen_datasets.documents import card
from listen_datasets.documents.checks import card_problems
from listen_datasets.documents.facts import Facts


def changed(facts: Facts, change: Callable[[dict[str, Any]], object]) -> list[str]:
    """Return what the check says of a card whose YAML was changed."""
    _, front, body = card.card(facts, {}).split("---\n", 2)
    fields = yaml.safe_load(front)
    change(fields)
    return card_problems(f"---\n{yaml.safe_dump(fields, sort_keys=False)}---\n{body}", facts)


def test_our_own_card_is_right(facts: Facts) -> None:
    assert card_problems(card.card(facts, {}), facts) == []


def test_the_yaml_of_another_writer_is_right_too(facts: Facts) -> None:
    assert changed(facts, dict) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda f: f.update(licence="x"), "no field licence"),
        (lambda f: f.update(language=[False]), "False is no language code"),
        (lambda f: f.update(language=["English"]), "'English' is no language code"),
        (lambda f: f.update(size_categories=["small"]), "size_categories must not be 'small'"),
        (lambda f: f.update(task_categories=["tagging"]), "task_categories must not be 'tagging'"),
        (lambda f: f.update(task_ids=["tagging"]), "task_ids must not be 'tagging'"),
        (lambda f: f.update(license="cc-by"), "no licence 'cc-by'"),
        (lambda f: f.update(license=["cc-by-4.0", "cc-by"]), "no licence 'cc-by'"),
        (lambda f: f.pop("license"), "no licence None"),
        (lambda f: f.update(license="other"), "needs license_name"),
        (lambda f: f.update(license="other", license_name="x"), "needs license_name and license_link"),
        (lambda f: f["configs"][0].pop("config_name"), "no config_name"),
        (lambda f: f["configs"][0]["data_files"].pop(), "configs has the splits"),
        (lambda f: f["configs"][0]["data_files"][0].update(path="data/*"), "pattern of the split train"),
        (lambda f: f["configs"][0]["data_files"][0].update(path="data/tr-*"), "pattern of the split train"),
        (lambda f: f.pop("configs"), "configs has no config_name"),
        (lambda f: f["dataset_info"]["splits"][0].update(num_examples=5), "has the rows"),
        (lambda f: f["dataset_info"]["splits"].pop(), "has the rows"),
        (lambda f: f["dataset_info"]["splits"][0].update(name="dev-clean"), "'dev-clean' is no split name"),
        (lambda f: f["dataset_info"]["features"].pop(), "has the columns"),
        (lambda f: f["dataset_info"].update(download_size=1), "download_size is 1"),
        (lambda f: f["dataset_info"].update(dataset_size=1), "dataset_size is 1"),
        (lambda f: f.pop("dataset_info"), "has the rows"),
    ],
)
def test_what_no_library_notices_is_noticed(
    facts: Facts, change: Callable[[dict[str, Any]], object], expected: str
) -> None:
    assert expected in "; ".join(changed(facts, change))


def test_a_complete_other_licence_passes(facts: Facts) -> None:
    assert changed(facts, lambda f: f.update(license="other", license_name="x", license_link="LICENSE")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# no front matter\n", "is missing"),
        ("---\nlicense: mit\n", "is missing"),
        ("---\nlicense: mit\nlicense: cc0-1.0\n---\n", "stands there twice"),
        ("---\n- a\n---\n", "no table"),
        ("---\n[a\n---\n", "cannot be read"),
    ],
)
def test_front_matter_that_cannot_be_read_is_noticed(facts: Facts, text: str, expected: str) -> None:
    assert expected in "; ".join(card_problems(text, facts))
