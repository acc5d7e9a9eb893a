from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from listen_datasets.classes import Size, label_of, report, sizes
from listen_datasets.recipe import About, Recipe
from listen_datasets.testing.manifests import clips

LABEL = Recipe(dataset=About(name="t", label="label"))


def test_sizes_are_clips_and_seconds_of_each_value() -> None:
    table = clips(label=["dog", "cat", "dog", None], duration=[1.0, 0.25, 0.5, 9.0])

    assert sizes(table, "label") == {("dog",): Size(2, 1.5), ("cat",): Size(1, 0.25)}


def test_the_sizes_of_all_classes_add_up_to_the_labelled_clips() -> None:
    labels = [f"class {number % 7}" if number % 5 else None for number in range(500)]
    table = clips(label=labels, duration=[number / 100 for number in range(500)])

    found = sizes(table, "label").values()

    assert sum(size.clips for size in found) == 400
    assert sum(size.seconds for size in found) == pytest.approx(sum(n / 100 for n in range(500) if n % 5))


def test_a_report_lists_the_largest_class_first_and_equals_by_name() -> None:
    found = report(clips(label=["b", "a", "c", "c", "a", "b", "c"]), LABEL)

    assert found is not None
    assert (found["column"], found["classes"], found["split_column"]) == ("label", 3, None)
    assert [item["class"] for item in found["listed"]] == ["c", "a", "b"]
    assert set(found["listed"][0]) == {"class", "clips", "seconds"}


@pytest.mark.parametrize("column", ["declared_split", "fold"])
def test_a_report_tells_the_sizes_in_published_splits_and_which_lack_a_class(column: str) -> None:
    columns = {"label": ["dog"] * 3 + ["cat"] * 2, column: ["1", "1", "2", "1", None]}

    found = report(clips(**columns, duration=[1.0, 2.0, 4.0, 8.0, 16.0]), LABEL)

    assert found is not None
    assert found["split_column"] == column.removeprefix("declared_")
    assert {item["class"]: item["splits"] for item in found["listed"]} == {
        "dog": {"1": {"clips": 2, "seconds": 3.0}, "2": {"clips": 1, "seconds": 4.0}},
        "cat": {"1": {"clips": 1, "seconds": 8.0}, "2": {"clips": 0, "seconds": 0.0}},
    }


def test_of_very_many_classes_both_ends_are_listed() -> None:
    labels = [f"{number:03}" for number in range(300) for _ in range(2 + number)]

    found = report(clips(label=labels), LABEL)

    assert found is not None
    names = [int(item["class"]) for item in found["listed"]]
    assert (found["classes"], names) == (300, [*range(299, 199, -1), *range(99, -1, -1)])


@pytest.mark.parametrize("labels", [["a", "b", "c"], [None, None], []])
def test_texts_ids_and_nothing_are_no_classes(labels: list[Any]) -> None:
    table = clips(label=pa.array(labels, pa.string()))

    assert label_of(table, LABEL) is None
    assert report(table, LABEL) is None


def test_without_a_label_in_the_recipe_there_are_no_classes() -> None:
    assert report(clips(label=["a", "a", "a"]), Recipe(dataset=About(name="t"))) is None
