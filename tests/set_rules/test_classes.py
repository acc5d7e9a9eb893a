from __future__ import annotations

from typing import Any

import pytest

from listen_datasets.model import Finding
from listen_datasets.recipe import About, Recipe, Validate
from listen_datasets.set_rules.classes import check
from listen_datasets.testing.manifests import clips

LABEL = Recipe(dataset=About(name="t", label="label"))


def found(labels: list[Any], **settings: Any) -> list[Finding]:
    return check(clips(label=labels), Validate(**settings), LABEL)


def test_a_class_of_one_clip_is_rare() -> None:
    (finding,) = found(["dog"] * 5 + ["cat"])

    assert (finding.code, finding.severity, finding.value, finding.field) == ("label.rare", "warning", "cat", "/label")
    assert finding.evidence == {"value": 1, "threshold": 2}


@pytest.mark.parametrize(("least", "rare"), [(0, []), (5, []), (6, ["cat", "dog"])])
def test_how_small_is_for_the_recipe_to_say(least: int, rare: list[str]) -> None:
    assert [item.value for item in found(["dog"] * 5 + ["cat"] * 5, min_class_clips=least)] == rare


@pytest.mark.parametrize(("count", "is_found"), [(200, False), (201, True)])
def test_classes_of_very_different_size_are_noted(count: int, is_found: bool) -> None:  # noqa: FBT001
    codes = {item.code: item for item in found(["dog"] * count + ["cat"] * 2)}

    assert ("label.imbalance" in codes) == is_found
    if is_found:
        assert codes["label.imbalance"].severity == "note"
        assert codes["label.imbalance"].evidence == {"value": 100.5, "threshold": 100.0}


@pytest.mark.parametrize("labels", [[f"text {number}" for number in range(50)], [None] * 5, []])
def test_what_is_no_class_is_not_judged(labels: list[str | None]) -> None:
    assert found(labels) == []


def test_numbers_may_be_classes() -> None:
    assert [item.value for item in found([1, 1, 1, 2])] == ["2"]


def test_without_a_label_there_is_nothing_to_judge() -> None:
    assert check(clips(label=["a", "a", "b"]), Validate(), Recipe(dataset=About(name="t"))) == []


@pytest.mark.parametrize(("least", "short"), [(0.0, []), (4.0, []), (4.1, ["cat"]), (100.0, ["cat", "dog"])])
def test_a_class_that_lasts_too_little_is_a_warning(least: float, short: list[str]) -> None:
    items = [item for item in found(["dog"] * 5 + ["cat"] * 2, min_class_duration=least) if item.code == "label.short"]

    assert [item.value for item in items] == short
